package tree

import (
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// checkNames refuses names that another machine cannot hold, of what is packed:
// what is left out may have any name.
func (w *walk) checkNames() {
	seen, taken := map[string]bool{}, map[string]string{}
	for _, f := range w.files {
		for end := 0; end < len(f.Path); end++ {
			next := strings.IndexByte(f.Path[end:], '/')
			if end += next; next < 0 {
				end = len(f.Path)
			}
			if p := f.Path[:end]; !seen[p] {
				seen[p] = true
				w.checkName(p, taken)
			}
		}
	}
}

// checkName looks at the last part of a path; taken holds the parts beside it.
func (w *walk) checkName(p string, taken map[string]string) {
	folder, name := path.Split(p)
	if !utf8.ValidString(name) || strings.ContainsAny(name, "\\\x00") {
		w.refuse(p, "is not a name on every machine: not UTF-8, or with a backslash")
		return
	}
	fold := folder + norm.NFC.String(strings.ToLower(strings.ToUpper(norm.NFC.String(name))))
	if other, is := taken[fold]; is {
		w.refuse(p, "and %q %s", folder+other, differ(name, other))
		return
	}
	taken[fold] = name
}

// differ says how two names differ that some file systems take for one.
func differ(a, b string) string {
	if norm.NFC.String(a) == norm.NFC.String(b) {
		return "differ only by how an accent is written (Unicode normalization)"
	}
	return "differ only by case"
}
