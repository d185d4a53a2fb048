package site

import (
	"regexp"
	"slices"
	"strings"
)

// wordsAndNumbers are what people make names of.
var (
	wordsAndNumbers = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[-_]+`)
	vowel           = regexp.MustCompile(`(?i)[aeiouy]`)
	elements        = regexp.MustCompile(`^((A[cglmrstu]|B[aehikr]?|C[adeflmnorsu]?|D[bsy]|E[rsu]|F[elmr]?|G[ade]|H[efgos]?|I[nr]?|Kr?|L[airuv]|M[gnt]|N[abdeip]?|` +
		`O[gs]?|P[abdmortu]?|R[abefghnu]|S[bcegimnr]?|T[abcehil]|U|V|W|Xe|Yb?|Z[nr])[0-9]*)+$`)
)

// abbreviations are words without a vowel: units, codes, what programmers write.
var abbreviations = strings.Fields(`
	vs px pt mm cm km nm ml cl dl kg mg ng ms ns mb gb tb kb hz khz mhz ghz db th nd st rd kw mw kv mv ph rpm rx tx dx gx lx
	pc tv cd dvd mp hd sd fx vr js ts css html http xml php sql ssh ssl tls dns vpn pdf png jpg gif svg mkv mpg txt csv zip rtf
	btn cfg src dst pkg tmp ptr hdr img lbl msg mgr mgmt bldg blvd nr mr mrs dr jr sr lt ft fg bg blk grn wht drk lgt
	lg sm md xs xl xxl lft rgt tp btm ctr cntr crt crd frm grp hgt wdt lvl mnt nxt prv pld pwd qty rgb rgn scr sct str sys tbl tmr
	std dbl sngl flr rm wk mth yr hr min sec mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep oct nov dec
	gt gr gs ltd llc gmbh spd ply plr plt pls pkt prm prt prj wnd wrk wrld brd bttn bnr bck bld sqr
	cb cc ch cl cn cp ct cv cz dj dk ds dt fb ff fm fr gp hk hp hq hs ht kr lb ld ll ln lr ls lv mc mk mt mx nb np nt nz
	pb pk pl pm pp pr ps qr rb rc rf rh rs rv sb sc sk sp sq ss sv sw tc tn tr tt vb vc vm vp wc wp xp yt zn`)

// oddities counts what people do not write in a name: a lone small letter before a
// capital, and letters without a vowel that are no usual abbreviation.
func oddities(s string) int {
	n := 0
	words := wordsOf(s)
	for i, w := range words {
		small := lower.MatchString(w)
		switch {
		case len(w) > 1 && small && !vowel.MatchString(w) && !isAbbreviated(strings.ToLower(w)):
			n++
		case small && len(w) == 1 && i > 0 && i+1 < len(words) && upper.MatchString(words[i+1]) && !strings.Contains("aeiouxvskpbtjq", w):
			n++
		}
	}
	return n
}

// isAbbreviated reports whether a word is an abbreviation, or two in a row, the
// letter of a unit or of a count among them.
func isAbbreviated(w string) bool {
	if slices.Contains(abbreviations, w) || len(w) == 2 && strings.Contains("xvspt", w[1:]) {
		return true
	}
	for i := 1; i < len(w) && len(w) > 2; i++ {
		if a, b := w[:i], w[i:]; (i == 1 || slices.Contains(abbreviations, a)) && (len(b) == 1 || slices.Contains(abbreviations, b)) {
			return true
		}
	}
	return false
}

// wordsOf takes a text apart. The last of several capitals begins the word after
// them, as in PDFText.
func wordsOf(s string) []string {
	words := wordsAndNumbers.FindAllString(s, -1)
	for i := 1; i < len(words); i++ {
		before := words[i-1]
		if n := len(before) - 1; n > 0 && upper.MatchString(before[n:]) && lower.MatchString(words[i][:1]) {
			words[i-1], words[i] = before[:n], before[n:]+words[i]
		}
	}
	return words
}

// isFormula reports whether a text is that of a chemical.
func isFormula(s string) bool { return elements.MatchString(s) }

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
