package oci

import "strings"

// EncodeTag puts a version into the letters that a tag may have, one to one: "+"
// is "__" and "_" is "_-".
func EncodeTag(version string) string {
	return strings.NewReplacer("+", "__", "_", "_-").Replace(version)
}

// DecodeTag is EncodeTag the other way round; false for what that never gives.
func DecodeTag(tag string) (version string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(tag); i++ {
		if tag[i] == '+' {
			return "", false
		}
		if tag[i] != '_' {
			b.WriteByte(tag[i])
			continue
		}
		if i++; i == len(tag) {
			return "", false
		}
		switch tag[i] {
		case '_':
			b.WriteByte('+')
		case '-':
			b.WriteByte('_')
		default:
			return "", false
		}
	}
	return b.String(), b.Len() > 0
}
