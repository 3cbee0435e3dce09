package har

import "math"

// none is a phase that does not apply.
const none = -1

// phases splits an exchange, from issued to ended (monotonic seconds), into the
// phases of the format, without gaps, so that they add up to the whole. What
// lies between two phases belongs to the later one, as in DevTools.
func phases(t *wireTiming, issued, ended float64) (Timings, float64) {
	out := Timings{Blocked: none, DNS: none, Connect: none, SSL: none}
	whole := max(0, (ended-issued)*1000)
	if t == nil || t.Requested <= 0 {
		out.Blocked = round(whole)
		return out, sum(out)
	}
	begin := (t.Requested - issued) * 1000 // when the clock of t starts, in ms since issued
	at := func(ms float64) float64 { return min(max(0, begin+ms), max(whole, 0)) }
	now := 0.0
	until := func(end float64) float64 {
		took := max(0, end-now)
		now = max(now, end)
		return round(took)
	}
	out.Blocked = until(at(first(t.DNSStart, t.ConnectStart, t.SendStart)))
	if t.DNSEnd >= 0 && t.DNSStart >= 0 {
		out.DNS = until(at(t.DNSEnd))
	}
	if t.ConnectEnd >= 0 && t.ConnectStart >= 0 {
		out.Connect = until(at(t.ConnectEnd))
		if t.SSLStart >= 0 && t.SSLEnd >= t.SSLStart {
			out.SSL = min(round(t.SSLEnd-t.SSLStart), out.Connect)
		}
	}
	out.Send = until(at(t.SendEnd))
	out.Wait = until(at(t.HeadersEnd))
	out.Receive = until(whole)
	return out, sum(out)
}

// first is the least of those that happened.
func first(list ...float64) float64 {
	least := math.Inf(1)
	for _, v := range list {
		if v >= 0 {
			least = min(least, v)
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// sum is the time of an entry: its phases, but for SSL, which is part of one.
func sum(t Timings) float64 {
	total := 0.0
	for _, v := range []float64{t.Blocked, t.DNS, t.Connect, t.Send, t.Wait, t.Receive} {
		total += max(0, v)
	}
	return round(total)
}

// sane bounds seconds that come from outside, so that no arithmetic overflows.
func sane(seconds float64) float64 { return min(max(0, seconds), 1e11) }

// round keeps microseconds.
func round(ms float64) float64 { return math.Round(ms*1000) / 1000 }
