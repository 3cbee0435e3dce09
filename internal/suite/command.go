package suite

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Names in the environment of a suite.
const (
	envSynthetic = "POSTFLIGHT_SYNTHETIC" // value of the header Postflight-Synthetic
	envChromium  = "POSTFLIGHT_CHROMIUM"  // path of the system's Chromium
	envRun       = "POSTFLIGHT_SUITE_RUN" // marks every process of the run
)

// inherited are the variables of the server's own environment that a suite
// gets. None of them holds a secret.
var inherited = []string{
	"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "XDG_CACHE_HOME",
	"PLAYWRIGHT_BROWSERS_PATH", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH",
}

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// command is what is run: the project's own Playwright. Its bounds and its
// places in the file system come from us, all else from its configuration. The
// project's reporters do not run: one that posts to a chat would do so with
// every look.
func (p *play) command() (*exec.Cmd, error) {
	q := p.req.Suite
	if info, err := os.Stat(q.Dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("the suite's folder %s is not there", q.Dir)
	}
	env, err := p.environment()
	if err != nil {
		return nil, err
	}
	args := []string{"test"}
	for _, f := range q.Files {
		if f == "" || strings.HasPrefix(f, "-") {
			return nil, fmt.Errorf("%q is no file of a suite: it would be taken for an option", f)
		}
		args = append(args, f)
	}
	args = append(args, "--reporter=json", "--output="+p.artifacts())
	if q.Project != "" {
		args = append(args, "--project="+q.Project)
	}
	if q.Grep != "" {
		args = append(args, "--grep="+q.Grep)
	}
	program, err := p.program(env)
	if err != nil {
		return nil, err
	}
	args = append(program[1:], args...)
	cmd := exec.Command(program[0], args...) //nolint:gosec // the operator's own suite
	cmd.Dir, cmd.Env = q.Dir, env
	return cmd, nil
}

// program is what npx would run: node_modules/.bin/playwright of the folder or
// of one above it. Where there is none (a project that resolves its packages
// in its own way) npx is asked itself, and may not install.
func (p *play) program(env []string) ([]string, error) {
	path := ""
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			path = v
		}
	}
	if look(path, "node") == "" {
		return nil, errors.New("node is not installed (it is not on PATH)")
	}
	for dir := filepath.Clean(p.req.Suite.Dir); ; dir = filepath.Dir(dir) {
		bin := filepath.Join(dir, "node_modules", ".bin", "playwright")
		if executable(bin) {
			return []string{bin}, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	npx := look(path, "npx")
	if npx == "" {
		return nil, fmt.Errorf("playwright is not installed in %s (no node_modules/.bin/playwright), and npx is not there", p.req.Suite.Dir)
	}
	return []string{npx, "--offline", "--no-install", "playwright"}, nil
}

// look finds a program on a PATH.
func look(path, name string) string {
	for _, dir := range filepath.SplitList(path) {
		if file := filepath.Join(dir, name); filepath.IsAbs(file) && executable(file) {
			return file
		}
	}
	return ""
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func (p *play) artifacts() string  { return filepath.Join(p.dir, "artifacts") }
func (p *play) reportFile() string { return filepath.Join(p.dir, "report.json") }

// tag marks the processes of this run in their environment.
func (p *play) tag() string { return envRun + "=" + filepath.Base(p.dir) }

// environment is all that a suite gets to see of ours, then the user's, then
// what the run depends on.
func (p *play) environment() ([]string, error) {
	set := map[string]string{}
	for _, kv := range p.o.Environ {
		if name, value, ok := strings.Cut(kv, "="); ok && slices.Contains(inherited, name) {
			set[name] = value
		}
	}
	set["CI"] = "1"
	for _, more := range []map[string]string{p.req.Suite.Env, p.req.Vars, p.req.Secrets} {
		for name, value := range more {
			if !variable.MatchString(name) || strings.ContainsRune(value, 0) {
				return nil, fmt.Errorf("%q cannot be a variable of the environment", name)
			}
			set[name] = value
		}
	}
	report := p.reportFile()
	for name, value := range map[string]string{
		"BASE_URL": p.req.Look.Base, "PLAYWRIGHT_TEST_BASE_URL": p.req.Look.Base,
		// The name up to about 1.44, the file since; both are whole paths.
		"PLAYWRIGHT_JSON_OUTPUT_NAME": report, "PLAYWRIGHT_JSON_OUTPUT_FILE": report,
		"PLAYWRIGHT_LAST_RUN_OUTPUT_FILE":  filepath.Join(p.dir, "last-run.json"),
		"PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD": "1", "NPM_CONFIG_UPDATE_NOTIFIER": "false",
		"FORCE_COLOR": "0", "TMPDIR": filepath.Join(p.dir, "tmp"),
		envChromium: p.o.Binary, "PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH": p.o.Binary,
		envSynthetic: p.marker, "POSTFLIGHT_VERSION": p.o.Version,
		envRun: filepath.Base(p.dir),
	} {
		if value == "" {
			delete(set, name)
			continue
		}
		set[name] = value
	}
	delete(set, "PLAYWRIGHT_JSON_OUTPUT_DIR")
	delete(set, "PW_TEST_REPORTER")
	var env []string
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env, nil
}

// marker is the synthetic marker for the host that is looked at.
func marker(q Request) string {
	if q.Marker == nil {
		return ""
	}
	u, err := url.Parse(q.Look.Base)
	if err != nil || u.Host == "" {
		return ""
	}
	return q.Marker(u.Host)
}
