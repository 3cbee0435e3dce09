//go:build !linux

package process

import "context"

// fill says what can be said without reading processes.
func (d *dump) fill(context.Context) {
	body := ErrUnsupported.Error()
	if d.o.Test != "" {
		body += "\nLast test started: " + short(d.o.Test, 300)
	}
	d.add("", body)
	d.tail()
}
