package slacktest

import (
	"net/http"
	"strconv"
	"time"
)

// Fault is a failure to play. Exactly one of Status, Error, Hang, Drop and
// Garbage says which.
type Fault struct {
	// Method limits it to one method ("upload" for the file's bytes); empty
	// means every one.
	Method string
	Times  int           // for the next n calls; 0 means while For lasts
	For    time.Duration // from now on; 0 means until Times are used up

	Status     int    // answer with this HTTP status and an HTML body
	RetryAfter string // header of that answer; seconds or a date
	Error      string // answer ok:false with this error
	Hang       bool   // never answer
	Drop       bool   // do the work, then cut the connection
	Garbage    bool   // answer 200 with an endless body that is no JSON

	until time.Time
}

// Fail scripts a failure; several are played in the order scripted.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.For > 0 {
		f.until = time.Now().Add(f.For)
	}
	if f.Times == 0 && f.For == 0 {
		f.Times = 1
	}
	s.faults = append(s.faults, f)
}

// Heal removes every scripted failure.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault returns the failure to play for this call, if one is.
func (s *Server) fault(method string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for i := 0; i < len(s.faults); i++ {
		f := &s.faults[i]
		if !f.until.IsZero() && now.After(f.until) || f.Times < 0 {
			s.faults = append(s.faults[:i], s.faults[i+1:]...)
			i--
			continue
		}
		if f.Method != "" && f.Method != method {
			continue
		}
		played := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				f.Times = -1 // used up
			}
		}
		return played, true
	}
	return Fault{}, false
}

// play performs a failure that replaces the answer.
func (s *Server) play(w http.ResponseWriter, r *http.Request, method string, f Fault) {
	answer := "hang"
	switch {
	case f.Status != 0:
		answer = strconv.Itoa(f.Status)
	case f.Error != "":
		answer = f.Error
	case f.Garbage:
		answer = "garbage"
	}
	s.mu.Lock()
	s.note(method, answer)
	s.mu.Unlock()
	switch {
	case f.Status != 0:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte("<html><title>Server Error | Slack</title></html>"))
	case f.Error != "":
		reply(w, map[string]any{"ok": false, "error": f.Error})
	case f.Garbage:
		junk := make([]byte, 1<<16)
		for i := range junk {
			junk[i] = ' ' // what a JSON reader skips, for ever
		}
		for r.Context().Err() == nil {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	default:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	}
}
