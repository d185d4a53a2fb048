package detect

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io"
	"path"
	"slices"
	"strings"
)

// manifest is what package.json tells.
type manifest struct {
	Main         string            `json:"main"`
	Scripts      map[string]string `json:"scripts"`
	Dependencies map[string]string `json:"dependencies"`
	Workspaces   json.RawMessage   `json:"workspaces"`
	files        map[string]bool
}

func (s *search) read(name string) []byte {
	f, err := s.root.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostText))
	if err != nil {
		return nil
	}
	return raw
}

// packageJSON reads a Node package; the zero manifest where there is none.
func (s *search) packageJSON(dir string, files map[string]bool) manifest {
	var m manifest
	if !files["package.json"] || json.Unmarshal(s.read(path.Join(dir, "package.json")), &m) != nil {
		return manifest{}
	}
	m.files = files
	return m
}

// server reports whether the package answers requests by itself.
func (m manifest) server() bool {
	if m.files["server.js"] || m.files["server.mjs"] || m.files["server.cjs"] {
		return true
	}
	if m.Scripts["start"] == "" {
		return false
	}
	for _, dep := range []string{"express", "fastify", "koa", "@hapi/hapi", "@nestjs/core", "hono", "restify", "polka", "next", "nuxt"} {
		if _, ok := m.Dependencies[dep]; ok {
			return true
		}
	}
	return false
}

func (m manifest) buildCommand() string {
	if m.Scripts["build"] != "" {
		return "npm ci && npm run build"
	}
	return "npm ci --omit=dev"
}

// start is the file that runs the server: of the start script where it says
// one, else the usual names.
func (m manifest) start(files map[string]bool) string {
	if words := strings.Fields(m.Scripts["start"]); len(words) == 2 && words[0] == "node" {
		return words[1]
	}
	for _, name := range []string{"server.js", "server.mjs", "server.cjs"} {
		if files[name] {
			return name
		}
	}
	if m.Main != "" {
		return m.Main
	}
	return "index.js"
}

// output is the folder that the build of a web UI writes: one that is there, or
// what its tool writes by default.
func output(m manifest, folders []string) string {
	for _, name := range []string{"dist", "build", "out", "www"} {
		if slices.Contains(folders, name) {
			return name
		}
	}
	switch build := m.Scripts["build"]; {
	case strings.Contains(build, "react-scripts"):
		return "build"
	case strings.Contains(build, "next"):
		return "out"
	case strings.Contains(build, "hugo"), strings.Contains(build, "gatsby"):
		return "public"
	}
	return "dist"
}

// serves reports whether a folder is a Go main package that imports net/http or
// one of the packages that stand for it.
func (s *search) serves(dir string, files map[string]bool) bool {
	isMain, http := false, false
	for name := range files {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, s.read(path.Join(dir, name)), parser.ImportsOnly)
		if err != nil {
			continue
		}
		isMain = isMain || f.Name.Name == "main"
		for _, i := range f.Imports {
			http = http || serverImport(strings.Trim(i.Path.Value, `"`))
		}
	}
	return isMain && http
}

func serverImport(name string) bool {
	if name == "net/http" {
		return true
	}
	for _, p := range []string{
		"github.com/gin-gonic/gin", "github.com/labstack/echo", "github.com/gofiber/fiber",
		"github.com/go-chi/chi", "github.com/gorilla/mux", "github.com/valyala/fasthttp",
	} {
		if name == p || strings.HasPrefix(name, p+"/") {
			return true
		}
	}
	return false
}
