package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
)

// took writes a duration the way a person compares them: 340 ms, 1.2 s,
// 4 min 12 s, 3 h 05 min, 2 d 4 h.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "−" + took(-d)
	case d == 0:
		return "0 s"
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s"
	case d < time.Minute && d%time.Second == 0:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < time.Hour && d%time.Minute == 0:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// ago writes how long before now t was; app.js keeps the same words fresh.
func ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case d < -time.Second:
		return "in " + coarse(-d)
	case d < 5*time.Second:
		return "just now"
	}
	return coarse(d) + " ago"
}

// coarse writes a duration in its largest unit.
func coarse(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	}
	return strconv.Itoa(int(d.Hours())/24) + " d"
}

// stamp is the machine's form of an instant.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// instant is the long form a person reads: always UTC, always said so.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// wall is the clock with tenths, for things of one day.
func wall(t time.Time) string { return t.UTC().Format("15:04:05.0") }

// short is the date and minute, for tables.
func short(t time.Time) string { return t.UTC().Format("02 Jan 15:04") }

// bytesWord writes a size.
func bytesWord(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1000*1000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// count writes "1 asset", "3 assets".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if strings.HasSuffix(one, "s") || strings.HasSuffix(one, "x") {
		return strconv.Itoa(n) + " " + one + "es"
	}
	return strconv.Itoa(n) + " " + one + "s"
}

// webURL returns raw as a link only if it is an absolute http or https
// address; anything else gives "" and is shown as text.
func webURL(raw string) templ.SafeURL {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return ""
	}
	return templ.SafeURL(u.String())
}

// link builds a path of this server from its parts, each escaped.
func link(parts ...string) templ.SafeURL {
	var b strings.Builder
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(p))
	}
	return templ.SafeURL(b.String())
}

// blobURL is the address of an artifact.
func blobURL(key string) string { return "/evidence/" + escapeKey(key) }

// blobLink is blobURL for an anchor.
func blobLink(key string) templ.SafeURL { return templ.SafeURL(blobURL(key)) }

func escapeKey(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// picture reports whether an artifact can be shown as an image.
func picture(key string) bool {
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		if t, ok := inlineType(key[i:]); ok {
			return strings.HasPrefix(t, "image/")
		}
	}
	return false
}

// tail shortens a long address from the left, where they are alike.
func tail(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

// pathOf returns the path and query of a URL, or the URL itself.
func pathOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return raw
	}
	return u.RequestURI()
}

// hostOf returns the host of a URL, or "".
func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// position writes file:line:column, leaving out what is not known.
func position(file string, line, column int) string {
	if file == "" {
		return ""
	}
	out := pathOf(file)
	if line > 0 {
		out += ":" + strconv.Itoa(line)
		if column > 0 {
			out += ":" + strconv.Itoa(column)
		}
	}
	return out
}

// offset writes a time relative to a start: "+1.20 s", "−3.0 s".
func offset(d time.Duration) string {
	if d.Abs() < time.Millisecond {
		return "0 s"
	}
	if d <= 0 {
		return took(d)
	}
	return "+" + took(d)
}
