package route

import "slices"

// code is source as tokens.
type code []token

// at returns a token; past either end there is an empty one.
func (c code) at(i int) token {
	if i < 0 || i >= len(c) {
		return token{}
	}
	return c[i]
}

// is says whether a word or a sign is at i.
func (c code) is(i int, text string) bool {
	t := c.at(i)
	return (t.sort == word || t.sort == mark) && t.text == text
}

// seq says whether words and signs follow each other from i.
func (c code) seq(i int, texts ...string) bool {
	for n, text := range texts {
		if !c.is(i+n, text) {
			return false
		}
	}
	return true
}

// has says whether one of the words or spelled-out strings occurs.
func (c code) has(texts ...string) bool {
	return slices.ContainsFunc(c, func(t token) bool {
		return (t.sort == word || t.sort == literal) && slices.Contains(texts, t.text)
	})
}

// str returns the string that is spelled out at i, and whole says that nothing
// is joined to it.
func (c code) str(i int) (text string, ok bool) {
	t := c.at(i)
	if t.sort != literal {
		return "", false
	}
	next := c.at(i + 1)
	whole := next.sort == 0 || next.sort == newline || next.sort == mark && slices.Contains([]string{",", ")", "]", "}", ";", "=>"}, next.text) || next.sort == word
	return t.text, whole
}

// closing returns, for every opening bracket, where it closes; -1 when it does
// not.
func (c code) closing() []int {
	out := make([]int, len(c))
	var open []int
	for i, t := range c {
		out[i] = -1
		if t.sort != mark {
			continue
		}
		switch t.text {
		case "(", "[", "{":
			open = append(open, i)
		case ")", "]", "}":
			if n := len(open); n > 0 && pair(c[open[n-1]].text) == t.text {
				out[open[n-1]] = i
				open = open[:n-1]
			}
		}
	}
	return out
}

func pair(open string) string {
	switch open {
	case "(":
		return ")"
	case "[":
		return "]"
	}
	return "}"
}

// args returns where each argument in the brackets that open at i begins; the
// last number is where the brackets close.
func (c code) args(i int, closing []int) []int {
	if i < 0 || i >= len(c) || closing[i] < 0 {
		return nil
	}
	end := closing[i]
	out := []int{i + 1}
	for j := i + 1; j < end; j++ {
		if closing[j] > j {
			j = closing[j]
			continue
		}
		if c.is(j, ",") {
			out = append(out, j+1)
		}
	}
	return append(out, end)
}

// prop returns where the value of a key in the braces that open at i begins, 0
// when there is no such key. Keys of objects within do not count.
func (c code) prop(i int, key string, closing []int) int {
	args := c.args(i, closing)
	for n := 0; n+1 < len(args); n++ {
		at := args[n]
		if t := c.at(at); (t.sort == word || t.sort == literal) && t.text == key && (c.is(at+1, ":") || c.is(at+1, "=>")) {
			return at + 2
		}
	}
	return 0
}
