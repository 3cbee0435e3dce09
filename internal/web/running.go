package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/postflight/postflight/internal/fault"
	"github.com/postflight/postflight/internal/signal"
)

// maxFrame bounds one picture of a run in progress.
const maxFrame = 2 << 20

// getRunning is one run in progress. When it is over, and its id is that of its
// signal, the page is that of the run.
func (s *site) getRunning(w http.ResponseWriter, r *http.Request, v *visit) error {
	run, err := s.runningOf(r)
	if fault.KindOf(err) == fault.NotFound && s.Journeys != nil {
		ctx, cancel := bounded(r)
		defer cancel()
		if done, gone := s.Journeys.Run(ctx, signal.ID(r.PathValue("id"))); gone == nil {
			http.Redirect(w, r, string(link("signals", string(done.Signal.ID))), http.StatusSeeOther)
			return nil
		}
	}
	if err != nil {
		return err
	}
	_, title := journeyOf(s.products[run.Product], run.Journey)
	s.render(w, r, http.StatusOK, runningPage(s.frame(r, v, title+", running", "run/"+run.ID), run, title))
	return nil
}

// runningOf finds the run that a request names.
func (s *site) runningOf(r *http.Request) (Running, error) {
	over := fault.New(fault.NotFound, "this run is over", "the journey's page has what it came to")
	if s.Journeys == nil {
		return Running{}, over
	}
	ctx, cancel := bounded(r)
	defer cancel()
	all, err := s.Journeys.Running(ctx)
	if err != nil {
		return Running{}, err
	}
	i := slices.IndexFunc(all, func(x Running) bool { return x.ID == r.PathValue("id") })
	if i < 0 {
		return Running{}, over
	}
	return all[i], nil
}

// getScreen streams the pictures of a run in progress, each in the place of the
// one before: an image that goes on, which needs no script.
func (s *site) getScreen(w http.ResponseWriter, r *http.Request, v *visit) error {
	if s.Screens == nil {
		return fault.New(fault.NotFound, "runs cannot be watched here", "")
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		return fault.New(fault.Unavailable, "too many live pages are open", "close one and try again")
	}
	frames, err := s.Screens.Screen(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	const boundary = "postflight-frame"
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+boundary)
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return nil
	}
	out := &stream{w: w, rc: http.NewResponseController(w), patience: 2 * s.Heartbeat}
	if out.send("--"+boundary+"\r\n") != nil {
		return nil
	}
	check := time.NewTicker(s.Heartbeat)
	defer check.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-check.C:
			if _, err := s.Doorkeeper.Session(r.Context(), v.secret); err != nil {
				return nil // signed out: nothing more is shown
			}
		case frame, open := <-frames:
			if !open {
				return nil
			}
			if !isJPEG(frame) {
				continue
			}
			// The boundary comes at once after a picture: browsers show one when it
			// is over.
			head := "Content-Type: image/jpeg\r\nContent-Length: " + strconv.Itoa(len(frame)) + "\r\n\r\n"
			if out.part(head, frame, "\r\n--"+boundary+"\r\n") != nil {
				return nil
			}
		}
	}
}

// isJPEG keeps what is no picture, or too big a one, off the page.
func isJPEG(frame []byte) bool {
	return len(frame) > 4 && len(frame) <= maxFrame && frame[0] == 0xff && frame[1] == 0xd8
}

// part writes one picture.
func (s *stream) part(head string, body []byte, tail string) error {
	_ = s.rc.SetWriteDeadline(time.Now().Add(s.patience))
	_, err1 := s.w.Write([]byte(head))
	_, err2 := s.w.Write(body)
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("send picture: %w", err)
	}
	return s.send(tail)
}

// progress is the part of a run that is done, for a progress bar: by its steps,
// or by the time it usually takes.
func (r Running) progress(now time.Time) string {
	switch {
	case r.Steps > 0:
		return strconv.FormatFloat(float64(max(r.Step-1, 0))/float64(r.Steps), 'f', 3, 64)
	case r.Typical > 0:
		return strconv.FormatFloat(min(now.Sub(r.Started).Seconds()/r.Typical.Seconds(), 0.95), 'f', 3, 64)
	}
	return ""
}
