package signers

import "strings"

// longestPattern is the most bytes of one pattern; OpenSSH takes no longer one.
const longestPattern = 1023

// matches reports whether a pattern-list (PATTERNS in ssh_config(5)) takes a
// name: one of its patterns does, and none with an exclamation mark.
func matches(name, list string) bool {
	found := false
	for _, p := range strings.Split(list, ",") {
		p, negated := strings.CutPrefix(p, "!")
		switch {
		case len(p) > longestPattern:
			return false
		case !match(name, p):
		case negated:
			return false
		default:
			found = true
		}
	}
	return found
}

// match is for one pattern, in which * is any text and ? any byte. It takes
// time in proportion to the lengths multiplied.
func match(name, pattern string) bool {
	star, from := -1, 0
	n, p := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			n++
			p++
		case star >= 0:
			from++
			n, p = from, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// plain lists the patterns of a list that are names.
func plain(list string) []string {
	var names []string
	for _, p := range strings.Split(list, ",") {
		if p != "" && !strings.ContainsAny(p, "*?!") {
			names = append(names, p)
		}
	}
	return names
}
