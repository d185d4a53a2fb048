package ignore

import "strings"

// rule is one pattern, as git reads it from a line.
type rule struct {
	text    string // as written
	base    string // path of the folder that is matched, as seen from the folder of the pattern
	below   string // or path of the folder of the pattern, as seen from the one that is matched
	pattern string
	literal int  // so many bytes of the pattern, from its beginning, have no wildcard
	negate  bool // takes back
	folder  bool // matches folders only
	name    bool // matches the last part of a path only
}

// parse reads one line; blank lines and comments are no rule.
func parse(line string) (rule, bool) {
	r := rule{text: line}
	if strings.HasPrefix(line, "#") {
		return r, false
	}
	p := trimBlanks(strings.TrimSuffix(line, "\r"))
	p, r.negate = strings.CutPrefix(p, "!")
	p, r.folder = strings.CutSuffix(p, "/")
	if p == "" {
		return r, false // git has a rule here that matches nothing
	}
	r.name = !strings.Contains(p, "/")
	r.pattern = strings.TrimPrefix(p, "/")
	if r.literal = strings.IndexAny(r.pattern, `*?[\`); r.literal < 0 {
		r.literal = len(r.pattern)
	}
	return r, true
}

// trimBlanks cuts blanks at the end, but not one after a backslash. Tabs stay.
func trimBlanks(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && i+1 < len(line) {
			i++
		} else if line[i] == ' ' {
			continue
		}
		end = i + 1
	}
	return line[:end]
}

// match reports whether the rule is about a path below the folder that is matched.
func (r rule) match(p string, folder bool) bool {
	if r.folder && !folder {
		return false
	}
	if r.below != "" {
		inside, is := strings.CutPrefix(p, r.below+"/")
		if !is {
			return false
		}
		p = inside
	}
	if r.name {
		return wildmatch(r.pattern, p[strings.LastIndexByte(p, '/')+1:], false)
	}
	if r.base != "" {
		p = r.base + "/" + p
	}
	// As in git, two asterisks behind plain text begin a pattern of their own.
	rest, is := strings.CutPrefix(p, r.pattern[:r.literal])
	return is && wildmatch(r.pattern[r.literal:], rest, true)
}
