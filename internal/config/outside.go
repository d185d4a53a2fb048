package config

import (
	"fmt"
	"strings"

	"falkirk/internal/delivery"
)

// Finding is what does not fit between an app file and the files that it names.
type Finding struct {
	Landing *delivery.Landing // the block of this target; nil: the path begins at the top of the app file
	Path    []string          // leads to the value that the finding is about
	Value   string            // part of that value, where the path leads to a block; empty: it is the block
	Text    string
	Warning bool
}

// CheckError is everything that Check has found in a file with problems.
type CheckError struct {
	error
	Warnings Problems // what is allowed and may be a mistake
}

// Unwrap is the problems.
func (e *CheckError) Unwrap() error { return e.error }

// Check is Load that also reads the files that the app file names: what outside
// finds is in the same list of problems, or in the warnings. Its error is a CheckError.
func Check(path string, kinds Kinds, getenv func(string) (string, bool), outside func(delivery.App) []Finding) (*File, error) {
	return loadFile(path, kinds, getenv, false, outside)
}

// lookOutside adds what the files say that the app file names.
func (b *builder) lookOutside(root *node) {
	if b.outside == nil {
		return
	}
	for _, f := range b.outside(b.file.App) {
		at := b.findingAt(root, f)
		if f.Warning {
			b.rep.warn(at, Problem{Text: f.Text})
		} else {
			b.rep.add(at, Problem{Text: f.Text})
		}
	}
}

func (b *builder) findingAt(root *node, f Finding) pos {
	block := root
	if f.Landing != nil {
		for _, l := range b.landings {
			if l.Place == f.Landing.Place && l.Component == f.Landing.Component {
				block = l.block
			}
		}
	}
	found := block.find(f.Path)
	if value := found.holding(f.Value); f.Value != "" && value != nil {
		return value.pos
	}
	return found.pos
}

// holding is the first text in it with this part; nil where there is none.
func (n *node) holding(part string) *node {
	if s, ok := n.value.(string); ok && strings.Contains(s, part) {
		return n
	}
	for _, i := range n.items {
		if found := i.holding(part); found != nil {
			return found
		}
	}
	for _, f := range n.fields {
		if found := f.node.holding(part); found != nil {
			return found
		}
	}
	return nil
}

// Place is file:line:column.
func (p Problem) Place() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }
