package site

import (
	"path"
	"regexp"
	"strings"
)

// orDefault is what counts as an entry point when nothing is said: what a
// browser asks for by a name that stays the same, and that leads to the rest.
func orDefault(entries []string) []string {
	if len(entries) > 0 {
		return entries
	}
	return []string{
		"*.html", "*.htm", "*.xhtml", "*.webmanifest", "/manifest.json",
		"sw.js", "service-worker.js", "serviceworker.js", "ngsw-worker.js", "registerSW.js", "/ngsw.json",
	}
}

// Shapes of hashes that bundlers put into names, between '.', '-' or '_' and the
// extension: hexadecimal; base32 of eight as esbuild does; base64url of eight as
// Vite and Rollup do.
var (
	hexHash    = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
	base32Hash = regexp.MustCompile(`^[A-Z2-7]{8}$`)
	base64Hash = regexp.MustCompile(`^[A-Za-z0-9_-]{8}$`)
	uuid       = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	formula    = regexp.MustCompile(`^C[0-9]*H[0-9]*([BCFHIKNOPS][0-9]*)*$`) // of a chemical, as they are written
	lower      = regexp.MustCompile(`[a-z]`)
	upper      = regexp.MustCompile(`[A-Z]`)
)

// hashed reports whether a name plainly holds a hash of the content. A file
// wrongly called immutable would be stale for a year, while one that was missed
// is only asked about; so a date, a version, a word, a word with a year, a model
// number or an identifier (UUID) is none.
func hashed(p string) bool {
	parts := strings.Split(uuid.ReplaceAllString(path.Base(p), ""), ".")
	if len(parts) < 2 {
		return false
	}
	for i, part := range parts[:len(parts)-1] {
		for _, piece := range strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '_' }) {
			if hexHash.MatchString(piece) && turns(piece) >= 3 {
				return true
			}
		}
		// The others stand alone after a '.', or at the end after a '-'.
		tail, alone := part, i > 0
		if n := len(part) - 8; n > 0 && part[n-1] == '-' {
			tail, alone = part[n:], true
		}
		if alone && isShortHash(tail) {
			return true
		}
	}
	return false
}

// isShortHash knows hashes of eight characters.
func isShortHash(s string) bool {
	switch {
	case base32Hash.MatchString(s):
		return turns(s) >= 3 && !formula.MatchString(s)
	case base64Hash.MatchString(s):
		return turns(s) >= 4 && lower.MatchString(s) && upper.MatchString(s)
	}
	return false
}

// turns counts where the sort of character changes: small letters, capitals,
// digits. A capital that begins a word is no change, and '-' and '_' are passed
// over. Words, even with numbers in them, have few.
func turns(s string) int {
	n, last := 0, byte(0)
	for i := range len(s) {
		now := sortOf(s[i])
		if now == 0 {
			continue
		}
		if last != 0 && now != last && (last != 'A' || now != 'a') {
			n++
		}
		last = now
	}
	return n
}

func sortOf(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z':
		return 'a'
	case c >= 'A' && c <= 'Z':
		return 'A'
	case c >= '0' && c <= '9':
		return '0'
	}
	return 0
}
