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
	letter     = regexp.MustCompile(`[A-Za-z]`)
	digit      = regexp.MustCompile(`[0-9]`)
)

// hashed reports whether a name plainly holds a hash of the content. A file
// wrongly called immutable would be stale for a year, while one that was missed
// is only asked about; so a date, a version, a word or a model number is none.
func hashed(p string) bool {
	parts := strings.Split(path.Base(p), ".")
	if len(parts) < 2 {
		return false
	}
	for i, part := range parts[:len(parts)-1] {
		if part == "" {
			continue
		}
		for _, piece := range strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '_' }) {
			if hexHash.MatchString(piece) && letter.MatchString(piece) && digit.MatchString(piece) {
				return true
			}
		}
		// The others stand alone after a '.', or at the end after a '-'.
		tail, alone := part, i > 0
		if n := len(part) - 8; n > 0 && part[n-1] == '-' {
			tail, alone = part[n:], true
		}
		if alone && (base32Hash.MatchString(tail) && turns(tail) >= 3 || base64Hash.MatchString(tail) && turns(tail) >= 4) {
			return true
		}
	}
	return false
}

// turns counts where the sort of character changes; a capital that begins a
// word is no change. Words, even with numbers in them, have few.
func turns(s string) int {
	sort := func(c byte) byte {
		switch {
		case c >= 'a' && c <= 'z':
			return 'a'
		case c >= 'A' && c <= 'Z':
			return 'A'
		case c >= '0' && c <= '9':
			return '0'
		}
		return '-'
	}
	n := 0
	for i := 1; i < len(s); i++ {
		a, b := sort(s[i-1]), sort(s[i])
		if a != b && (a != 'A' || b != 'a') {
			n++
		}
	}
	return n
}
