package ignore

import "strings"

// class reads the class that begins at p[i], and says where it ends and whether it
// takes c. It is not ok where it has no end, or a name that is none.
func class(p string, i int, c byte) (end int, takes, ok bool) {
	i++
	negated := at(p, i) == '!' || at(p, i) == '^'
	if negated {
		i++
	}
	var previous byte
	for first := true; first || at(p, i) != ']'; i++ {
		first = false
		one := at(p, i)
		switch {
		case one == 0:
			return i, false, false
		case one == '\\':
			i++
			if one = at(p, i); one == 0 {
				return i, false, false
			}
			takes = takes || c == one
		case one == '-' && previous != 0 && at(p, i+1) != 0 && at(p, i+1) != ']':
			i++
			if p[i] == '\\' {
				i++
			}
			if at(p, i) == 0 {
				return i, false, false
			}
			takes = takes || previous <= c && c <= p[i]
			one = 0
		case one == '[' && at(p, i+1) == ':':
			close := strings.IndexByte(p[i+2:], ']')
			if close < 0 {
				return i, false, false
			}
			name, is := strings.CutSuffix(p[i+2:i+2+close], ":")
			if !is {
				takes = takes || c == '['
				break
			}
			in, known := named(name, c)
			if !known {
				return i, false, false
			}
			takes = takes || in
			i += 2 + close
			one = 0
		default:
			takes = takes || c == one
		}
		previous = one
	}
	return i, takes != negated, true
}

// named reports whether a class of POSIX takes a byte; none takes one that is not ASCII.
func named(name string, c byte) (takes, known bool) {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z'
	digit := c >= '0' && c <= '9'
	graph := c > ' ' && c < 0x7f
	switch name {
	case "alnum":
		return letter || digit, true
	case "alpha":
		return letter, true
	case "blank":
		return c == ' ' || c == '\t', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	case "digit":
		return digit, true
	case "graph":
		return graph, true
	case "lower":
		return letter && c >= 'a', true
	case "print":
		return graph || c == ' ', true
	case "punct":
		return graph && !letter && !digit, true
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r' && c != '\v' && c != '\f', true
	case "upper":
		return letter && c < 'a', true
	case "xdigit":
		return digit || c|0x20 >= 'a' && c|0x20 <= 'f', true
	}
	return false, false
}

// Malformed says what is wrong with a pattern that git takes and that can never
// match: a class without an end or of a name that is none, a backslash at the end.
func Malformed(p string) string {
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			if i++; i == len(p) {
				return "it ends in a backslash"
			}
		case '[':
			end, _, ok := class(p, i, 0)
			if !ok {
				return "its class in square brackets is not complete, or has an unknown name"
			}
			i = end
		}
	}
	return ""
}
