package site

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Forms of hashes that bundlers put into names, between '.', '-' or '_' and the
// extension: hexadecimal; base32 of eight as esbuild does; base64url of eight as
// Vite and Rollup do.
var (
	hexHash    = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
	base32Hash = regexp.MustCompile(`^[A-Z2-7]{8}$`)
	base64Hash = regexp.MustCompile(`^[A-Za-z0-9_-]{8}$`)
	uuid       = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	lower      = regexp.MustCompile(`[a-z]`)
	upper      = regexp.MustCompile(`[A-Z]`)
)

// mark is the part of a name that may be a hash.
type mark struct {
	digits int    // how many hexadecimal digits follow each other, whatever they are
	hex    string // digits that may be a hash
	alone  bool   // they are between two dots
	stem   string // what comes before tail
	tail   string // eight characters after a '-' at the end, or between two dots
}

func markOf(p string) mark {
	var m mark
	base := path.Base(p)
	if strings.Count(base, "-") >= 4 {
		base = uuid.ReplaceAllString(base, "")
	}
	parts := strings.Split(base, ".")
	for i, part := range parts[:len(parts)-1] {
		for _, piece := range strings.FieldsFunc(part, func(r rune) bool { return r == '-' || r == '_' }) {
			if m.hex == "" && hexHash.MatchString(piece) {
				m.digits = len(piece)
				if isHex(piece) {
					m.hex, m.alone = piece, i > 0 && piece == part
				}
			}
		}
		stem, tail := strings.Join(parts[:i], "."), part
		if n := len(part) - 8; n > 0 && part[n-1] == '-' {
			stem, tail = part[:n-1], part[n:]
		} else if i == 0 {
			continue
		}
		if m.tail == "" && base64Hash.MatchString(tail) {
			m.stem, m.tail = stem, tail
		}
	}
	return m
}

// isHex reports whether a piece of a name is the digits of a hash: no date, word,
// count, move of chess or colour.
func isHex(s string) bool {
	return turns(s) >= 3 && !isPeriodic(s) && !isSerial(s) && !hexWords.MatchString(s) &&
		!chess.MatchString(s) && (len(s) != 8 || !opaque.MatchString(s) && !year.MatchString(s))
}

var (
	chess    = regexp.MustCompile(`^([a-h][1-8])+$`)
	opaque   = regexp.MustCompile(`(00|11|22|33|44|55|66|77|88|99|aa|bb|cc|dd|ee|ff|80|40|c0|bf|7f|e6|b3|4d|1a)$`) // of a colour
	year     = regexp.MustCompile(`^(19|20)[0-9]{2}|(19|20)[0-9]{2}$`)
	hexWords = regexp.MustCompile(`dead|facade|decade|beef|face|cafe|fade|deed|feed|bead|fab|bad|bed|dad|ace|add|cab|dab|deaf|feb|dec`)
	serials  = regexp.MustCompile(`[0-9]+|[a-f]+`)
)

// isSerial reports whether numbers or letters only count up, as in 01b02c03.
func isSerial(s string) bool {
	runs := serials.FindAllString(s, -1)
	for i := 2; i < len(runs); i++ {
		if a, b := runs[i-2], runs[i]; a[len(a)-1]+1 != b[len(b)-1] {
			return false
		}
	}
	return true
}

func (m mark) isShortHex() bool { return len(m.hex) >= 8 && len(m.hex) < 16 }

// isLongHex takes of downloads only the lengths of digests: others are identifiers.
func (m mark) isLongHex(ofCode bool) bool {
	n := len(m.hex)
	return n >= 16 && (ofCode || slices.Contains([]int{16, 20, 32, 40, 64}, n) && !strings.Contains(m.hex, "fffe"))
}

// isBase32 knows names of esbuild. Models of things have the same form, so the rest
// of the name must be esbuild's, or there are letters that no model has.
func (m mark) isBase32() bool {
	if !base32Hash.MatchString(m.tail) || isFormula(m.tail) {
		return false
	}
	return m.stem == "chunk" && turns(m.tail) >= 2 || turns(m.tail) >= 3 && consonants.MatchString(m.tail)
}

var consonants = regexp.MustCompile(`^[2-7].*[BCDFGHJKLMNPQRSTVWXZ]{4}|[BCDFGHJKLMNPQRSTVWXZ]{5}`)

// isCertain reports whether a name of Vite or Rollup is one by itself.
func (m mark) isCertain() bool { return isBase64(m.tail, 3, 2) || isBase64(m.tail, 5, 1) }

// isBase64 reports whether eight characters have so many changes and so many
// places that people do not write.
func isBase64(s string, changes, odd int) bool {
	return base64Hash.MatchString(s) && lower.MatchString(s) && upper.MatchString(s) && turns(s) >= changes && oddities(s) >= odd && !isFormula(s)
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
