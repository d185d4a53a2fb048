package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// rule is what a field's jsonschema tag demands. The tag is the one source:
// the schema is made from it, and the decoder enforces the same.
type rule struct {
	required    bool
	description string
	enum        []string
	pattern     *regexp.Regexp
	bounds      map[string]float64 // minimum, maximum, minLength, maxLength, minItems, maxItems
}

// settingsField is one key of a settings struct.
type settingsField struct {
	name  string
	index []int
	rule  rule
}

// settingsFields lists the keys of a struct as encoding/json sees them.
func settingsFields(t reflect.Type) []settingsField {
	var all []settingsField
	for _, f := range reflect.VisibleFields(t) {
		tag, hasTag := f.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		if !f.IsExported() || name == "-" || (f.Anonymous && name == "") || hidden(t, f) {
			continue
		}
		if !hasTag || name == "" {
			name = f.Name
		}
		all = append(all, settingsField{name, f.Index, parseRule(f.Tag.Get("jsonschema"))})
	}
	return all
}

// hidden reports whether a field belongs to an embedded struct that has a name
// of its own, or to a pointer that may be nil.
func hidden(t reflect.Type, f reflect.StructField) bool {
	for i := 1; i < len(f.Index); i++ {
		up := t.FieldByIndex(f.Index[:i])
		name, _, _ := strings.Cut(up.Tag.Get("json"), ",")
		if name != "" || up.Type.Kind() == reflect.Pointer {
			return true
		}
	}
	return false
}

func indexOf(fields []settingsField, name string) int {
	return slices.IndexFunc(fields, func(f settingsField) bool { return f.name == name })
}

// parseRule reads a tag as invopop/jsonschema does: comma-separated, a comma in
// a value escaped by two backslashes (one, after Go unquoted the tag).
func parseRule(tag string) rule {
	r := rule{bounds: map[string]float64{}}
	for _, part := range splitTag(tag) {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "required":
			r.required = true
		case "description":
			r.description = value
		case "enum":
			r.enum = append(r.enum, value)
		case "pattern":
			r.pattern, _ = regexp.Compile(value) // one that does not compile fails the schema's test
		case "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems":
			if f, err := strconv.ParseFloat(value, 64); err == nil {
				r.bounds[key] = f
			}
		}
	}
	return r
}

func splitTag(tag string) []string {
	var parts []string
	for rest := tag; rest != ""; {
		end := 0
		for end < len(rest) && (rest[end] != ',' || (end > 0 && rest[end-1] == '\\')) {
			end++
		}
		parts = append(parts, strings.ReplaceAll(rest[:end], `\,`, ","))
		rest = rest[min(end+1, len(rest)):]
	}
	return parts
}

// items is the rule for the entries of a list: what is said of a list's field
// and is not about its length is said of them.
func (r rule) items() rule {
	return rule{enum: r.enum, pattern: r.pattern, bounds: r.bounds}
}

// check is what was wanted of a scalar that breaks the rule, or "".
func (r rule) check(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.String:
		return r.checkText(v.String())
	case v.CanInt():
		return r.checkNumber(float64(v.Int()))
	case v.CanUint():
		return r.checkNumber(float64(v.Uint()))
	case v.CanFloat():
		return r.checkNumber(v.Float())
	}
	return ""
}

func (r rule) checkText(s string) string {
	length := float64(utf8.RuneCountInString(s))
	low, hasLow := r.bounds["minLength"]
	high, hasHigh := r.bounds["maxLength"]
	switch {
	case len(r.enum) > 0 && !slices.Contains(r.enum, s):
		return oneOf(r.enum)
	case r.pattern != nil && !r.pattern.MatchString(s):
		return patternWords(r.pattern.String())
	case hasLow && length < low && low == 1:
		return "some text"
	case hasLow && length < low:
		return fmt.Sprintf("at least %v characters", low)
	case hasHigh && length > high:
		return fmt.Sprintf("at most %v characters", high)
	}
	return ""
}

// patternWords says a pattern in words, where it is one of the file's own.
func patternWords(pattern string) string {
	switch pattern {
	case namePattern:
		return nameWant
	case regionPattern:
		return "small letters, digits and hyphens, at most 63"
	case accountPattern:
		return "12 digits"
	case rolePattern:
		return `the ARN of a role, as "arn:aws:iam::123456789012:role/deploy"`
	case awsRegion:
		return "a region such as eu-central-1"
	case addressPattern:
		return "http://HOST or https://HOST"
	case pinPattern:
		return "a version such as 1.4.0"
	case personPattern:
		return "a person: a login or a principal, without blanks and commas"
	case storePattern:
		return "file://folder or s3://bucket/prefix"
	}
	return "text like " + pattern
}

func (r rule) checkNumber(x float64) string {
	low, hasLow := r.bounds["minimum"]
	high, hasHigh := r.bounds["maximum"]
	inside := (!hasLow || x >= low) && (!hasHigh || x <= high)
	switch {
	case len(r.enum) > 0 && !slices.Contains(r.enum, strconv.FormatFloat(x, 'f', -1, 64)):
		return oneOf(r.enum)
	case inside:
		return ""
	case hasLow && hasHigh:
		return fmt.Sprintf("a number from %v to %v", low, high)
	case hasLow:
		return fmt.Sprintf("%v or more", low)
	}
	return fmt.Sprintf("%v or less", high)
}

func (r rule) checkLength(n int) string {
	low, hasLow := r.bounds["minItems"]
	high, hasHigh := r.bounds["maxItems"]
	switch {
	case hasLow && float64(n) < low:
		return fmt.Sprintf("at least %v", low)
	case hasHigh && float64(n) > high:
		return fmt.Sprintf("at most %v", high)
	}
	return ""
}
