package app

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postflight/postflight/internal/fault"
)

// A server that cannot start says what to do, and leaves nothing open: the
// same directory can be opened at once afterwards.
func TestServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	var lc net.ListenConfig
	taken, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "postflight.yaml")
	start := func(data, listen string) error {
		text := fmt.Sprintf("server: {data: %q, listen: %q}\nproducts:\n  shop:\n    url: http://127.0.0.1:1\n"+
			"    version: {header: X-Release}\n    pages: [/]\n", data, listen)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
		cfg, _, err := Load(path)
		if err != nil {
			return err
		}
		a, err := Open(t.Context(), Options{Config: cfg, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			err = a.Close()
		}
		return err
	}
	for name, c := range map[string]struct {
		data, listen string
		kind         fault.Kind
		hint         string
	}{
		"address taken":         {filepath.Join(dir, "a"), taken.Addr().String(), fault.Unavailable, "server.listen"},
		"data below a file":     {filepath.Join(file, "data"), "127.0.0.1:0", fault.Invalid, "server.data"},
		"data at a file's name": {file, "127.0.0.1:0", fault.Invalid, "server.data"},
	} {
		err := start(c.data, c.listen)
		if !fault.Is(err, c.kind) || !strings.Contains(fault.HintOf(err), c.hint) {
			t.Errorf("%s: %v, hint %q", name, err, fault.HintOf(err))
		}
	}
	if err := start(filepath.Join(dir, "a"), "127.0.0.1:0"); err != nil {
		t.Errorf("after a refused start: %v", err)
	}
}
