package detect

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/config"
	"falkirk/internal/fault"
)

const goServer = "package main\n\nimport \"net/http\"\n\nfunc main() { http.ListenAndServe(\"\", nil) }\n"

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "My Shop")
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestDetect(t *testing.T) {
	t.Parallel()
	if err := os.MkdirAll(filepath.Join(t.TempDir(), "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  []Component
	}{
		"built UI and Go service": {
			map[string]string{
				"web/package.json":                `{"scripts":{"build":"vite build"}}`,
				"web/index.html":                  "x",
				"web/public/index.html":           "x",
				"web/node_modules/a/index.html":   "x",
				"cmd/api/main.go":                 goServer,
				"cmd/tool/main.go":                "package main\nfunc main() {}\n",
				".git/dist/index.html":            "x",
				"internal/x/x.go":                 "package x\nimport \"net/http\"\n",
				"a/b/c/d/e/f/too/deep/index.html": "x",
			},
			[]Component{
				{Name: "web", Form: Site, Path: "web/dist", Build: "cd web && npm ci && npm run build"},
				{Name: "api", Form: Go, Path: "cmd/api", Build: "CGO_ENABLED=0 go build -trimpath -o bin/api ./cmd/api"},
			},
		},
		"Dockerfile wins over what it wraps": {
			map[string]string{"api/Dockerfile": "FROM scratch", "api/main.go": goServer, "worker.Dockerfile": "FROM scratch"},
			[]Component{
				{Name: "api", Form: Dockerfile, Path: "api/Dockerfile"},
				{Name: "worker", Form: Dockerfile, Path: "worker.Dockerfile"},
			},
		},
		"Node": {
			map[string]string{
				"package.json":      `{"scripts":{"start":"node src/app.js"},"dependencies":{"express":"5"}}`,
				"public/index.html": "x",
			},
			[]Component{{Name: "my-shop", Form: Node, Path: ".", Build: "npm ci --omit=dev", Start: "src/app.js"}},
		},
		"server.js without scripts": {
			map[string]string{"svc/package.json": `{}`, "svc/server.js": ""},
			[]Component{{Name: "svc", Form: Node, Path: "svc", Build: "cd svc && npm ci --omit=dev", Start: "server.js"}},
		},
		"plain output folder": {
			map[string]string{"dist/start.html": "x"},
			[]Component{{Name: "web", Form: Site, Path: "dist"}},
		},
		"same names": {
			map[string]string{"a/api/main.go": goServer, "b/api/main.go": goServer},
			[]Component{
				{Name: "api", Form: Go, Path: "a/api", Build: "CGO_ENABLED=0 go build -trimpath -o bin/api ./a/api"},
				{Name: "api-2", Form: Go, Path: "b/api", Build: "CGO_ENABLED=0 go build -trimpath -o bin/api-2 ./b/api"},
			},
		},
		"broken package.json": {map[string]string{"package.json": "{", "README": ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, c.files)
			g, err := Detect(dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Guess{App: "my-shop", Components: c.want}, g); diff != "" {
				t.Error(diff)
			}
			loads(t, dir, g)
		})
	}
}

// loads writes the file as the command does and reads it as every command does.
func loads(t *testing.T, dir string, g Guess) {
	t.Helper()
	a, err := Questions(g, func(_, standard string) (string, error) { return standard, nil })
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, config.FileName)
	if err := Write(path, Render(g, a)); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path, standIns(), os.LookupEnv)
	if err != nil {
		t.Fatalf("%v\n%s", err, Render(g, a))
	}
	var names []string
	for _, e := range f.App.Environments {
		names = append(names, fmt.Sprint(e.Name, e.Protected))
	}
	if diff := cmp.Diff([]string{"devfalse", "satfalse", "prdtrue"}, names); diff != "" {
		t.Error(diff)
	}
	if want := max(1, len(g.Components)); len(f.App.Components) != want {
		t.Errorf("%d components, want %d", len(f.App.Components), want)
	}
}

// The settings that Render uses, as the real kinds have them.
func standIns() config.Kinds {
	type site struct {
		Path string `json:"path" jsonschema:"required"`
	}
	type image struct {
		Dockerfile string   `json:"dockerfile"`
		Binary     string   `json:"binary"`
		Folder     string   `json:"folder"`
		Base       string   `json:"base"`
		Entrypoint []string `json:"entrypoint"`
	}
	type local struct {
		Port int    `json:"port"`
		Path string `json:"path"`
	}
	return config.Kinds{
		Components: []config.Kind{{Name: "site", New: func() any { return &site{} }}, {Name: "image", New: func() any { return &image{} }}},
		Targets:    []config.Kind{{Name: "local", New: func() any { return &local{} }}},
	}
}

func TestRenderAnyName(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"on", "true", "null", "y"} {
		dir := folder(t, map[string]string{word + "/index.html": "x", "we ird: ${x}'/cmd/main.go": goServer})
		g, err := Detect(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(g.Components) != 2 {
			t.Fatalf("%+v", g)
		}
		loads(t, dir, g)
	}
}

func TestWriteLeavesWhatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "falkirk.yml")
	if err := Write(path, []byte("app: mine\n")); err != nil {
		t.Fatal(err)
	}
	err := Write(path, []byte("app: other\n"))
	if !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "--dry-run") {
		t.Errorf("got %v, hint %q", err, fault.HintOf(err))
	}
	raw, err := os.ReadFile(path)
	if err != nil || string(raw) != "app: mine\n" {
		t.Errorf("file is %q, %v", raw, err)
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	g := Guess{App: "shop", Components: []Component{{Name: "web", Form: Site}, {Name: "api", Form: Go}, {Name: "old", Form: Go}}}
	answers := []string{"My Shop", "store", "web old1", "web, api"}
	a, err := Questions(g, func(string, string) (string, error) {
		next := answers[0]
		answers = answers[1:]
		return next, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Answers{App: "store", Components: g.Components[:2]}, a); diff != "" {
		t.Error(diff)
	}
	if _, err := Questions(g, func(string, string) (string, error) { return "?", nil }); !fault.Is(err, fault.Invalid) {
		t.Errorf("endless bad answers: %v", err)
	}
	if _, err := Detect(filepath.Join(t.TempDir(), "none")); !fault.Is(err, fault.NotFound) {
		t.Errorf("no folder: %v", err)
	}
}
