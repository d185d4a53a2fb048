package ignore

import "strings"

// This is the matching of git (wildmatch.c), byte by byte, so that a pattern means
// here what it means in a .gitignore file: also classes such as [[:alpha:]], two
// asterisks that are no path component, and text that is not UTF-8.

type outcome int

const (
	matched outcome = iota
	unmatched
	abortAll      // no longer text can match
	abortStarStar // only an asterisk that takes a slash can match
)

// wildmatch reports whether the pattern takes the whole text; with pathname, only
// ** as a path component takes a slash.
func wildmatch(pattern, text string, pathname bool) bool {
	return dowild(pattern, text, pathname) == matched
}

// at is the byte of s at i, or 0 at its end.
func at(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func dowild(p, text string, pathname bool) outcome {
	i, t := 0, 0
	for ; i < len(p); i, t = i+1, t+1 {
		c := at(text, t)
		if c == 0 && p[i] != '*' {
			return abortAll
		}
		switch p[i] {
		case '?':
			if pathname && c == '/' {
				return unmatched
			}
		case '*':
			next, stop := star(p, i, text[t:], pathname)
			if stop != unmatched {
				return stop
			}
			// One asterisk before a slash has taken the text up to the next slash.
			i, t = next, t+strings.IndexByte(text[t:], '/')
		case '[':
			end, takes, ok := class(p, i, c)
			switch {
			case !ok:
				return abortAll
			case !takes || pathname && c == '/':
				return unmatched
			}
			i = end
		default:
			if p[i] == '\\' {
				i++
			}
			if at(p, i) != c {
				return unmatched
			}
		}
	}
	if t < len(text) {
		return unmatched
	}
	return matched
}

// star matches from the asterisks at p[i] on. An answer of unmatched means that
// matching goes on at the slash p[next].
func star(p string, i int, text string, pathname bool) (next int, result outcome) {
	first := i
	for at(p, i) == '*' {
		i++
	}
	slashes := !pathname
	if i-first > 1 && pathname && (first == 0 || p[first-1] == '/') && (i == len(p) || p[i] == '/' || strings.HasPrefix(p[i:], `\/`)) {
		if at(p, i) == '/' && dowild(p[i+1:], text, pathname) == matched {
			return i, matched
		}
		slashes = true
	}
	switch {
	case i == len(p) && !slashes && strings.Contains(text, "/"):
		return i, abortStarStar
	case i == len(p):
		return i, matched
	case !slashes && p[i] == '/':
		if !strings.Contains(text, "/") {
			return i, abortAll
		}
		return i, unmatched
	}
	return i, rest(p[i:], text, pathname, slashes)
}

// rest looks for a place in the text from which on the pattern takes all of it.
func rest(p, text string, pathname, slashes bool) outcome {
	for t := 0; t < len(text); t++ {
		switch result := dowild(p, text[t:], pathname); {
		case result == unmatched && !slashes && text[t] == '/':
			return abortStarStar
		case result != unmatched && (!slashes || result != abortStarStar):
			return result
		}
	}
	return abortAll
}
