package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"falkirk/internal/face/cli"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
)

// catalog is every use case of the program: a new room is a line.
func catalog(w ui.Wiring) usecase.Catalog {
	return usecase.NewCatalog(slices.Concat(
		w.Inspect.Entries(),
		w.Decide.Entries(),
		w.Release.Entries(),
		w.Image.Entries(),
	)...)
}

// Catalog is every use case of the program, and the commands that ask for each, by its
// name.
func Catalog() (usecase.Catalog, map[string][]string) {
	w, commands := wire(), map[string][]string{}
	for _, c := range cli.Commands(w) {
		for _, name := range c.Cases {
			commands[name] = append(commands[name], c.Path)
		}
	}
	return catalog(w), commands
}

// ThroughJSON carries every request and every result as JSON, as a face on another
// machine does. Only errors stay as they are.
func ThroughJSON(w *ui.Wiring) {
	all := catalog(*w)
	w.Via = func(c *usecase.Call) func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
		return func(ctx context.Context, name string, query json.RawMessage) (json.RawMessage, error) {
			e, err := all.Find(name, func(usecase.Entry) bool { return true })
			if err != nil {
				return nil, err
			}
			result, err := e.Do(ctx, c, query)
			raw, bad := json.Marshal(result)
			if bad != nil {
				return nil, errors.Join(err, bad)
			}
			return raw, err
		}
	}
}
