package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
)

// Event asks for one use case.
type Event struct {
	Use   string          `json:"use"`             // the name of the use case: "inspect.status"
	Query json.RawMessage `json:"query,omitempty"` // its request; docs/json.md has the fields
	File  string          `json:"file,omitempty"`  // the app file; empty: falkirk.yml beside the program
	Jobs  string          `json:"jobs,omitempty"`  // a file of jobs for image.sync, in place of an app file
}

// read reads an event, and refuses files from anywhere else than where app files are.
func (f Function) read(raw json.RawMessage) (Event, usecase.Entry, error) {
	ev, err := usecase.Decode[Event](raw)
	if err != nil {
		return ev, usecase.Entry{}, fmt.Errorf(`the event is not like {"use": "inspect.status", "query": {"environment": "prd"}, "file": "falkirk.yml"}: %w`, err)
	}
	if ev.Use == "" {
		return ev, usecase.Entry{}, errors.New(`the event names no use case, such as {"use": "inspect.status"}`)
	}
	entry, err := f.Catalog.Find(ev.Use, usecase.Remote)
	if err != nil {
		return ev, entry, err
	}
	if ev.File != "" {
		if err := f.inside(ev.File); err != nil {
			return ev, entry, fmt.Errorf("the app file %w", err)
		}
	}
	if ev.Jobs != "" {
		if err := f.inside(ev.Jobs); err != nil {
			return ev, entry, fmt.Errorf("the file of jobs %w", err)
		}
	}
	return ev, entry, nil
}

// inside refuses a file that lies, or leads, anywhere else.
func (f Function) inside(path string) error {
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

// namesIn are the names in a request, such as a version: they are no secrets. Any
// other text may be one.
func namesIn(raw json.RawMessage) []string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	var all []string
	var walk func(field string, v any)
	walk = func(field string, v any) {
		switch v := v.(type) {
		case string:
			if field == "version" && delivery.CheckVersion(v) == nil {
				all = append(all, v)
			}
		case []any:
			for _, x := range v {
				walk(field, x)
			}
		case map[string]any:
			for name, x := range v {
				walk(name, x)
			}
		}
	}
	walk("", v)
	return all
}
