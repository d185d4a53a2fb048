package delivery

import "strings"

// Part is a part of a text of the app file: what is written there, or the value of a
// variable that ${env:NAME} names there.
type Part struct {
	Text     string
	Variable string // name; "" for what is written in the app file
	Escaped  bool   // $${ was written for it
}

// IsFixed reports whether the part is the value itself: no reference in it is filled in.
func (p Part) IsFixed() bool { return p.Escaped || p.Variable != "" }

// Written is a text of the app file that has ${env:NAME} or $${ in it, in parts. Nil
// is a text without.
type Written []Part

// Text adds what is written in the app file.
func (w Written) Text(s string) Written {
	if s == "" {
		return w
	}
	return append(w, Part{Text: s})
}

// Value is the text as it is used.
func (w Written) Value() string {
	var b strings.Builder
	for _, p := range w {
		b.WriteString(p.Text)
	}
	return b.String()
}

// ScriptVariable is the variable of an exported script that has the value of a
// variable of the environment. The script itself sets others, such as AWS_REGION.
func ScriptVariable(name string) string { return "falkirk_" + name }
