//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// floor plays the steps of the recording once with the least that can be: a
// Chromium, a pipe, no evidence, no record of what the page did.
func floor(ctx context.Context, o options) (err error) {
	profile, err := os.MkdirTemp(o.dir, "floor-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(profile)) }()
	p, cmd, err := chromium(ctx, o.binary, profile)
	if err != nil {
		return err
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		_, _ = p.in.Close(), p.from.Close()
	}()
	return p.visit(o.base, o.child == "floor-pictures")
}

// chromium starts with the flags that Postflight starts it with, less those
// that would change nothing here.
func chromium(ctx context.Context, binary, profile string) (*pipe, *exec.Cmd, error) {
	theirs, in, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = theirs.Close() }()
	out, answers, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = answers.Close() }()
	args := []string{
		"--remote-debugging-pipe", "--user-data-dir=" + profile, "--no-first-run", "--no-startup-window",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		"--disable-domain-reliability", "--disable-breakpad", "--disable-crash-reporter", "--disable-gpu",
		"--disable-quic", "--disable-dev-shm-usage", "--mute-audio", "--hide-scrollbars",
		"--disable-features=Translate,MediaRouter,OptimizationHints,Prerender2,BackForwardCache",
	}
	if os.Getuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.ExtraFiles = []*os.File{theirs, answers}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	if err := out.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, nil, err
	}
	return &pipe{in: in, from: out, out: bufio.NewReaderSize(out, 1<<16)}, cmd, nil
}

// pipe is the bare protocol client: one question at a time.
type pipe struct {
	in      *os.File
	from    *os.File
	out     *bufio.Reader
	id      int
	session string
	loaded  bool
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

func (p *pipe) call(method string, params, result any) error {
	p.id++
	q := map[string]any{"id": p.id, "method": method, "params": params}
	if p.session != "" {
		q["sessionId"] = p.session
	}
	text, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if _, err := p.in.Write(append(text, 0)); err != nil {
		return err
	}
	for {
		m, err := p.read()
		if err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		if m.ID != p.id {
			continue
		}
		if m.Error != nil {
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
}

func (p *pipe) read() (message, error) {
	var m message
	text, err := p.out.ReadBytes(0)
	if err != nil {
		return m, err
	}
	err = json.Unmarshal(text[:len(text)-1], &m)
	p.loaded = p.loaded || m.Method == "Page.loadEventFired"
	return m, err
}

// visit plays the steps of the recording, with its assertions. A picture is
// taken where Postflight takes one: before a step that acts, and at the end.
func (p *pipe) visit(base string, pictures bool) error {
	steps := []func() error{
		p.open,
		func() error { return p.navigate(base + "/book") },
		func() error { return p.until(`document.title === "Book a visit · Father Christmas Workshop"`) },
		func() error { return p.until(`document.querySelector("[data-testid='slot']:not([disabled])")`) },
		func() error { return p.click(`#slots > :nth-child(1 of .slot:not([disabled]))`, 40, 30) },
		func() error { return p.until(`document.querySelector("#book")?.disabled === false`) },
		func() error { return p.click("#name", 20, 12) },
		func() error { return p.call("Input.insertText", map[string]any{"text": "The Postflight family"}, nil) },
		func() error {
			return p.until(`(c => { c.value = "3"; c.dispatchEvent(new Event("input", {bubbles: true}));
				c.dispatchEvent(new Event("change", {bubbles: true})); return c.value === "3" })(document.querySelector("#children"))`)
		},
		func() error { return p.click("#book", 60, 18) },
		func() error { return p.until(`document.querySelector("#confirmation")?.checkVisibility()`) },
		func() error {
			return p.until(`document.body.innerText.includes("See you there, The Postflight family")`)
		},
		func() error { return p.until(`/^(FC|TEST)-\d+$/.test(document.querySelector('#number').textContent)`) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("floor, step %d: %w", i+1, err)
		}
		if next := i + 1; pictures && (next == len(steps) || slices.Contains([]int{4, 6, 7, 8, 9}, next)) {
			if err := p.call("Page.captureScreenshot", map[string]any{"format": "jpeg", "quality": 70}, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pipe) open() error {
	var tab struct {
		Target  string `json:"targetId"`
		Session string `json:"sessionId"`
	}
	if err := p.call("Target.createTarget", map[string]any{"url": "about:blank"}, &tab); err != nil {
		return err
	}
	if err := p.call("Target.attachToTarget", map[string]any{"targetId": tab.Target, "flatten": true}, &tab); err != nil {
		return err
	}
	p.session = tab.Session
	if err := p.call("Page.enable", struct{}{}, nil); err != nil {
		return err
	}
	return p.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": false}, nil)
}

func (p *pipe) navigate(url string) error {
	p.loaded = false
	if err := p.call("Page.navigate", map[string]any{"url": url}, nil); err != nil {
		return err
	}
	for !p.loaded {
		if _, err := p.read(); err != nil {
			return err
		}
	}
	return nil
}

// until waits inside the page until the expression holds.
func (p *pipe) until(expression string) error {
	var got struct {
		Result    struct{ Value bool } `json:"result"`
		Exception json.RawMessage      `json:"exceptionDetails"`
	}
	wait := `new Promise((done) => { const end = Date.now() + 30000; const look = () => {
		if (` + expression + `) done(true); else if (Date.now() > end) done(false); else setTimeout(look, 10) }; look() })`
	params := map[string]any{"expression": wait, "awaitPromise": true, "returnByValue": true}
	if err := p.call("Runtime.evaluate", params, &got); err != nil {
		return err
	}
	if !got.Result.Value {
		return fmt.Errorf("never became true: %s %s", strings.TrimSpace(expression), got.Exception)
	}
	return nil
}

func (p *pipe) click(selector string, x, y float64) error {
	var got struct {
		Result struct {
			Value struct{ X, Y float64 } `json:"value"`
		} `json:"result"`
	}
	find := fmt.Sprintf("(r => ({x: r.x, y: r.y}))(document.querySelector(%q).getBoundingClientRect())", selector)
	if err := p.call("Runtime.evaluate", map[string]any{"expression": find, "returnByValue": true}, &got); err != nil {
		return err
	}
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		params := map[string]any{"type": kind, "x": got.Result.Value.X + x, "y": got.Result.Value.Y + y}
		if kind != "mouseMoved" {
			params["button"], params["clickCount"] = "left", 1
		}
		if err := p.call("Input.dispatchMouseEvent", params, nil); err != nil {
			return err
		}
	}
	return nil
}
