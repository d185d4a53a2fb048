package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validator compiles our schema with a library that is not ours; it also checks
// it against the draft's own schema.
func validator(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := Schema(testKinds())
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

// asJSON reads YAML as an editor does, by a decoder that knows nothing of config.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Skip("not YAML: ", err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestSchemaTakesWhatLoadTakes(t *testing.T) {
	t.Parallel()
	s := validator(t)
	files, err := filepath.Glob(filepath.Join("testdata", "good", "*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := load(raw, path, path, testKinds(), testEnv, false, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(asJSON(t, raw)); err != nil {
				t.Error(err)
			}
			shown, err := f.Show()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(asJSON(t, shown)); err != nil {
				t.Errorf("as shown: %v", err)
			}
		})
	}
}

func TestSchemaRefusesWhatIsMisshapen(t *testing.T) {
	t.Parallel()
	s := validator(t)
	// What these have wrong is no matter of shape: references, order, doubles,
	// the environment, rules between values, text that is not one document, and
	// aliases that an ordinary decoder would expand without end.
	beyond := []string{"references", "order", "together", "check", "no-target", "merged-origin", "documents", "bom-crlf", "bomb", "interpolation"}
	files, err := filepath.Glob(filepath.Join("testdata", "bad", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, path := range files {
		if slices.Contains(beyond, strings.TrimSuffix(filepath.Base(path), ".yml")) {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var invalid *jsonschema.ValidationError
			if err := s.Validate(asJSON(t, raw)); !errors.As(err, &invalid) {
				t.Errorf("accepted: %v", err)
			}
			refused++
		})
	}
	if refused < 8 {
		t.Errorf("only %d files were judged", refused)
	}
}

// Each of these differs from a good file in one thing.
func TestSchemaAndLoadAgree(t *testing.T) {
	t.Parallel()
	s := validator(t)
	head, web := "app: shop\n", "components: {web: {site: {path: dist}}}\n"
	dev := "environments: [{name: dev, target: {local: {}}}]\n"
	env := func(inside string) string { return head + web + "environments: [{name: dev, " + inside + "}]\n" }
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"plain":                {head + web + dev, true},
		"no app":               {web + dev, false},
		"app null":             {"app:\n" + web + dev, false},
		"store null":           {head + "store:\n" + web + dev, true},
		"store ftp":            {head + "store: ftp://x\n" + web + dev, false},
		"keep as text":         {head + "keep: '2'\n" + web + dev, false},
		"keep from env":        {head + "keep: ${env:ONE}\n" + web + dev, true},
		"keep negative":        {head + "keep: -1\n" + web + dev, false},
		"no component":         {head + "components: {}\n" + dev, false},
		"no environment":       {head + web + "environments: []\n", false},
		"component null":       {head + "components: {web: }\n" + dev, false},
		"block null":           {head + "components: {web: {site: }}\n" + dev, false},
		"two kinds":            {head + "components: {web: {site: {path: a}, image: {binary: b}}}\n" + dev, false},
		"target alone":         {env("target: {local: }"), true},
		"target null":          {env("target: {local: {}}, components: {web: }"), true},
		"two target kinds":     {env("target: {local: {}}, components: {web: {target: {local: {}, ecs: {}}}}"), false},
		"port from env":        {env(`target: {local: {port: "${env:PORT}"}}`), true},
		"debug from env":       {env(`target: {local: {debug: "${env:DEBUG}"}}`), true},
		"path from env":        {env(`target: {local: {path: "/${env:TEXT}"}}`), true},
		"port null":            {env("target: {local: {port: }}"), true},
		"port high":            {env("target: {local: {port: 70000}}"), false},
		"path shape":           {env("target: {local: {path: x}}"), false},
		"env value null":       {env("target: {local: {env: {A: }}}"), true},
		"env value number":     {env("target: {local: {env: {A: 1}}}"), false},
		"duration number":      {env("target: {local: {drain: 5}}"), false},
		"required at no level": {env("target: {local: {limits: {cpu: 1.5, memory: x}}}"), true},
		"region texts":         {env("target: {local: {}}, regions: [eu-1, {name: us-1}]"), true},
		"regions empty":        {env("target: {local: {}}, regions: []"), false},
		"regions null":         {env("target: {local: {}}, regions: "), true},
		"region number":        {env("target: {local: {}}, regions: [1]"), false},
		"region null":          {env("target: {local: {}}, regions: [~]"), false},
		"gate":                 {env("target: {local: {}}, gates: [{when: before prune, http: {component: web}}]"), true},
		"gate moment":          {env("target: {local: {}}, gates: [{when: at noon, http: {component: web}}]"), false},
		"gate no kind":         {env("target: {local: {}}, gates: [{when: before prune}]"), false},
		"gate enum":            {env("target: {local: {}}, gates: [{when: before prune, http: {component: web, mode: x}}]"), false},
		"gate item":            {env("target: {local: {}}, gates: [{when: before prune, http: {component: web, headers: [{}]}}]"), false},
		"gate run empty":       {env("target: {local: {}}, gates: [{when: before prune, command: {run: []}}]"), false},
		"account number":       {head + "accounts: {a: {id: 111111111111}}\n" + web + dev, false},
		"account":              {head + "accounts: {a: {id: '111111111111', via: []}}\n" + web + dev, true},
		"account name":         {head + "accounts: {A: {id: '111111111111'}}\n" + web + dev, false},
		"environment name":     {head + web + "environments: [{name: Dev, target: {local: {}}}]\n", false},
		"unknown key":          {head + "x: 1\n" + web + dev, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load([]byte(c.text), "f.yml", "/f.yml", testKinds(), testEnv, false, nil)
			if (err == nil) != c.want {
				t.Errorf("Load: %v\n%s", err, c.text)
			}
			if err := s.Validate(asJSON(t, []byte(c.text))); (err == nil) != c.want {
				t.Errorf("schema: %v\n%s", err, c.text)
			}
		})
	}
}

func TestMomentsAreThoseOfTheSchema(t *testing.T) {
	t.Parallel()
	fields := settingsFields(typeOf[gate]())
	got := fields[indexOf(fields, "when")].rule.enum
	if want := moments(); !slices.Equal(got, want) {
		t.Errorf("the tag says %v, delivery %v", got, want)
	}
}

func TestReference(t *testing.T) {
	t.Parallel()
	golden(t, filepath.Join("testdata", "reference.md"), string(Reference(testKinds())))
}
