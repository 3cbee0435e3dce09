package bundle

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/postflight/postflight/internal/har"
	"github.com/postflight/postflight/internal/signal"
)

// Bounds of the report.
const (
	maxPictures = 80
	maxRows     = 500
	maxEmbedded = 48 << 20
)

// view is what the report shows.
type view struct {
	S       signal.Signal
	Title   string
	Vitals  []pair
	Frames  []frame
	Rows    []row
	More    int // requests that are not shown
	Console string
	Missing []string
	Files   []pair
}

type pair struct{ Name, Value string }

// frame is one step of the filmstrip.
type frame struct {
	signal.Step
	Picture template.URL
	Time    string
}

// row is one bar of the waterfall; places in percent of the whole.
type row struct {
	Name, URL, Method, Status, Type, Took, Size string
	Failed                                      bool
	Bars                                        []bar
}

type bar struct {
	Kind        string
	Left, Width float64
	Took        string
}

func (p *packer) report() error {
	v := view{S: p.s, Title: p.s.Name, Console: p.console, Missing: p.missing, Vitals: vitals(p.s.Vitals)}
	embedded := 0
	for i, step := range p.s.Steps {
		f := frame{Step: step, Time: seconds(step.Took)}
		if data := p.images[step.Screenshot]; data != nil && i < maxPictures && embedded+len(data) < maxEmbedded {
			embedded += len(data)
			f.Picture = picture(data)
		}
		v.Frames = append(v.Frames, f)
	}
	for _, e := range p.s.Evidence {
		if name := p.names[e.Blob]; name != "" {
			v.Files = append(v.Files, pair{name, e.Title})
		}
	}
	if p.har != nil {
		v.Rows, v.More = waterfall(p.har.Log)
	}
	if v.Console == "" {
		v.Console = lines(p.s.Steps)
	}
	page, err := template.New("report").Funcs(template.FuncMap{"seconds": seconds}).Parse(page)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := page.Execute(&out, v); err != nil {
		return err
	}
	return p.write("report.html", out.Bytes(), false)
}

// picture is an image as an address; only what really is one.
func picture(data []byte) template.URL {
	kind := map[string]string{".jpg": "image/jpeg", ".png": "image/png"}[ending(data)]
	if kind == "" {
		return ""
	}
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)) //nolint:gosec // base64 of a checked kind
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func vitals(v *signal.Vitals) []pair {
	if v == nil {
		return nil
	}
	var out []pair
	add := func(name string, d *time.Duration) {
		value := "not measured"
		if d != nil {
			value = seconds(*d)
		}
		out = append(out, pair{name, value})
	}
	add("LCP", v.LCP)
	add("FCP", v.FCP)
	add("TTFB", v.TTFB)
	add("INP", v.INP)
	cls := "not measured"
	if v.CLS != nil {
		cls = fmt.Sprintf("%.3f", *v.CLS)
	}
	return append(out, pair{"CLS", cls})
}

// lines is the console of the steps, when that of the run is not there.
func lines(steps []signal.Step) string {
	var out strings.Builder
	for _, s := range steps {
		for _, l := range s.Console {
			fmt.Fprintf(&out, "step %d  %-9s %s\n", s.Index, l.Level, l.Text)
		}
		for _, x := range s.Exceptions {
			fmt.Fprintf(&out, "step %d  %-9s %s\n%s\n", s.Index, "exception", x.Text, x.Stack)
		}
	}
	return out.String()
}

// waterfall places the requests on one line of time.
func waterfall(l har.Log) (rows []row, more int) {
	var begin, end time.Time
	starts := make([]time.Time, len(l.Entries))
	for i, e := range l.Entries {
		at, err := time.Parse(time.RFC3339Nano, e.Started)
		if err != nil {
			continue
		}
		starts[i] = at
		if begin.IsZero() || at.Before(begin) {
			begin = at
		}
		if done := at.Add(millis(e.Time)); done.After(end) && e.Type != "websocket" {
			end = done
		}
	}
	whole := max(end.Sub(begin), time.Millisecond)
	for i, e := range l.Entries {
		if i >= maxRows {
			return rows, len(l.Entries) - maxRows
		}
		rows = append(rows, bars(e, starts[i].Sub(begin), whole))
	}
	return rows, 0
}

func millis(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func bars(e har.Entry, at, whole time.Duration) row {
	status := fmt.Sprint(e.Response.Status)
	if e.Response.Status == 0 {
		status = e.Response.Error
	}
	name := e.Request.URL
	if _, rest, ok := strings.Cut(name, "://"); ok {
		name = rest
	}
	r := row{
		Name: name, URL: e.Request.URL, Method: e.Request.Method, Status: status, Type: e.Type,
		Took: seconds(millis(e.Time)), Size: fmt.Sprintf("%.1f kB", float64(e.Response.Transferred)/1000), Failed: e.Failed(),
	}
	t := e.Timings
	for _, part := range []struct {
		kind string
		ms   float64
	}{{"blocked", t.Blocked}, {"dns", t.DNS}, {"connect", t.Connect}, {"send", t.Send}, {"wait", t.Wait}, {"receive", t.Receive}} {
		if part.ms <= 0 {
			continue
		}
		took := millis(part.ms)
		left := 100 * float64(at) / float64(whole)
		width := min(100*float64(took)/float64(whole), max(0, 100-left))
		r.Bars = append(r.Bars, bar{part.kind, min(max(0, left), 100), width, seconds(took)})
		at += took
	}
	return r
}
