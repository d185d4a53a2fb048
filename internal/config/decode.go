package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decoder puts nodes into Go values, strictly: unknown keys and wrong types at
// any depth are problems at the place of the value in the file.
type decoder struct {
	rep     *report
	partial bool // one level of several that are merged: nothing is required yet
	lazy    bool // variables that are not set are told by who uses the value
}

// into decodes n into v; what is null keeps the default that v holds.
func (d decoder) into(n *node, v reflect.Value, label string, r rule) {
	if v.Type() == reflect.TypeFor[*node]() {
		v.Set(reflect.ValueOf(n))
		return
	}
	if n.unset != "" && !d.lazy {
		d.rep.add(n.pos, unsetProblem(n))
	}
	if n.shape == null || n.broken || d.partial && len(n.late) > 0 {
		return
	}
	if slices.ContainsFunc(n.late, isLater) {
		r = rule{} // its value is not known yet
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.into(n, v.Elem(), label, r)
		return
	}
	if d.custom(n, v, label) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.fields(n, v, label)
	case reflect.Map:
		d.entries(n, v, label)
	case reflect.Slice, reflect.Array:
		d.list(n, v, label, r)
	case reflect.Interface:
		v.Set(reflect.ValueOf(n.plain()))
	default:
		d.scalar(n, v, label, r)
	}
}

// custom decodes the types that read themselves.
func (d decoder) custom(n *node, v reflect.Value, label string) bool {
	switch t := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		raw, err := json.Marshal(n.plain())
		if err == nil {
			err = t.UnmarshalJSON(raw)
		}
		if err != nil {
			d.wrong(n, label, err)
		}
		return true
	case encoding.TextUnmarshaler:
		s, ok := n.value.(string)
		if !ok {
			d.mismatch(n, label, "a text"+quoted(n))
		} else if err := t.UnmarshalText([]byte(s)); err != nil {
			d.wrong(n, label, err)
		}
		return true
	}
	return false
}

// wrong reports what a type says of a value; the type's words quote the value,
// so they are left out where it must not be shown.
func (d decoder) wrong(n *node, label string, err error) {
	p := Problem{Text: label + ": " + err.Error(), Got: n.got()}
	if n.shown != "" || n.secret {
		p.Text = fmt.Sprintf("%s: the value of %s does not fit", label, n.got())
	}
	d.rep.add(n.pos, p)
}

func (d decoder) mismatch(n *node, label, want string) {
	d.rep.add(n.pos, Problem{Text: fmt.Sprintf("%s is %s", label, n.got()), Got: n.got(), Want: want})
}

// quoted is the advice for a number or a truth value where a text is wanted.
func quoted(n *node) string {
	if n.shape == boolean || n.shape == integer || n.shape == float {
		return " in quotes"
	}
	return ""
}

func (d decoder) fields(n *node, v reflect.Value, label string) {
	if n.shape != mapping {
		d.mismatch(n, label, "a mapping")
		return
	}
	known := settingsFields(v.Type())
	var names []string
	for _, f := range known {
		names = append(names, f.name)
		if f.rule.required && !d.partial && !n.has(f.name) {
			d.rep.add(n.pos, Problem{Text: fmt.Sprintf("%s has no %q", label, f.name), Want: f.rule.description})
		}
	}
	for _, f := range n.fields {
		i := indexOf(known, f.name)
		if i < 0 {
			d.rep.add(f.at, unknownKey(f.name, names))
			continue
		}
		d.into(f.node, v.FieldByIndex(known[i].index), f.name, known[i].rule)
	}
}

// unknownKey says that a key is not known and which one is near; where none
// is, it lists those that there are.
func unknownKey(name string, known []string) Problem {
	p := Problem{Text: fmt.Sprintf("unknown key %q", shorten(name)), Got: shorten(name), Suggest: nearest(name, known)}
	if p.Suggest == "" && len(known) > 0 {
		p.Want = oneOf(known)
	}
	return p
}

func oneOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "one of " + strings.Join(words, ", ")
}

func (d decoder) entries(n *node, v reflect.Value, label string) {
	if n.shape != mapping {
		d.mismatch(n, label, "a mapping")
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, f := range n.fields {
		if f.node.shape == null && !d.partial {
			d.mismatch(f.node, f.name, wanted(v.Type().Elem()))
			continue
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.into(f.node, value, f.name, rule{})
		v.SetMapIndex(reflect.ValueOf(f.name).Convert(v.Type().Key()), value)
	}
}

func (d decoder) list(n *node, v reflect.Value, label string, r rule) {
	if n.shape != list {
		d.mismatch(n, label, "a list")
		return
	}
	d.partial = false // lists replace, so their items are whole at every level
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	} else if len(n.items) != v.Len() {
		d.mismatch(n, label, fmt.Sprintf("a list of %d", v.Len()))
		return
	}
	for i, item := range n.items {
		name := fmt.Sprintf("%s[%d]", label, i)
		if item.shape == null {
			d.mismatch(item, name, wanted(v.Type().Elem()))
		}
		d.into(item, v.Index(i), name, r.items())
	}
	if problem := r.checkLength(len(n.items)); problem != "" {
		d.rep.add(n.pos, Problem{Text: fmt.Sprintf("%s has %d entries", label, len(n.items)), Want: problem})
	}
}

func (d decoder) scalar(n *node, v reflect.Value, label string, r rule) {
	s, isText := n.value.(string)
	fromEnv := isText && n.shown != ""
	ok := false
	switch v.Kind() {
	case reflect.String:
		if ok = isText; ok {
			v.SetString(s)
		}
	case reflect.Bool:
		b, isBool := n.value.(bool)
		if fromEnv {
			parsed, err := strconv.ParseBool(strings.TrimSpace(s))
			b, isBool = parsed, err == nil
		}
		if ok = isBool; ok {
			v.SetBool(b)
		}
	case reflect.Float32, reflect.Float64:
		f, isNumber := number(n, fromEnv)
		if ok = isNumber && !v.OverflowFloat(f); ok {
			v.SetFloat(f)
		}
	default:
		ok = setInt(n, v, fromEnv)
	}
	if !ok {
		d.mismatch(n, label, wanted(v.Type())+textAdvice(n, v))
		return
	}
	if want := r.check(v); want != "" {
		d.mismatch(n, label, want)
	}
}

func textAdvice(n *node, v reflect.Value) string {
	if v.Kind() == reflect.String {
		return quoted(n)
	}
	return ""
}

func number(n *node, fromEnv bool) (float64, bool) {
	switch x := n.value.(type) {
	case float64:
		return x, true
	case int64:
		return float64(x), true
	case uint64:
		return float64(x), true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return f, fromEnv && err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	return 0, false
}

func setInt(n *node, v reflect.Value, fromEnv bool) bool {
	value := n.value
	if s, ok := value.(string); ok && fromEnv {
		if i, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil {
			value = i
		}
	}
	switch x := value.(type) {
	case int64:
		return setSigned(x, v)
	case uint64:
		if v.CanUint() && !v.OverflowUint(x) {
			v.SetUint(x)
			return true
		}
		return x <= math.MaxInt64 && setSigned(int64(x), v)
	}
	return false
}

func setSigned(x int64, v reflect.Value) bool {
	switch {
	case v.CanInt() && !v.OverflowInt(x):
		v.SetInt(x)
	case v.CanUint() && x >= 0 && !v.OverflowUint(uint64(x)):
		v.SetUint(uint64(x))
	default:
		return false
	}
	return true
}

// wanted names a type for people.
func wanted(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		if t.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
			return "a text"
		}
		return "a mapping"
	case reflect.Interface:
		return "a value"
	}
	return "a whole number"
}
