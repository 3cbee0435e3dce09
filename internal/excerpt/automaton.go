package excerpt

// automaton finds many short texts in a line in one pass, letters folded
// (Aho and Corasick, 1975, as one table).
type automaton struct {
	class [256]uint8
	width uint32
	next  []uint32 // state*width + class -> state*width, marked where texts end
	out   []uint32 // by state: index into lists, 0 for none
	lists [][]uint16
}

// marked is the bit of a state in which a text ends.
const marked = 1 << 31

// newAutomaton builds the table for texts in lower case.
func newAutomaton(words []string) *automaton {
	a := &automaton{width: 1, lists: [][]uint16{nil}}
	for _, w := range words {
		for i := range len(w) {
			if b := w[i]; a.class[b] == 0 {
				a.class[b] = uint8(a.width)
				a.width++
			}
		}
	}
	for b := 'A'; b <= 'Z'; b++ {
		a.class[b] = a.class[b-'A'+'a']
	}
	states := 1
	for _, w := range words {
		states += len(w)
	}
	a.next, a.out = make([]uint32, 0, states*int(a.width)), make([]uint32, 0, states)
	a.grow()
	for id, w := range words {
		s := uint32(0)
		for i := range len(w) {
			at := s*a.width + uint32(a.class[w[i]])
			if a.next[at] == 0 {
				a.next[at] = a.grow()
			}
			s = a.next[at]
		}
		if a.out[s] == 0 {
			a.out[s] = uint32(len(a.lists))
			a.lists = append(a.lists, nil)
		}
		a.lists[a.out[s]] = append(a.lists[a.out[s]], uint16(id))
	}
	a.link()
	for i, t := range a.next {
		a.next[i] = t * a.width
		if a.out[t] != 0 {
			a.next[i] |= marked
		}
	}
	return a
}

// grow adds a state and returns its number.
func (a *automaton) grow() uint32 {
	a.next = a.next[:len(a.next)+int(a.width)]
	a.out = append(a.out, 0)
	return uint32(len(a.out) - 1)
}

// link fills in where to go on when a text breaks off, breadth first.
func (a *automaton) link() {
	fail := make([]uint32, len(a.out))
	queue := make([]uint32, 0, len(a.out))
	for c := range a.width {
		if s := a.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		if o := a.out[fail[s]]; o != 0 {
			if a.out[s] == 0 {
				a.out[s] = o
			} else {
				a.lists[a.out[s]] = append(a.lists[a.out[s]], a.lists[o]...)
			}
		}
		row, back := a.next[s*a.width:][:a.width], a.next[fail[s]*a.width:][:a.width]
		for c, t := range row {
			if t == 0 {
				row[c] = back[c]
				continue
			}
			fail[t] = back[c]
			queue = append(queue, t)
		}
	}
}

// scan appends the numbers of the texts that occur in b to dst, which may hold
// some twice.
func (a *automaton) scan(dst []uint16, b []byte) []uint16 {
	s := uint32(0)
	for _, c := range b {
		s = a.next[s+uint32(a.class[c])]
		if s&marked != 0 {
			s &^= marked
			dst = append(dst, a.lists[a.out[s/a.width]]...)
		}
	}
	return dst
}
