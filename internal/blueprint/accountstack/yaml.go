package accountstack

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// block is a mapping in the order in which people read it.
type block []entry

type entry struct {
	key   string
	value any    // string, int, bool, block, or a list of them
	why   string // a comment before it
}

// item is an entry of a list with a comment before it.
type item struct {
	value any
	why   string
}

// plain is text that needs no quotes in YAML and is no number, truth value or
// date in it.
var plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./@-]*(:[A-Za-z0-9_./@-]+|::[A-Za-z0-9_./@-]+)*$`)

// write puts a value behind a key or a dash.
func write(b *strings.Builder, v any, indent int) {
	pad := strings.Repeat("  ", indent)
	switch v := v.(type) {
	case block:
		b.WriteString("\n")
		for _, e := range v {
			comment(b, e.why, pad)
			b.WriteString(pad + scalar(e.key) + ":")
			write(b, e.value, indent+1)
		}
	case []any:
		b.WriteString("\n")
		for _, one := range v {
			if i, ok := one.(item); ok {
				comment(b, i.why, pad)
				one = i.value
			}
			writeItem(b, one, indent)
		}
	default:
		b.WriteString(" " + scalar(v) + "\n")
	}
}

// writeItem puts the first key of a mapping behind the dash.
func writeItem(b *strings.Builder, v any, indent int) {
	var inner strings.Builder
	write(&inner, v, indent+1)
	text := inner.String()
	pad := strings.Repeat("  ", indent)
	if _, ok := v.(block); ok {
		text = strings.TrimPrefix(text, "\n"+pad+"  ")
		b.WriteString(pad + "- " + text)
		return
	}
	b.WriteString(pad + "-" + text)
}

func comment(b *strings.Builder, why, pad string) {
	if why != "" {
		b.WriteString(pad + "# " + why + "\n")
	}
}

func scalar(v any) string {
	s, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		return fmt.Sprintf("%q", s)
	}
	if plain.MatchString(s) {
		return s
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return `""` // a text can be encoded
	}
	return string(raw)
}

func texts(all []string) any {
	if len(all) == 1 {
		return all[0]
	}
	var out []any
	for _, s := range all {
		out = append(out, s)
	}
	return out
}
