package browser

import (
	_ "embed"
	"strconv"
	"strings"
)

// layout is the US keyboard, one key a line: code, value, value with shift,
// Windows virtual key code, location (1 left, 2 right, 3 keypad), virtual key
// code with shift; "-" stands for none. Of two keys with the same value the
// first is meant by that value alone.
//
//go:embed layout.txt
var layout string

// parseKey reads one line of the layout.
func parseKey(line string) key {
	f := strings.Fields(line)
	if len(f) != 6 {
		return key{}
	}
	vk, _ := strconv.Atoi(f[3])
	location, _ := strconv.Atoi(f[4])
	shiftVK, _ := strconv.Atoi(f[5])
	return key{
		code: keyName(f[0]), key: keyName(f[1]), shiftKey: keyName(f[2]),
		vk: vk, location: location, shiftVK: shiftVK,
	}
}

func keyName(field string) string {
	switch field {
	case "-":
		return ""
	case "SPACE":
		return " "
	case "MINUS":
		return "-"
	case "NUL":
		return "\x00"
	}
	return field
}

// keyField is the field that stands for a name: the reverse of keyName.
func keyField(name string) string {
	switch name {
	case " ":
		return "SPACE"
	case "-":
		return "MINUS"
	case "\x00":
		return "NUL"
	}
	return name
}
