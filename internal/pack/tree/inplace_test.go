package tree_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/git"
	"falkirk/internal/pack/ignore"
	"falkirk/internal/pack/tree"
)

// A link publishes nothing that is left out where it is.
func TestLinksToWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	for name, c := range map[string]struct {
		files   map[string]string // of the app; the folder packed is site
		links   map[string]string
		setting string
		packed  string // names; or
		refused string // what the error says
	}{
		"to a file":                {map[string]string{"site/.falkirkignore": "*.key\n", "site/a.key": ""}, map[string]string{"site/pub.txt": "a.key"}, "", "", `"pub.txt" is a link to "a.key", which an ignore file`},
		"to a folder":              {map[string]string{"site/.falkirkignore": "private/\n", "site/private/t": ""}, map[string]string{"site/public": "private"}, "", "", `"public" is a link to "private"`},
		"into a folder":            {map[string]string{"site/.falkirkignore": "private/\n", "site/private/in/t": ""}, map[string]string{"site/public": "private/in"}, "", "", `"public" is a link to "private/in"`},
		"by a setting":             {map[string]string{"site/private/t": ""}, map[string]string{"site/public": "private"}, "private", "", `"public" is a link`},
		"by a file above":          {map[string]string{".falkirkignore": "/site/t\n", "site/t": ""}, map[string]string{"site/public": "t"}, "", "", `"public" is a link`},
		"by a deeper file":         {map[string]string{"site/d/.falkirkignore": "/t\n", "site/d/t": ""}, map[string]string{"site/public": "d/t"}, "", "", `"public" is a link`},
		"a link to a link":         {map[string]string{"site/.falkirkignore": "t\nb\n", "site/t": ""}, map[string]string{"site/b": "t", "site/public": "b"}, "", "", `"public" is a link`},
		"the link is left out too": {map[string]string{"site/.falkirkignore": "t\npublic\n", "site/t": ""}, map[string]string{"site/public": "t"}, "", "index", ""},
		"in a folder, by its path": {map[string]string{"site/.falkirkignore": "/d/t\n", "site/d/t": "", "site/d/u": ""}, map[string]string{"site/public": "d"}, "", "d/u index public/u", ""},
		"the folder itself":        {map[string]string{".falkirkignore": "/private\n", "private/t": ""}, map[string]string{"current": "private"}, "", "", "private is left out by an .falkirkignore file above it"},
		"what is in the folder":    {map[string]string{".falkirkignore": "/private/t\n", "private/t": "", "private/u": ""}, map[string]string{"current": "private"}, "", "u", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, root, "site/index", "")
			for at, text := range c.files {
				write(t, root, at, text)
			}
			folder := "site"
			for at, to := range c.links {
				must(t, os.Symlink(to, filepath.Join(root, filepath.FromSlash(at))))
				if at == "current" {
					folder = at
				}
			}
			var patterns []string
			if c.setting != "" {
				patterns = []string{c.setting}
			}
			files, err := tree.Files(t.Context(), root, folder, patterns, nil)
			var got []string
			for _, f := range files {
				got = append(got, f.Path)
			}
			switch {
			case c.refused != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("%v, packed %v; want refused: %s", err, got, c.refused)
			case c.refused == "" && (err != nil || strings.Join(got, " ") != c.packed):
				t.Errorf("%v, packed %v; want %s", err, got, c.packed)
			}
		})
	}
}

// TestNoLinkPublishesWhatGitKeepsOut lays links into trees of many patterns: each
// content that is packed is one of a file that git takes under its own name.
func TestNoLinkPublishesWhatGitKeepsOut(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("NOT TESTED: git is not installed")
	}
	const trees = 150
	g := gen{rand.New(rand.NewPCG(12, 16))}
	root := t.TempDir()
	for i := range trees {
		g.linked(t, filepath.Join(root, fmt.Sprintf("t%03d", i)))
	}
	must(t, exec.CommandContext(t.Context(), "git", "init", "-q", root).Run())
	out, err := git.Out(t.Context(), root, "ls-files", "-z", "--others", "--exclude-per-directory=.gitignore")
	must(t, err)
	taken := map[string]bool{}
	for name := range bytes.SplitSeq(out, []byte{0}) {
		taken[string(name)] = true
	}
	packed, through, refusals := 0, 0, 0
	for i := range trees {
		name := fmt.Sprintf("t%03d", i)
		list, err := ignore.For(filepath.Join(root, name), filepath.Join(root, name), nil)
		var files []tree.File
		if err == nil {
			files, err = tree.Walk(t.Context(), filepath.Join(root, name), tree.Options{Ignore: list, Follow: true})
		}
		if err != nil {
			refusals++
			continue
		}
		for _, f := range files {
			if path.Base(f.Path) == ".gitignore" {
				continue
			}
			content := contentOf(t, f)
			packed++
			if content != name+"/"+f.Path {
				through++
			}
			if !taken[content] {
				t.Errorf("%s/%s publishes %s, which git keeps out\n%s", name, f.Path, content, dumped(filepath.Join(root, name)))
			}
		}
	}
	t.Logf("%d files packed, %d of them through links; %d of %d trees refused", packed, through, refusals, trees)
	if through < 20 {
		t.Error("too few links were followed")
	}
}

// linked lays out a tree in which each file holds its own name, with ignore files
// and links.
func (g gen) linked(t *testing.T, at string) {
	t.Helper()
	must(t, os.MkdirAll(at, 0o755))
	folders := g.tree(t, at)
	var all []string
	must(t, filepath.WalkDir(at, func(p string, e os.DirEntry, err error) error {
		rel, _ := filepath.Rel(at, p)
		if rel != "." {
			all = append(all, filepath.ToSlash(rel))
		}
		if err == nil && !e.IsDir() {
			err = os.WriteFile(p, []byte(filepath.Base(at)+"/"+filepath.ToSlash(rel)), 0o600)
		}
		return err
	}))
	for i := range 2 {
		to := filepath.Join(at, filepath.FromSlash(pickOne(g, all)))
		in := filepath.Join(at, filepath.FromSlash(pickOne(g, folders)))
		rel, err := filepath.Rel(in, to)
		must(t, err, os.Symlink(rel, filepath.Join(in, fmt.Sprintf("link%d", i))))
	}
	text := g.ignoreFile()
	in := filepath.Join(at, filepath.FromSlash(pickOne(g, folders)))
	for _, name := range []string{".gitignore", ignore.File} {
		must(t, os.WriteFile(filepath.Join(in, name), []byte(text), 0o600))
	}
}

func contentOf(t *testing.T, f tree.File) string {
	t.Helper()
	r, err := f.Open()
	must(t, err)
	defer r.Close()
	raw, err := io.ReadAll(r)
	must(t, err)
	return string(raw)
}
