package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/template"
)

// Seen is what a template says before it is packed.
type Seen struct {
	*template.Template
	Size  int  // as it is packed, with aliases written out
	Files bool // it names local files

	Missing []error // local files that are not there; a build may make them
	Wrong   []error // what it names and cannot be packed: paths out of the app's folder, templates
}

// Check implements pack.Checker.
func (p packer) Check(_ context.Context, root string, c delivery.Component) error {
	var s Settings
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		return err
	}
	seen, err := Look(root, filepath.FromSlash(s.Template))
	return errors.Join(append(append(seen.Missing, seen.Wrong...), err)...)
}

// Look reads a template without packing it; an error is one that pack gives, too.
func Look(root, path string) (Seen, error) {
	return look(root, path, 0)
}

func look(root, path string, depth int) (Seen, error) {
	if depth > deepest {
		return Seen{}, tooDeep(path)
	}
	text, err := readFile(filepath.Join(root, path))
	if err != nil {
		return Seen{}, err
	}
	ready, err := references(path, text)
	if err != nil {
		return Seen{}, err
	}
	t, err := template.Parse(path, ready.text)
	seen := Seen{Template: t, Size: len(ready.text), Files: len(ready.found) > 0}
	for _, f := range ready.found {
		seen.follow(root, path, f, depth)
	}
	return seen, err
}

// follow looks at a local file that a template names, and into a template.
func (s *Seen) follow(root, from string, f found, depth int) {
	at := fmt.Sprintf("%s:%d:%d: %s", from, f.line, f.column, f.where)
	path, err := inFolder(from, f.path)
	if err != nil {
		s.Wrong = append(s.Wrong, fmt.Errorf("%s: %w", at, err))
		return
	}
	if _, err := os.Stat(filepath.Join(root, path)); errors.Is(err, fs.ErrNotExist) {
		s.Missing = append(s.Missing, fault.New(fault.NotFound, "%s: there is no file or folder %s", at, path))
		return
	}
	if !f.nested {
		return
	}
	below, err := look(root, path, depth+1)
	if err != nil {
		s.Wrong = append(s.Wrong, fmt.Errorf("%s: %w", at, err))
	}
	s.Missing, s.Wrong = append(s.Missing, below.Missing...), append(s.Wrong, below.Wrong...)
}

func tooDeep(path string) error {
	return fault.New(fault.Invalid, "%s: templates inside of templates, more than %d deep", path, deepest)
}
