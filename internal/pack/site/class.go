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

// shape is how a hash in a name is written.
type shape int

const (
	noHash   shape = iota
	hexLong        // 16 or more hexadecimal digits: no other name has them
	hexPart        // fewer, alone after a '.'
	hexPiece       // fewer, after a '-' or '_', or at the beginning
	base32         // eight, as esbuild writes them
	base64         // eight, as Vite and Rollup write them
)

// What files are to a page, by their extension. Other files are downloads: the
// names that people give them look like hashes more often than they are.
var (
	code     = regexp.MustCompile(`(?i)\.([cm]?[jt]s|map|css|wasm|woff2?|ttf|otf|eot)(\.gz|\.br)?$`)
	pictures = regexp.MustCompile(`(?i)\.(png|jpe?g|gif|svg|webp|avif|ico|mp[34]|webm|ogg|wav|flac|aac|m4a|mov)(\.gz|\.br)?$`)
)

// hashes are the shapes of hashes that the code of a site has, by folder.
type hashes map[string]map[shape]bool

func hashesOf(paths []string) hashes {
	all := hashes{}
	for _, p := range paths {
		if s := shapeOf(p); s != noHash && code.MatchString(p) {
			if all[path.Dir(p)] == nil {
				all[path.Dir(p)] = map[shape]bool{}
			}
			all[path.Dir(p)][s] = true
		}
	}
	return all
}

// hashed reports whether a name plainly holds a hash of the content. A file
// wrongly called immutable would be stale for a year, while one that was missed
// is only asked about; so a date, a version, a word, a word with a year, or an
// identifier (UUID) is none. Eight characters may be a model number, a colour or
// moves of a game: those of a picture count only beside code with the same shape.
func (all hashes) hashed(p string) bool {
	s := shapeOf(p)
	switch {
	case s == noHash || s == hexLong || s == hexPart || code.MatchString(p):
		return s != noHash
	case pictures.MatchString(p):
		return all[path.Dir(p)][s]
	}
	return false
}

func shapeOf(p string) shape {
	parts := strings.Split(uuid.ReplaceAllString(path.Base(p), ""), ".")
	for i, part := range parts[:len(parts)-1] {
		for _, piece := range strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '_' }) {
			switch {
			case !hexHash.MatchString(piece) || turns(piece) < 3 || isPeriodic(piece):
			case len(piece) >= 16:
				return hexLong
			case i > 0 && piece == part:
				return hexPart
			default:
				return hexPiece
			}
		}
		// The others stand alone after a '.', or at the end after a '-'.
		tail, alone := part, i > 0
		if n := len(part) - 8; n > 0 && part[n-1] == '-' {
			tail, alone = part[n:], true
		}
		if s := shortHash(tail); alone && s != noHash {
			return s
		}
	}
	return noHash
}

// shortHash knows hashes of eight characters.
func shortHash(s string) shape {
	switch {
	case base32Hash.MatchString(s):
		if turns(s) >= 3 && !formula.MatchString(s) {
			return base32
		}
	case base64Hash.MatchString(s) && turns(s) >= 4 && lower.MatchString(s) && upper.MatchString(s):
		return base64
	}
	return noHash
}

// isPeriodic reports whether a few characters are repeated, as in ff00ff00.
func isPeriodic(s string) bool {
	for period := 1; period <= 4; period++ {
		if s[period:] == s[:len(s)-period] {
			return true
		}
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
