package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/postflight/postflight/internal/fault"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables to what this program knows. Servers that start
// together on one PostgreSQL database take turns.
func (s *Store) migrate(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	has, knows, err := versions(ctx, p)
	if err != nil {
		return err
	}
	if has > knows {
		return fault.Newf(fault.Conflict, "the database has version %d, this postflight knows versions up to %d", has, knows).
			WithHint("it was used by a newer postflight: run that one, or restore a backup made before")
	}
	if _, err := p.Up(ctx); err != nil {
		return explain(fmt.Errorf("migrate from version %d to %d: %w", has, knows, err))
	}
	return nil
}

// versions returns the version of the database and the newest known one.
func versions(ctx context.Context, p *goose.Provider) (has, knows int64, err error) {
	has, knows, err = p.GetVersions(ctx)
	if err != nil {
		return 0, 0, explain(fmt.Errorf("read the database's version: %w", err))
	}
	return has, knows, nil
}

func (s *Store) provider() (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log)}
	if s.dialect.goose == goose.DialectPostgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("make migration lock: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(s.dialect.goose, s.write, dir, options...)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}
