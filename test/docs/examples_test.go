package docs

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"falkirk/test/harness"
)

var example = regexp.MustCompile("(?s)```yaml\n(# falkirk.yml\n.*?)```")

// TestExamplesAreRight checks every app file that the documents show, and that
// of test/thirdparty, with the program and with a JSON Schema library.
func TestExamplesAreRight(t *testing.T) {
	t.Parallel()
	examples := map[string]string{}
	for _, page := range []string{"README.md", "docs/guide.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range example.FindAllStringSubmatch(string(text), -1) {
			examples[page] = m[1]
		}
	}
	text, err := os.ReadFile(filepath.Join(root, "test/thirdparty/falkirk.yml"))
	if err != nil {
		t.Fatal(err)
	}
	examples["test/thirdparty"] = string(text)
	if len(examples) != 3 {
		t.Fatalf("%d examples found", len(examples))
	}
	schema := schemaOf(t)
	for name, text := range examples {
		var doc any
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check(t, name, text)
	}
}

func schemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "docs/falkirk.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("falkirk.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("falkirk.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func check(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "falkirk.yml")
	if err := os.WriteFile(path, []byte(strings.TrimSpace(text)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	falkirk, _ := harness.Programs(t)
	cmd := exec.CommandContext(t.Context(), falkirk, "config", "check", "-f", path)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "DATABASE_URL=postgres://x")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}
