package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"falkirk/internal/yamltext"
)

// The limits on an app file: far above what people write, far below what hurts.
const (
	mostBytes = 1 << 20
	mostDepth = 64
	mostNodes = 50_000 // after aliases
	// The parser takes time by the square of the entries of one mapping: a
	// second for these.
	mostTokens = 60_000
)

// parse reads the text of an app file; nil when there is no usable value, and
// then the report says why.
func parse(raw []byte, rep *report, getenv func(string) (string, bool), lazy bool) *node {
	src, ok := clean(raw, rep)
	if !ok {
		return nil
	}
	rep.lines = strings.Split(src, "\n")
	if r := yamltext.OneDocument(src); r != nil {
		rep.add(pos{r.Line, r.Column}, Problem{Text: r.Text, Want: r.Want})
		return nil
	}
	doc := syntax(src, rep)
	if doc == nil {
		return nil
	}
	c := &converter{rep: rep, getenv: getenv, lazy: lazy, anchors: map[string]*node{}}
	n := c.node(doc, 0)
	if c.count > mostNodes {
		return nil
	}
	return n
}

// clean takes off a byte order mark and carriage returns, and refuses what is
// not text.
func clean(raw []byte, rep *report) (string, bool) {
	if len(raw) > mostBytes {
		rep.add(pos{}, Problem{Text: "the file is larger than 1 MiB", Want: "a short file: what differs between releases belongs into them"})
		return "", false
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	if odd := yamltext.Odd(raw); odd != nil {
		rep.add(pos{odd.Line, odd.Column}, Problem{Text: odd.Text, Want: odd.Want})
		return "", false
	}
	return string(raw), true
}

// syntax parses one YAML document; nil when there is none.
func syntax(src string, rep *report) (doc ast.Node) {
	defer func() {
		// The parser is not ours: whatever it trips over is a mistake in the file.
		if recover() != nil {
			rep.add(pos{1, 1}, Problem{Text: "the YAML cannot be read"})
			doc = nil
		}
	}()
	tokens := lexer.Tokenize(src)
	if len(tokens) > mostTokens {
		rep.add(place(tokens[mostTokens]), Problem{Text: "too many values", Want: "a file of less than 20000 entries"})
		return nil
	}
	if !shallow(tokens, rep) {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		rep.add(syntaxError(err, rep))
		return nil
	}
	docs := slices.DeleteFunc(file.Docs, func(d *ast.DocumentNode) bool { return d.Body == nil })
	if len(docs) == 0 {
		rep.add(pos{1, 1}, emptyFile())
		return nil
	}
	return docs[0].Body
}

// explain puts no-break spaces in the place of what is wrong because of them: names
// and texts with one look right.
func (r *report) explain() {
	if len(r.list) == 0 {
		return
	}
	reasons := yamltext.NoBreak(strings.Join(r.lines, "\n"))
	if len(reasons) > 0 {
		r.list = nil
	}
	for _, one := range reasons {
		r.add(pos{one.Line, one.Column}, Problem{Text: one.Text, Want: one.Want})
	}
}

func emptyFile() Problem {
	return Problem{Text: "the file is empty", Want: "app, components and environments"}
}

func syntaxError(err error, rep *report) (pos, Problem) {
	var at pos
	message := "cannot be read"
	var e interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &e) {
		message = e.GetMessage()
		if e.GetToken() != nil {
			at = place(e.GetToken())
		}
	}
	p := Problem{Text: "not YAML: " + message}
	if strings.Contains(message, "'\t'") {
		p.Text, p.Want = "not YAML: a tab", "spaces"
	}
	if at.line >= 1 && at.line <= len(rep.lines) && strings.Contains(rep.lines[at.line-1], "${") {
		p.Want = `"${env:NAME}" in quotes inside {…} and […]`
	}
	return at, p
}

// shallow refuses nesting that would send a recursive parser deep: brackets,
// indentation, and lists in lists on one line.
func shallow(tokens token.Tokens, rep *report) bool {
	brackets, run, values, line := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position == nil {
			continue
		}
		if t.Position.Line != line {
			line, values = t.Position.Line, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			brackets++
		case token.MappingEndType, token.SequenceEndType:
			brackets--
		case token.MappingValueType:
			if brackets <= 0 {
				values++
			}
		}
		switch t.Type {
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType, token.AliasType:
			run++
		case token.StringType:
		default:
			run = 0
		}
		deep := brackets > mostDepth || run > mostDepth || values > mostDepth ||
			(t.Type != token.CommentType && t.Position.IndentNum > 4*mostDepth)
		if deep {
			rep.add(place(t), Problem{Text: "nested too deeply", Want: fmt.Sprintf("at most %d levels", mostDepth)})
			return false
		}
	}
	return true
}

func place(t *token.Token) pos {
	if t == nil || t.Position == nil {
		return pos{1, 1}
	}
	return pos{t.Position.Line, t.Position.Column}
}

// start is where a value begins; a mapping's own token is its first colon.
func start(n ast.Node) pos {
	switch v := n.(type) {
	case *ast.MappingNode:
		if !v.IsFlowStyle && len(v.Values) > 0 {
			return start(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return start(v.Key)
	case *ast.AnchorNode:
		if v.Value != nil {
			return start(v.Value)
		}
	}
	if n == nil {
		return pos{1, 1}
	}
	return place(n.GetToken())
}
