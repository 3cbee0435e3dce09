package demo

import (
	"net/http"
	"time"
)

// api2 is the second revision of the API: every answer is wrapped in data, and
// times are instants that the page formats itself.
type api2 struct{ *application }

func (a *api2) route(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/slots", a.slots)
	mux.HandleFunc("GET /api/payment-methods", a.payment)
	mux.HandleFunc("POST /api/bookings", a.bookings)
}

// envelope is the new shape of every answer.
type envelope struct {
	Data any  `json:"data"`
	Meta meta `json:"meta"`
}

type meta struct {
	Revision int `json:"revision"`
}

func wrap(name string, value any) envelope {
	return envelope{Data: map[string]any{name: value}, Meta: meta{Revision: 2}}
}

// slot2 is a visit in revision 2.
type slot2 struct {
	ID     string    `json:"id"`
	Starts time.Time `json:"starts_at"`
	Places places    `json:"places"`
}

type places struct {
	Left  int `json:"left"`
	Total int `json:"total"`
}

func (a *api2) slots(w http.ResponseWriter, _ *http.Request) {
	list := []slot2{}
	for _, v := range a.shop.book.visits(a.shop.opt.Now()) {
		list = append(list, slot2{v.ID, v.Starts, places{v.Left, v.Capacity}})
	}
	reply(w, http.StatusOK, wrap("slots", list))
}

func (a *api2) payment(w http.ResponseWriter, r *http.Request) {
	list, err := a.methods(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusOK, wrap("methods", list))
}

// booking2 is a booking in revision 2.
type booking2 struct {
	Number   string    `json:"number"`
	Name     string    `json:"name"`
	Children int       `json:"children"`
	Total    money     `json:"total"`
	Starts   time.Time `json:"starts_at"`
	Test     bool      `json:"test"`
}

type money struct {
	Cents    int64  `json:"cents"`
	Currency string `json:"currency"`
}

func (a *api2) bookings(w http.ResponseWriter, r *http.Request) {
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
	reply(w, http.StatusCreated, wrap("booking", booking2{
		bk.Number, bk.Name, bk.Children, money{bk.Cents, a.config.Currency}, bk.Visit.Starts, bk.Synthetic,
	}))
}
