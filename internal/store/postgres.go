package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/postflight/postflight/internal/fault"
)

// channel is what servers that share a database listen on.
const channel = "postflight_changed"

// connections bounds the pool of one server.
const connections = 8

// settings keep one stuck server from holding up the others for ever.
const settings = `SET lock_timeout = '15s'; SET statement_timeout = '60s';
SET idle_in_transaction_session_timeout = '60s'; SET TIME ZONE 'UTC'`

// openPostgres opens one pool for reading and writing: the server keeps the
// two apart by itself.
func (s *Store) openPostgres(dsn string) error {
	s.dialect = postgresDialect()
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// The driver's message may hold the password.
		return fault.New(fault.Invalid, "the PostgreSQL address cannot be read",
			"for example postgres://user@host:5432/postflight?sslmode=verify-full")
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, settings)
		return err
	}))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	s.closers = append(s.closers, db.Close)
	s.write, s.read = db, db
	s.listen = func(ctx context.Context) error { return s.listenPostgres(ctx, config) }
	return nil
}

// Listen wakes those who wait on Changed when another server that shares the
// database commits. It blocks until ctx ends or the connection is lost; the
// caller starts it again. With SQLite there is no other server.
func (s *Store) Listen(ctx context.Context) error {
	if s.listen == nil {
		<-ctx.Done()
		return nil
	}
	return s.listen(ctx)
}

func (s *Store) listenPostgres(ctx context.Context, config *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return explain(fmt.Errorf("connect to listen: %w", err))
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return explain(fmt.Errorf("listen: %w", err))
	}
	s.broadcast() // what was committed before we listened
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return explain(fmt.Errorf("wait for a change: %w", err))
		}
		s.broadcast()
	}
}
