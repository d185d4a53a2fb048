package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// emit writes a tree as YAML in block style; with a file name, every scalar
// gets a comment that says where it came from.
func emit(n *node, file string) []byte {
	e := emitter{file: file}
	e.mapping(n, 0)
	return e.Bytes()
}

type emitter struct {
	bytes.Buffer
	file string
}

func (e *emitter) mapping(n *node, depth int) {
	for i, f := range n.fields {
		if i > 0 || depth == 0 || !e.afterDash() {
			e.WriteString(strings.Repeat("  ", depth))
		}
		e.WriteString(quote(f.name) + ":")
		e.value(f.node, depth+1)
	}
}

// afterDash reports whether the line has begun with the dash of a list.
func (e *emitter) afterDash() bool { return bytes.HasSuffix(e.Bytes(), []byte("- ")) }

func (e *emitter) value(n *node, depth int) {
	switch {
	case len(n.fields) > 0:
		e.WriteByte('\n')
		e.mapping(n, depth)
	case len(n.items) > 0:
		e.WriteByte('\n')
		for _, item := range n.items {
			e.WriteString(strings.Repeat("  ", depth) + "-")
			e.item(item, depth)
		}
	default:
		e.WriteString(" " + scalar(n))
		e.origin(n)
	}
}

func (e *emitter) item(n *node, depth int) {
	if len(n.fields) > 0 {
		e.WriteByte(' ')
		e.mapping(n, depth+1)
		return
	}
	e.value(n, depth+1)
}

func (e *emitter) origin(n *node) {
	switch {
	case e.file == "":
	case n.line == 0:
		e.WriteString("  # default")
	default:
		e.WriteString("  # " + e.file + ":" + strconv.Itoa(n.line))
	}
	e.WriteByte('\n')
}

func scalar(n *node) string {
	switch {
	case n.shape == mapping:
		return "{}"
	case n.shape == list:
		return "[]"
	case n.shape == null:
		return "null"
	case n.shown != "":
		return quote(n.shown)
	case n.shape == text:
		return quote(strings.ReplaceAll(n.value.(string), "${", "$${"))
	}
	return fmt.Sprint(n.value)
}

var (
	plainText = regexp.MustCompile(`^[A-Za-z/$]([\w./@:+${}-]*[\w/}])?( [\w./@+-]+)*$`)
	otherWord = regexp.MustCompile(`(?i)^(true|false|null|yes|no|on|off|y|n)$`)
)

// quote writes a text so that YAML reads it back as that text.
func quote(s string) string {
	if plainText.MatchString(s) && !otherWord.MatchString(s) {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
