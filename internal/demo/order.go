package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxOrder    = 8 << 10
	maxName     = 80
	maxChildren = 8
)

// order is what a visitor asks for, in either revision of the API.
type order struct {
	Name     string `json:"name"`
	Children int    `json:"children"`
	Slot     string `json:"slot"`
	Method   string `json:"method"`
}

// readOrder reads and checks an order; what it refuses, it explains.
func readOrder(w http.ResponseWriter, r *http.Request) (order, error) {
	var o order
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return o, refusal{http.StatusUnsupportedMediaType, "not_json", "send the booking as application/json"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxOrder))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return o, refusal{http.StatusRequestEntityTooLarge, "too_large", "the booking is too large"}
		}
		return o, refusal{http.StatusBadRequest, "cut_short", "the booking did not arrive whole"}
	}
	if err := json.Unmarshal(body, &o); err != nil {
		return o, refusal{http.StatusBadRequest, "bad_json", "the booking is not the JSON expected"}
	}
	o.Name = strings.TrimSpace(o.Name)
	switch {
	case o.Name == "":
		return o, refusal{http.StatusUnprocessableEntity, "name", "please tell us your name"}
	case !utf8.ValidString(o.Name) || utf8.RuneCountInString(o.Name) > maxName || strings.ContainsFunc(o.Name, unicode.IsControl):
		return o, refusal{http.StatusUnprocessableEntity, "name", "please give a name of at most 80 letters"}
	case o.Children < 1 || o.Children > maxChildren:
		return o, refusal{http.StatusUnprocessableEntity, "children", "please bring one to eight children"}
	}
	return o, nil
}

// place books an order: a place is held, the provider charges, the book is written.
func (a *application) place(ctx context.Context, o order, synthetic bool) (Booking, error) {
	now := a.shop.opt.Now()
	var visit *Visit
	for _, v := range a.shop.book.visits(now) {
		if v.ID == o.Slot {
			visit = &v
			break
		}
	}
	if visit == nil {
		return Booking{}, refusal{http.StatusUnprocessableEntity, "slot", "please choose one of the visits on offer"}
	}
	if !a.shop.book.reserve(visit.ID, now, synthetic) {
		return Booking{}, refusal{http.StatusConflict, "full", "that visit is full; please choose another"}
	}
	bk := Booking{
		Name: o.Name, Children: o.Children, Visit: *visit, Synthetic: synthetic,
		Cents: familyCents + int64(o.Children)*childCents,
	}
	charge, err := a.charge(ctx, bk, o.Method)
	if err != nil {
		a.shop.book.cancel(visit.ID, synthetic)
		return Booking{}, err
	}
	bk.Charge = charge
	return a.shop.book.enter(bk), nil
}
