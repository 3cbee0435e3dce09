package cli

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/postflight/postflight/client"
	"github.com/postflight/postflight/internal/fault"
)

const (
	defaultServer = "http://127.0.0.1:7460"
	defaultData   = "./data"
	tokenFile     = "admin.token"
	serverFile    = "server.url"
	maxSecretFile = 4 << 10
)

// connection is which server to ask, and as whom.
type connection struct {
	server, token, data string
}

// dial returns a client of the server that the flags, the environment or the
// local data directory name.
func (t *tool) dial() (*client.Client, error) {
	server, err := t.serverAddress()
	if err != nil {
		return nil, err
	}
	token, err := t.secret(server)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(server); err == nil && u.Scheme == "http" && !local(server) {
		t.warn("the token travels to " + u.Host + " unencrypted")
	}
	return client.New(server, token, client.WithUserAgent("postflight/"+t.Version))
}

// dataDir is where a local server keeps its state.
func (t *tool) dataDir() string { return first(t.conn.data, t.Getenv("POSTFLIGHT_DATA"), defaultData) }

// serverAddress finds the server. The address in a data directory is believed
// only when it is this machine's: the directory may be anybody's.
func (t *tool) serverAddress() (string, error) {
	if s := first(t.conn.server, t.Getenv("POSTFLIGHT_SERVER")); s != "" {
		return s, nil
	}
	file := filepath.Join(t.dataDir(), serverFile)
	found, err := readWord(file)
	if err != nil {
		return "", err
	}
	if found == "" {
		return defaultServer, nil
	}
	if !local(found) {
		return "", fault.New(fault.Denied, fmt.Sprintf("%s names a server on another machine", file), "give its address with --server if you trust it")
	}
	return found, nil
}

// secret finds the token. A local server's token is sent to this machine
// only.
func (t *tool) secret(server string) (string, error) {
	if s := first(t.conn.token, t.Getenv("POSTFLIGHT_TOKEN")); s != "" {
		return s, nil
	}
	none := fault.New(fault.Denied, "no token to ask "+server+" with",
		"set POSTFLIGHT_TOKEN, or name the local server's data directory with --data")
	if !local(server) {
		return "", none
	}
	found, err := readWord(filepath.Join(t.dataDir(), tokenFile))
	if err != nil {
		return "", err
	}
	if found == "" {
		return "", none
	}
	return found, nil
}

// first returns the first of its arguments that is not empty.
func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// local reports whether an address is this machine's own.
func local(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	if strings.EqualFold(u.Hostname(), "localhost") {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) // 0.0.0.0 leads here
}

// readWord reads a small file's only word; "" when there is no such file.
func readWord(path string) (string, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	word := strings.TrimSpace(string(raw))
	if len(raw) > maxSecretFile || strings.ContainsAny(word, " \t\r\n") {
		return "", fault.New(fault.Invalid, path+" does not hold one word", "the server writes it at its start")
	}
	return word, nil
}
