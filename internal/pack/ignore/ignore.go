// Package ignore matches paths against patterns in the syntax of .gitignore. It
// reads no nested ignore files.
package ignore

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// File is the name of the ignore file.
const File = ".falkirkignore"

// List is a list of patterns; the last one that matches decides. The zero List
// matches nothing.
type List struct{ rules []rule }

type rule struct {
	text   string // as written
	base   string // folder that was packed, as seen from the folder of the pattern
	glob   string
	negate bool
	folder bool // matches folders only
}

// Add appends patterns. Base is the path of the folder being matched as seen
// from where the patterns are written; "" when that is the same folder. Where
// names the source of the patterns in errors.
func (l *List) Add(where, base string, lines ...string) error {
	var errs []error
	for i, line := range lines {
		r, ok := parse(line)
		if !ok {
			continue
		}
		r.base = base
		if !doublestar.ValidatePattern(r.glob) {
			errs = append(errs, fault.New(fault.Invalid, "%s, pattern %d: %q is not a pattern", where, i+1, line))
			continue
		}
		l.rules = append(l.rules, r)
	}
	return errors.Join(errs...)
}

// mostText bounds an ignore file.
const mostText = 4 << 20

// Read appends the ignore file of the folder at, if there is one; base is as in Add.
func (l *List) Read(at, base string) error {
	name := filepath.Join(at, File)
	raw, err := regular.Read(name, name, mostText)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // whether at is a folder is asked elsewhere
		return nil
	}
	if err != nil {
		return err
	}
	return l.Add(name, base, strings.Split(string(raw), "\n")...)
}

// Match reports whether the list takes p, a path relative to the folder being
// matched. It does not look at the folders above p: whoever walks a tree does
// not go into a folder that matches.
func (l *List) Match(p string, folder bool) bool {
	for i := len(l.rules) - 1; i >= 0; i-- {
		if l.rules[i].match(p, folder) {
			return !l.rules[i].negate
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

// Unused lists the patterns that cover none of the files.
func (l *List) Unused(files []string) []string {
	var unused []string
	for _, r := range l.rules {
		one := List{rules: []rule{r}}
		used := r.negate
		for i := 0; i < len(files) && !used; i++ {
			used = one.Covers(files[i])
		}
		if !used {
			unused = append(unused, r.text)
		}
	}
	return unused
}

func (r rule) match(p string, folder bool) bool {
	if r.folder && !folder {
		return false
	}
	ok, err := doublestar.Match(r.glob, path.Join(r.base, p))
	return ok && err == nil
}

// parse turns one line of .gitignore into a rule; blank lines and comments are none.
func parse(line string) (rule, bool) {
	r := rule{text: line}
	p := strings.TrimRight(line, "\r\n\t")
	for strings.HasSuffix(p, " ") && !strings.HasSuffix(p, `\ `) {
		p = p[:len(p)-1]
	}
	if strings.HasPrefix(p, "#") {
		return r, false
	}
	if p, r.negate = strings.CutPrefix(p, "!"); p == "" {
		return r, false
	}
	if p, r.folder = strings.CutSuffix(p, "/"); p == "" {
		return r, false
	}
	anchored := strings.Contains(p, "/")
	p = strings.TrimPrefix(p, "/")
	p = strings.NewReplacer(`\{`, `\{`, `\}`, `\}`, `{`, `\{`, `}`, `\}`).Replace(p) // braces mean nothing in .gitignore
	if inside, ok := strings.CutSuffix(p, "/**"); ok {
		p = inside + "/**/*" // everything inside, but not the folder itself
	}
	if !anchored {
		p = "**/" + p
	}
	r.glob = p
	return r, true
}
