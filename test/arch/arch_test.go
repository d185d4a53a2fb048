// Package arch holds the import rule of ARCHITECTURE.md as a test, and nothing
// else.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// may says which of our packages a package may import: itself and what lies
// below it always, and these with what lies below them. The longest name that
// fits a package counts.
var may = map[string][]string{
	"fault":          {},
	"delivery":       {"fault"},
	"bucket":         {"delivery", "fault"},
	"release":        {"bucket", "delivery", "fault"},
	"ledger":         {"bucket", "delivery", "fault"},
	"config":         {"delivery", "fault"},
	"oci":            {"delivery", "fault"},
	"pack":           {"release", "oci", "delivery", "fault"},
	"engine":         {"delivery", "fault"},
	"gate/command":   {"delivery", "fault"},
	"gate/http":      {"delivery", "fault"},
	"target/local":   {"delivery", "fault"},
	"face/cli":       {"config", "engine", "delivery", "fault"},
	"demo":           {"engine", "delivery", "fault"},
	"app":            {""}, // sees all
	"../cmd/falkirk": {"app"},
}

// onlyStandard may import no module but the standard library.
var onlyStandard = []string{"fault", "delivery"}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports", "falkirk/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name := inside(p.ImportPath)
		if strings.HasPrefix(name, "../test/") {
			continue
		}
		room, ok := roomOf(name)
		if !ok {
			t.Errorf("%s is in no room of the house: give it one in ARCHITECTURE.md and here", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			checkImport(t, room, name, imported)
		}
	}
}

func checkImport(t *testing.T, room, name, imported string) {
	t.Helper()
	if !strings.HasPrefix(imported, "falkirk/") {
		if strings.Contains(strings.Split(imported, "/")[0], ".") && slices.Contains(onlyStandard, room) {
			t.Errorf("%s imports %s: it may use the standard library only", name, imported)
		}
		return
	}
	other := inside(imported)
	if below(other, room) {
		return
	}
	if !slices.ContainsFunc(may[room], func(allowed string) bool { return below(other, allowed) }) {
		t.Errorf("%s imports %s, which it may not; see ARCHITECTURE.md", name, other)
	}
}

func TestEveryRoomIsThere(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for room := range may {
		if !slices.ContainsFunc(all, func(p listed) bool { return below(inside(p.ImportPath), room) }) {
			t.Errorf("the rule names %s, which does not exist", room)
		}
	}
}

// inside is a package's path from internal.
func inside(path string) string {
	if s, ok := strings.CutPrefix(path, "falkirk/internal/"); ok {
		return s
	}
	return "../" + strings.TrimPrefix(path, "falkirk/")
}

func roomOf(name string) (string, bool) {
	best, found := "", false
	for room := range may {
		if below(name, room) && len(room) >= len(best) {
			best, found = room, true
		}
	}
	return best, found
}

func below(name, room string) bool {
	return room == "" || name == room || strings.HasPrefix(name, room+"/")
}
