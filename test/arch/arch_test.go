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
// below it always, and these with what lies below them. A star stands for one
// folder: each that is there is a room of its own.
var may = map[string][]string{
	"fault":            {},
	"delivery":         {"fault"},
	"fence":            {"fault"},
	"guard":            {"fence", "fault"},
	"bucket":           {"network", "fence", "delivery", "fault"},
	"release":          {"bucket", "fence", "delivery", "fault"},
	"ledger":           {"bucket", "fence", "delivery", "fault"},
	"freeze":           {"delivery", "fault"},
	"config":           {"yamltext", "freeze", "delivery", "regular", "fault"},
	"deflate":          {"fault"},
	"limit":            {},
	"yamltext":         {},        // what YAML parsers report badly
	"network":          {"fault"}, // why a request reached no server
	"git":              {},        // runs the git command in the repository of a folder
	"quote":            {},        // text from outside, made safe to show
	"regular":          {"fault"}, // opens files that a user names
	"oci":              {"network", "deflate", "limit", "fence", "delivery", "regular", "fault"},
	"diff":             {"git", "oci", "delivery", "fault"},
	"template":         {"yamltext", "fault"}, // CloudFormation templates, as they are read
	"pack":             {"template", "git", "release", "oci", "deflate", "delivery", "regular", "fault"},
	"rule":             {"freeze", "delivery", "fault"},
	"engine":           {"rule", "fence", "delivery", "fault"},
	"gate/*":           {"network", "guard", "fence", "delivery", "regular", "fault"}, // each kind knows no other
	"gate/approval":    {"signing", "delivery", "regular", "fault"},
	"signing":          {"git", "regular", "guard", "delivery", "fault"},
	"notice":           {"network", "delivery", "quote", "fault"},
	"notice/*":         {"notice", "delivery", "fault"},
	"aws/*":            {"network", "template", "aws/account", "aws/partition", "limit", "fence", "delivery", "fault"}, // each talks to one service
	"aws/account":      {"network", "guard", "fence", "delivery", "fault"},                                             // ends a program that gives credentials
	"aws/doctor":       {"aws", "delivery", "fault"},
	"aws/syncfunction": {"aws", "blueprint", "delivery", "regular", "fault"},
	"aws/prepare":      {"aws", "blueprint", "delivery", "fault"},
	"kube":             {"network", "fault"},
	"aws/syncsetup":    {"aws", "blueprint", "kube", "delivery", "fault"},
	"k9":               {"regular", "yamltext", "fault"},
	"blueprint/*":      {"aws/policy", "delivery", "fault"},
	"registries":       {"aws/ecr", "oci", "network", "fence", "delivery", "fault"},
	"imagesync":        {"aws/policy", "config", "regular", "k9", "bucket", "registries", "aws/ecr", "aws/partition", "oci", "limit", "delivery", "fault"},
	"target/*":         {"network", "template", "registries", "aws", "oci", "release", "bucket", "guard", "fence", "delivery", "fault"},
	"images":           {"registries", "aws/ecr", "oci", "delivery", "fault"},
	"usecase":          {"images", "imagesync", "config", "diff", "engine", "freeze", "rule", "delivery", "quote", "fault"},
	"face/document":    {"usecase", "config", "fault"},
	"face/cli":         {"usecase", "face/document", "network", "config", "engine", "delivery", "quote", "fault"},
	"face/cli/ui":      {"usecase", "face/document", "network", "config", "engine", "rule", "delivery", "regular", "quote", "fault"},
	"face/cli/*":       {"face/cli/ui", "usecase", "images", "imagesync", "config", "diff", "engine", "freeze", "rule", "delivery", "regular", "quote", "fault"}, // no room knows another
	"face/lambda":      {"usecase", "face/document", "engine", "delivery", "fault"},
	"redact":           {"engine", "ledger", "release", "network", "delivery", "fault"},
	"demo":             {"engine", "delivery", "fault"},
	"app":              {""}, // sees all
	"../cmd/falkirk":   {"app"},
	"../ship":          {"oci"},
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
		room, allowed, ok := roomOf(name)
		if !ok {
			t.Errorf("%s is in no room of the house: give it one in ARCHITECTURE.md and here", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			checkImport(t, room, allowed, name, imported)
		}
	}
}

func checkImport(t *testing.T, room string, allowed []string, name, imported string) {
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
	if !slices.ContainsFunc(allowed, func(a string) bool { return below(other, a) }) {
		t.Errorf("%s imports %s, which it may not; see ARCHITECTURE.md", name, other)
	}
}

func TestEveryRoomIsThere(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for room := range may {
		room := strings.TrimSuffix(room, "/*")
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

// roomOf finds the room that a package is in, and what that room may import: by the
// rule with the longest path. A room with a rule of its own is not one of its family.
func roomOf(name string) (room string, allowed []string, ok bool) {
	for rule, imports := range may {
		here, family := strings.CutSuffix(rule, "/*")
		if family {
			kind, inFamily := strings.CutPrefix(name, here+"/")
			if !inFamily {
				continue
			}
			kind, _, _ = strings.Cut(kind, "/")
			if here += "/" + kind; may[here] != nil {
				continue
			}
		}
		if below(name, here) && len(here) > len(room) {
			room, allowed, ok = here, imports, true
		}
	}
	return room, allowed, ok
}

func below(name, room string) bool {
	return room == "" || name == room || strings.HasPrefix(name, room+"/")
}

// TestUseCasesKnowNoFace: use cases are asked for from elsewhere too, so they read no
// file of this machine, no variable and no flag, and speak to no network themselves.
func TestUseCasesKnowNoFace(t *testing.T) {
	t.Parallel()
	found := 0
	for _, p := range packages(t) {
		if !below(inside(p.ImportPath), "usecase") {
			continue
		}
		found++
		for _, imported := range p.Imports {
			for _, not := range []string{"os", "net", "flag", "log", "path/filepath", "github.com/spf13"} {
				if below(imported, not) {
					t.Errorf("%s imports %s: that is for a face, or for what internal/app gives it", p.ImportPath, imported)
				}
			}
		}
	}
	if found < 2 {
		t.Errorf("%d packages of use cases were looked at", found)
	}
}
