package bazel

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bounds are what Bazel may cost.
type bounds struct {
	time  time.Duration
	bytes int64
	rules int
}

func defaults() bounds { return bounds{time: 5 * time.Minute, bytes: 512 << 20, rules: 500_000} }

// rule is one that Bazel told of.
type rule struct {
	class, name string
	testonly    bool
	inputs      []string
}

// answer is what Bazel said of a workspace.
type answer struct {
	rules   []rule
	names   map[string]bool
	outputs map[string]string // generated file to its rule
	partial string            // why it is not everything
}

// programs are tried in turn.
var programs = []string{"bazel", "bazelisk"}

// ask asks once for each workspace. A nil answer comes with an error that says
// why everything is affected.
func (r *Reader) ask(ctx context.Context, root string) (*answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a, ok := r.kept[root]; ok {
		return a, nil
	}
	program := ""
	for _, name := range programs {
		if found, err := r.look(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		return nil, errors.New("bazel is not here: everything it builds is affected, because only it knows what it builds")
	}
	ctx, cancel := context.WithTimeout(ctx, r.bound.time)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "query", "--output=xml", "--keep_going", "--noimplicit_deps", "--experimental_repository_disable_download", "--noshow_progress", "--color=no", "--curses=no", "//...")
	cmd.Dir = filepath.Join(r.dir, filepath.FromSlash(root))
	// Its own group: what it starts ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	said := &tail{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("ask bazel: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("ask bazel: %w", err)
	}
	limited := &io.LimitedReader{R: out, N: r.bound.bytes}
	a, parseErr := parse(bufio.NewReaderSize(limited, 1<<16), r.bound.rules)
	if parseErr != nil {
		// How it ended says more than half an answer.
		_, _ = io.Copy(io.Discard, limited)
		if limited.N <= 0 {
			cancel()
		}
	}
	err = cmd.Wait()
	if a, err = r.judge(ctx, a, parseErr, err, said.String()); err == nil {
		r.kept[root] = a
	}
	return a, err
}

// judge holds what Bazel wrote against how it ended: 3 is that it kept going past
// errors.
func (r *Reader) judge(ctx context.Context, a *answer, parseErr, err error, said string) (*answer, error) {
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil && parseErr == nil:
		return nil, fmt.Errorf("bazel did not answer within %v: everything it builds is affected", r.bound.time)
	case err == nil && parseErr == nil:
		return a, nil
	case errors.As(err, &exit) && exit.ExitCode() == 3 && parseErr == nil:
		a.partial = said
		return a, nil
	case err != nil && (parseErr == nil || errors.Is(parseErr, errEmpty)):
		return nil, fmt.Errorf("bazel query failed (%w): %s", err, said)
	}
	return nil, fmt.Errorf("bazel's answer cannot be read: %w", parseErr)
}

// tail keeps the last of what was written to it.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p...)
	if len(t.data) > 4096 {
		t.data = append(t.data[:0], t.data[len(t.data)-2048:]...)
	}
	return len(p), nil
}

// String is the last error, on one line.
func (t *tail) String() string {
	lines := bytes.Split(bytes.TrimSpace(t.data), []byte("\n"))
	best := string(lines[len(lines)-1])
	for _, l := range lines {
		if bytes.HasPrefix(l, []byte("ERROR:")) {
			best = string(l)
			break
		}
	}
	if len(best) > 300 {
		best = best[:300] + "…"
	}
	return strings.ToValidUTF8(best, "?")
}

// errEmpty is an answer without a document.
var errEmpty = errors.New("no document")

// parse reads the XML of bazel query as a stream.
func parse(in *bufio.Reader, most int) (*answer, error) {
	a := &answer{names: map[string]bool{}, outputs: map[string]string{}}
	if err := headless(in); err != nil {
		return a, err
	}
	d := xml.NewDecoder(in)
	d.Strict = false
	var open *rule
	begun, ended := false, false
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return a, fmt.Errorf("read XML: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := attr(token, "name")
			switch token.Name.Local {
			case "query":
				begun = true
			case "rule":
				if len(a.rules) >= most {
					return a, fmt.Errorf("more than %d rules", most)
				}
				a.rules = append(a.rules, rule{class: attr(token, "class"), name: name})
				open = &a.rules[len(a.rules)-1]
				a.names[name] = true
			case "rule-input":
				if open != nil {
					open.inputs = append(open.inputs, name)
				}
			case "rule-output":
				if open != nil {
					a.outputs[name] = open.name
				}
			case "boolean":
				if open != nil && name == "testonly" && attr(token, "value") == "true" {
					open.testonly = true
				}
			}
		case xml.EndElement:
			switch token.Name.Local {
			case "rule":
				open = nil
			case "query":
				ended = true
			}
		}
	}
	switch {
	case !begun:
		return a, errEmpty
	case !ended:
		return a, errors.New("the answer ends early")
	}
	return a, nil
}

// headless leaves out the head of a document: Bazel writes that it is XML 1.1,
// which differs only in what is no text, and which the decoder would refuse.
func headless(in *bufio.Reader) error {
	if head, _ := in.Peek(5); string(head) != "<?xml" {
		return nil
	}
	for range 200 {
		c, err := in.ReadByte()
		if err != nil {
			return errEmpty
		}
		if c == '>' {
			return nil
		}
	}
	return errors.New("no head of XML")
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
