// Package logline cleans the lines of a log: colours and cursor movements,
// what a carriage return overwrote, and the time stamps that CI systems put in
// front are taken off; invalid UTF-8 is replaced; an endless line is cut.
//
// Split cuts a stream of blocks into lines with bounded memory. Normal makes
// two lines of different runs comparable. It keeps nothing and never fails;
// tally and excerpt read what it returns.
package logline

// Line is one line of a log, cleaned. Text is valid until the next line is read.
type Line struct {
	Text   []byte // without indentation, colours, time stamp and line end; at most Max bytes
	Indent int    // columns of white space before Text (a tab is one)
	Number int    // from 1
	// Stamped: a CI system's time stamp stood in front.
	Stamped bool
	// Cut: the line was longer than Max.
	Cut bool
}

// Max is how many bytes of a line are looked at.
const Max = 16 << 10
