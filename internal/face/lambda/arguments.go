package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// arguments is the command line of an event. What would make the answer
// something else than one document, or read a file from elsewhere, is refused.
func (f Function) arguments(raw json.RawMessage) ([]string, error) {
	var ev Event
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&ev); err != nil {
		return nil, fmt.Errorf(`the event is not like {"args": ["status", "prd"], "file": "falkirk.yml"}: %w`, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the event is more than one JSON value")
	}
	if len(ev.Args) == 0 || !slices.Contains(f.Verbs, ev.Args[0]) {
		return nil, fmt.Errorf("args must begin with one of: %s", strings.Join(f.Verbs, ", "))
	}
	if err := flags(ev.Args); err != nil {
		return nil, err
	}
	if err := f.files(ev.Args); err != nil {
		return nil, err
	}
	args := []string{"--output", "json"}
	if ev.File != "" {
		if err := f.inside(ev.File); err != nil {
			return nil, fmt.Errorf("the app file %w", err)
		}
		args = append(args, "--file", ev.File)
	}
	return append(args, ev.Args...), nil
}

func flags(args []string) error {
	for _, a := range args {
		name, _, _ := strings.Cut(a, "=")
		switch {
		case !strings.HasPrefix(a, "-"):
		case !strings.HasPrefix(a, "--") || a == "--":
			return fmt.Errorf("%q: write flags in full, such as --yes", a)
		case slices.Contains([]string{"--output", "--file", "--follow", "--save", "--help"}, name):
			return fmt.Errorf("%s does not fit: the answer is one JSON document, the app file is the event's file, and nothing else is read or written", name)
		}
	}
	return nil
}

// files refuses a file that a flag names anywhere else than where app files are.
func (f Function) files(args []string) error {
	for i, a := range args {
		name, path, joined := strings.Cut(a, "=")
		if !slices.Contains([]string{"--jobs", "--key"}, name) {
			continue
		}
		if !joined && i+1 < len(args) {
			path = args[i+1]
		}
		if err := f.inside(path); err != nil {
			return fmt.Errorf("the file of %s %w", name, err)
		}
	}
	return nil
}

// inside refuses a file that lies, or leads, anywhere else.
func (f Function) inside(path string) error {
	if path == "" {
		return errors.New("has no name")
	}
	at, err := filepath.EvalSymlinks(path)
	if err == nil {
		at, err = filepath.Abs(at)
	}
	if err != nil {
		return fmt.Errorf("cannot be found: %w", err)
	}
	for _, folder := range f.Folders {
		if real, err := filepath.EvalSymlinks(folder); err == nil && strings.HasPrefix(at, real+string(filepath.Separator)) {
			return nil
		}
	}
	return fmt.Errorf("must be in one of: %s", strings.Join(f.Folders, ", "))
}
