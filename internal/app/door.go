package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/postflight/postflight/internal/access"
	"github.com/postflight/postflight/internal/fault"
)

// The files by which commands on this machine find the server: whoever may
// read the data directory is an admin.
const (
	tokenFile   = "admin.token"
	addressFile = "server.url"
)

// hangKey writes the local admin token and the address into the data
// directory. A token that still works is kept, so that a restart breaks no
// script.
func (a *App) hangKey(ctx context.Context) error {
	dir := a.o.Config.Server.Data
	if err := writeFile(filepath.Join(dir, addressFile), "http://"+a.listener.Addr().String()+"\n"); err != nil {
		return err
	}
	path := filepath.Join(dir, tokenFile)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read the local admin token: %w", err)
	}
	if err == nil {
		_, err := a.keys.Token(ctx, strings.TrimSpace(string(old)))
		if err == nil || !fault.Is(err, fault.Denied) {
			return err
		}
	}
	secret, err := a.keys.CreateToken(ctx, "commands on the server's machine", access.Admin, "postflight")
	if err != nil {
		return err
	}
	return writeFile(path, secret+"\n")
}

// writeFile replaces a file whole; only its owner may read it.
func writeFile(path, text string) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
