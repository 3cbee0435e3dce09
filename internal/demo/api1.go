package demo

import (
	"errors"
	"net/http"
)

// api1 is the first revision of the API: bare answers, days as words.
type api1 struct{ *application }

func (a *api1) route(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/slots", a.slots)
	mux.HandleFunc("GET /api/payment-methods", a.payment)
	mux.HandleFunc("POST /api/bookings", a.bookings)
}

// slot1 is a visit in revision 1.
type slot1 struct {
	ID       string `json:"id"`
	Day      string `json:"day"`
	Time     string `json:"time"`
	Left     int    `json:"left"`
	Capacity int    `json:"capacity"`
}

func (a *api1) slots(w http.ResponseWriter, _ *http.Request) {
	list := []slot1{}
	for _, v := range a.shop.book.visits(a.shop.opt.Now()) {
		list = append(list, slot1{v.ID, v.Day(), v.Time(), v.Left, v.Capacity})
	}
	reply(w, http.StatusOK, map[string]any{"slots": list})
}

func (a *api1) payment(w http.ResponseWriter, r *http.Request) {
	list, err := a.methods(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"methods": list})
}

func (a *api1) bookings(w http.ResponseWriter, r *http.Request) {
	o, err := readOrder(w, r)
	if err != nil {
		refuse(w, err)
		return
	}
	bk, err := a.place(r.Context(), o, a.shop.opt.Synthetic(r))
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusCreated, map[string]any{
		"number": bk.Number, "name": bk.Name, "children": bk.Children, "amount": bk.Cents,
		"day": bk.Visit.Day(), "time": bk.Visit.Time(), "test": bk.Synthetic,
	})
}

// refuse answers with the refusal's own status, or 500 for anything else.
func refuse(w http.ResponseWriter, err error) {
	var r refusal
	if !errors.As(err, &r) || r.Status == 0 {
		r = refusal{http.StatusInternalServerError, "internal", "something went wrong on our side"}
	}
	reply(w, r.Status, r)
}
