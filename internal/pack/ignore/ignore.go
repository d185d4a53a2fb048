// Package ignore matches paths against patterns, as git does by .gitignore.
package ignore

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// File is the name of the ignore file.
const File = ".falkirkignore"

// List is a list of patterns; the last one that matches decides. The zero List
// matches nothing.
type List struct {
	rules    []rule // of ignore files, those of deeper folders later
	settings []rule // of the app file; they decide before all files
}

// Add appends patterns of the app file. Where names them in errors.
func (l *List) Add(where string, lines ...string) error {
	rules, err := parseAll(where, "pattern", lines)
	l.settings = append(l.settings, rules...)
	return err
}

// parseAll reads patterns. What git reads as a pattern that never matches is
// refused, since somebody wanted to keep something out with it.
func parseAll(where, what string, lines []string) ([]rule, error) {
	var rules []rule
	var errs []error
	for i, line := range lines {
		r, ok := parse(line)
		if !ok {
			continue
		}
		why := Malformed(r.pattern)
		switch {
		case strings.HasSuffix(r.pattern, "\t"):
			why = "it ends in a tab, which git takes as part of the name"
		case strings.Contains(line, "\x00"):
			why = "it has a zero byte"
		}
		if why != "" {
			err := fault.New(fault.Invalid, "%s, %s %d: %q is not a pattern: %s", where, what, i+1, line, why)
			errs = append(errs, fault.Hint(err, "correct or remove that %s, then: falkirk pack", what))
			continue
		}
		rules = append(rules, r)
	}
	return rules, errors.Join(errs...)
}

// mostText bounds an ignore file.
const mostText = 4 << 20

// read appends the ignore file of the folder at, if there is one; base and below
// are those of its rules.
func (l *List) read(at, base, below string) error {
	name := filepath.Join(at, File)
	raw, err := regular.Read(name, name, mostText)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // whether at is a folder is asked elsewhere
		return nil
	}
	if err != nil {
		return err
	}
	text := strings.TrimPrefix(string(raw), "\ufeff") // git skips a byte order mark
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return fault.Hint(fault.New(fault.Invalid, "%s is written in UTF-16", name), "save it as UTF-8")
	}
	rules, err := parseAll(name, "line", strings.Split(text, "\n"))
	for _, r := range rules {
		r.base, r.below = base, below
		l.rules = append(l.rules, r)
	}
	return err
}

// In is the list for what is in a folder: with the ignore file that it has, if it
// has one. p is its path as seen from the folder that is matched; at is where it is.
func (l *List) In(p, at string) (*List, error) {
	inner := &List{rules: slices.Clip(l.rules), settings: l.settings}
	if err := inner.read(at, "", p); err != nil {
		return nil, err
	}
	return inner, nil
}

// Match reports whether the list takes p, a path relative to the folder being
// matched. It does not look at the folders above p: a walk of a tree does not go
// into a folder that matches.
func (l *List) Match(p string, folder bool) bool {
	for _, rules := range [][]rule{l.settings, l.rules} {
		for _, r := range slices.Backward(rules) {
			if r.match(p, folder) {
				return !r.negate
			}
		}
	}
	return false
}

// Covers reports whether the list takes the file p or a folder above it.
func (l *List) Covers(p string) bool {
	for i := range len(p) {
		if p[i] == '/' && l.Match(p[:i], true) {
			return true
		}
	}
	return l.Match(p, false)
}

// Unused lists the patterns of the app file that cover none of the files.
func (l *List) Unused(files []string) []string {
	var unused []string
	for _, r := range l.settings {
		one := List{settings: []rule{r}}
		if !r.negate && !slices.ContainsFunc(files, one.Covers) {
			unused = append(unused, r.text)
		}
	}
	return unused
}
