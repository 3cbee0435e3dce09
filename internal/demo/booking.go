package demo

import (
	"fmt"
	"sync"
	"time"
)

const (
	capacity       = 40   // families at one visit
	recentBookings = 200  // how many bookings are remembered in full
	familyCents    = 1200 // price of a visit
	childCents     = 800  // and of each child in it
)

// Visit is a time at which families can come.
type Visit struct {
	ID       string
	Starts   time.Time
	Left     int
	Capacity int
}

// Day names the day as a person says it.
func (v Visit) Day() string { return v.Starts.Format("Monday 2 January") }

// Time is the time of day.
func (v Visit) Time() string { return v.Starts.Format("15:04") }

// Taken is how many places are gone.
func (v Visit) Taken() int { return v.Capacity - v.Left }

// Booking is a visit that was paid for.
type Booking struct {
	Number    string
	Name      string
	Children  int
	Visit     Visit
	Cents     int64
	Charge    string
	Synthetic bool
}

// Figures are what the shop earned. Synthetic bookings are in Synthetic only.
type Figures struct {
	Bookings  int
	Children  int
	Cents     int64
	Synthetic int
	// Recent are the latest real bookings, newest first.
	Recent []Booking
}

// Revenue is the money taken, as a decimal number.
func (f Figures) Revenue() string { return fmt.Sprintf("%d.%02d", f.Cents/100, f.Cents%100) }

// book is every booking since the start, in memory and bounded.
type book struct {
	mu     sync.Mutex
	total  Figures
	taken  map[string]int // real places per visit id
	nextID int
}

func newBook() *book { return &book{taken: map[string]int{}, nextID: 1024} }

// visits lists the visits of the three days after now.
func (b *book) visits(now time.Time) []Visit {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []Visit
	for day := 1; day <= 3; day++ {
		for _, minutes := range []int{10 * 60, 13*60 + 30, 16 * 60} {
			t := time.Date(now.Year(), now.Month(), now.Day()+day, 0, minutes, 0, 0, now.Location())
			id := visitID(t)
			list = append(list, Visit{ID: id, Starts: t, Left: capacity - b.taken[id], Capacity: capacity})
		}
	}
	return list
}

// visitID sorts as the time does.
func visitID(t time.Time) string { return t.Format("20060102-1504") }

// reserve takes a place; a synthetic booking takes none. It reports whether
// there was one.
func (b *book) reserve(id string, now time.Time, synthetic bool) bool {
	if synthetic {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for old := range b.taken {
		if old < visitID(now) {
			delete(b.taken, old)
		}
	}
	if b.taken[id] >= capacity {
		return false
	}
	b.taken[id]++
	return true
}

// cancel gives a reserved place back.
func (b *book) cancel(id string, synthetic bool) {
	if synthetic {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken[id]--
}

// enter writes a paid booking down and gives it its number.
func (b *book) enter(bk Booking) Booking {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bk.Synthetic {
		b.total.Synthetic++
		bk.Number = fmt.Sprintf("TEST-%04d", b.total.Synthetic)
		return bk
	}
	b.nextID++
	bk.Number = fmt.Sprintf("FC-%d", b.nextID)
	b.total.Bookings++
	b.total.Children += bk.Children
	b.total.Cents += bk.Cents
	b.total.Recent = append([]Booking{bk}, b.total.Recent...)
	if len(b.total.Recent) > recentBookings {
		b.total.Recent = b.total.Recent[:recentBookings]
	}
	return bk
}

// figures returns a copy that later bookings do not change.
func (b *book) figures() Figures {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.total
	f.Recent = append([]Booking(nil), f.Recent...)
	return f
}
