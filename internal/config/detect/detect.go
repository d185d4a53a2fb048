// Package detect looks at a folder and guesses the app that is in it, so that
// `falkirk init` can write a first falkirk.yml. It runs nothing and knows
// nothing of how components are packed.
package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// Form is what a component was recognised by.
type Form string

// The forms.
const (
	Site       Form = "site"       // a folder with index.html, or the output of a build
	Dockerfile Form = "dockerfile" // a Dockerfile or Containerfile
	Go         Form = "go"         // a Go main package that serves HTTP
	Node       Form = "node"       // a package.json with a server
)

// Component is one part that was found.
type Component struct {
	Name  string
	Form  Form
	Path  string // slash-separated, relative: the folder, or the Dockerfile
	Build string // the command that makes it ready to be packed; may be empty
	Start string // Node: the file that starts it
}

// Guess is what a folder seems to hold.
type Guess struct {
	App        string
	Components []Component
}

// The bounds on the search: an app's parts stand near its root.
const (
	mostDepth   = 4
	mostFolders = 2000
	mostText    = 1 << 20 // bytes of one file that are looked at
)

// Detect looks through dir. What it cannot read it passes over; only a folder
// that is not there is an error.
func Detect(dir string) (Guess, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Guess{}, fmt.Errorf("find the folder %s: %w", dir, err)
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Guess{}, fault.New(fault.NotFound, "no folder %s", dir)
	case err != nil:
		return Guess{}, fmt.Errorf("look at %s: %w", dir, err)
	case !info.IsDir():
		return Guess{}, fault.New(fault.Invalid, "%s is not a folder", dir)
	}
	s := search{root: os.DirFS(abs), app: nameFrom(filepath.Base(abs), "app")}
	s.folder(".", 0, true)
	return Guess{App: s.app, Components: s.unique()}, nil
}

type search struct {
	root  fs.FS
	app   string
	seen  int
	found []Component
}

// folder looks at one folder and those in it; sites says whether a folder of
// pages here is a part of its own, or the matter of a part that holds it.
func (s *search) folder(dir string, depth int, sites bool) {
	if s.seen++; s.seen > mostFolders {
		return
	}
	entries, err := fs.ReadDir(s.root, dir)
	if err != nil {
		return
	}
	files := map[string]bool{}
	var folders []string
	for _, e := range entries {
		switch {
		case e.Type().IsRegular():
			files[e.Name()] = true
		case e.IsDir() && !skipped(e.Name()):
			folders = append(folders, e.Name())
		}
	}
	sites = s.look(dir, files, folders, sites)
	for _, name := range folders {
		if depth < mostDepth {
			s.folder(path.Join(dir, name), depth+1, sites)
		}
	}
}

// skipped names folders that hold what others wrote.
func skipped(name string) bool {
	switch name {
	case "node_modules", "vendor", "testdata", "bower_components", "target", "__pycache__", "coverage":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// look recognises what one folder is, and reports whether a folder of pages
// below it may still be a part of its own.
func (s *search) look(dir string, files map[string]bool, folders []string, sites bool) bool {
	pkg := s.packageJSON(dir, files)
	switch {
	case s.dockerfiles(dir, files):
	case pkg.server():
		s.add(Component{Name: s.name(dir), Form: Node, Path: dir, Build: inFolder(dir, pkg.buildCommand()), Start: pkg.start(files)})
	case s.serves(dir, files):
		name := s.name(dir)
		s.add(Component{
			Name: name, Form: Go, Path: dir,
			Build: "CGO_ENABLED=0 go build -trimpath -o bin/" + name + " " + goPath(dir),
		})
	}
	switch {
	case !sites, pkg.server():
		return false
	case pkg.Scripts["build"] != "" && len(pkg.Workspaces) == 0:
		s.add(Component{
			Name: s.siteName(dir), Form: Site, Path: path.Join(dir, output(pkg, folders)),
			Build: inFolder(dir, "npm ci && npm run build"),
		})
		return false
	case files["index.html"], slices.Contains(outputNames(), path.Base(dir)) && hasPages(files):
		s.add(Component{Name: s.siteName(dir), Form: Site, Path: dir})
		return false
	}
	return true
}

func hasPages(files map[string]bool) bool {
	for name := range files {
		if strings.HasSuffix(name, ".html") {
			return true
		}
	}
	return false
}

func (s *search) dockerfiles(dir string, files map[string]bool) bool {
	var all []string
	for name := range files {
		base := strings.ToLower(name)
		if base == "dockerfile" || base == "containerfile" || strings.HasSuffix(base, ".dockerfile") {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	for _, name := range all {
		c := Component{Name: s.name(dir), Form: Dockerfile, Path: path.Join(dir, name)}
		if before, ok := strings.CutSuffix(strings.ToLower(name), ".dockerfile"); ok {
			c.Name = nameFrom(before, c.Name)
		}
		s.add(c)
	}
	return len(all) > 0
}

func (s *search) add(c Component) { s.found = append(s.found, c) }

// unique gives every component a name of its own, and sites come first.
func (s *search) unique() []Component {
	slices.SortStableFunc(s.found, func(a, b Component) int {
		switch {
		case a.Form == Site && b.Form != Site:
			return -1
		case a.Form != Site && b.Form == Site:
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	taken := map[string]bool{}
	for i, c := range s.found {
		name := c.Name
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", c.Name, n)
		}
		taken[name] = true
		s.found[i].Name = name
		s.found[i].Build = strings.Replace(c.Build, "bin/"+c.Name+" ", "bin/"+name+" ", 1)
	}
	return s.found
}

// name is the component's name: that of its folder, or of the app at the root.
func (s *search) name(dir string) string {
	if dir == "." {
		return s.app
	}
	return nameFrom(path.Base(dir), "service")
}

// siteName is the nearest folder that is not just called as outputs are.
func (s *search) siteName(dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if !slices.Contains(outputNames(), path.Base(dir)) {
			return nameFrom(path.Base(dir), "web")
		}
	}
	return "web"
}

func outputNames() []string { return []string{"dist", "build", "public", "out", "www"} }

// nameFrom makes a name of the app file's shape out of any text.
func nameFrom(s, otherwise string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	name := strings.Trim(strings.TrimLeft(b.String(), "0123456789-"), "-")
	name = strings.TrimRight(name[:min(len(name), 40)], "-")
	if name == "" {
		return otherwise
	}
	return name
}

func inFolder(dir, command string) string {
	if dir == "." {
		return command
	}
	return "cd " + shellWord(dir) + " && " + command
}

func goPath(dir string) string {
	if dir == "." {
		return "."
	}
	return shellWord("./" + dir)
}

var plainWord = regexp.MustCompile(`^[\w./@-]+$`)

func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
