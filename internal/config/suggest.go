package config

import (
	"strings"
	"unicode"
)

// nearest is the known word that a misspelt one most likely stands for, or "".
func nearest(word string, known []string) string {
	if len(word) > 64 {
		return ""
	}
	best, least := "", 1+max(2, len(word)/3)
	for _, k := range known {
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if d < least && d < max(len(k), len(word)) {
			best, least = k, d
		}
	}
	return best
}

// distance is how many letters must be put in, taken out, changed or swapped
// with a neighbour to make b of a.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	var before []int
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(s); i++ {
		next := make([]int, len(t)+1)
		next[0] = i
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(t)]
}

// looksSecret reports whether a key names something that must not be shown:
// one of its words (camelCase, snake_case, kebab-case) says so.
func looksSecret(key string) bool {
	all := words(key)
	for i, w := range all {
		before := ""
		if i > 0 {
			before = all[i-1]
		}
		switch strings.TrimSuffix(w, "s") {
		case "password", "passwd", "passphrase", "secret", "token", "apikey",
			"credential", "pas", "pwd", "private", "auth", "authorization", "cookie", "dsn":
			return true
		case "key":
			if isSecretKey(key, before) {
				return true
			}
		}
		if strings.HasSuffix(w, "password") || strings.HasSuffix(w, "secret") || strings.HasSuffix(w, "token") {
			return true
		}
	}
	return false
}

// isSecretKey tells keys that open something from those that name something, such as
// that of KMS or of a cache, by the word before. A variable of a process (in capitals)
// is taken for one that opens.
func isSecretKey(name, before string) bool {
	switch before {
	case "api", "access", "account", "encryption", "hmac", "license", "master", "private", "secret", "signing", "ssh":
		return true
	case "cache", "kms", "object", "partition", "primary", "public", "sort", "surrogate":
		return false
	}
	return name == strings.ToUpper(name)
}

func words(key string) []string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteRune(' ')
		case unicode.IsUpper(r) && lower:
			b.WriteRune(' ')
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(unicode.ToLower(r))
		}
		lower = unicode.IsLower(r)
	}
	return strings.Fields(b.String())
}
