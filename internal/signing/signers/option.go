package signers

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// cutOptions cuts at the first blank that is not quoted.
func cutOptions(text string) (options, rest string, ok bool) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && (text[i] == ' ' || text[i] == '\t'):
			return text[:i], strings.TrimLeft(text[i:], " \t"), true
		}
	}
	return "", "", false
}

// options reads comma-separated options; what is not known is refused, for it
// may take away what the line would allow.
func (l *Line) options(text string) error {
	for more := true; more; {
		var err error
		if text, err = l.option(text); err != nil {
			return err
		}
		if text == "" {
			break
		}
		if text, more = strings.CutPrefix(text, ","); !more {
			return fmt.Errorf("the option %q is not known", shorten(text))
		}
	}
	if !l.After.IsZero() && !l.Before.IsZero() && !l.Before.After(l.After) {
		return errors.New("valid-before is not after valid-after")
	}
	return nil
}

// option reads one option and gives what follows it.
func (l *Line) option(text string) (rest string, err error) {
	const authority = "cert-authority"
	if len(text) >= len(authority) && strings.EqualFold(text[:len(authority)], authority) {
		l.Authority = true
		return text[len(authority):], nil
	}
	name, value, _ := strings.Cut(text, "=")
	set := map[string]func(string) error{
		"namespaces":   func(v string) error { return once(l.Namespaces != nil, func() { l.Namespaces = &v }) },
		"valid-after":  func(v string) error { return instant(&l.After, v) },
		"valid-before": func(v string) error { return instant(&l.Before, v) },
	}[strings.ToLower(name)]
	if set == nil {
		return "", fmt.Errorf("the option %q is not known", shorten(name))
	}
	value, rest, err = unquote(value)
	if err == nil {
		err = set(value)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.ToLower(name), err)
	}
	return rest, nil
}

func once(given bool, set func()) error {
	if given {
		return errors.New("it is given twice")
	}
	set()
	return nil
}

// unquote reads a value in double quotes, in which \" stands for a quote.
func unquote(text string) (value, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		return "", "", errors.New("its value is not in double quotes")
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"':
			b.WriteByte('"')
			i++
		case text[i] == '"':
			return b.String(), text[i+1:], nil
		default:
			b.WriteByte(text[i])
		}
	}
	return "", "", errors.New("its value has no closing quote")
}

// instant reads YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS: in UTC with Z at the
// end, else in the time zone of this machine.
func instant(into *time.Time, text string) error {
	zone, digits := time.Local, text
	for _, suffix := range []string{"Z", "UTC"} {
		if n := len(text) - len(suffix); n > 0 && strings.EqualFold(text[n:], suffix) {
			zone, digits = time.UTC, text[:n]
			break
		}
	}
	layout := map[int]string{8: "20060102", 12: "200601021504", 14: "20060102150405"}[len(digits)]
	t, err := time.ParseInLocation(layout, digits, zone)
	if layout == "" || err != nil || t.Unix() <= 0 {
		return fmt.Errorf("%q is no time such as 20260131 or 202601311530Z", shorten(text))
	}
	return once(!into.IsZero(), func() { *into = t })
}

func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
