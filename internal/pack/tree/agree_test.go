package tree_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"falkirk/internal/fault"
	"falkirk/internal/git"
	"falkirk/internal/pack/ignore"
	"falkirk/internal/pack/tree"
)

// gen makes names, trees and patterns out of few letters, so that they often meet.
type gen struct{ *rand.Rand }

func pickOne(g gen, list []string) string { return list[g.IntN(len(list))] }

func (g gen) name() string {
	return pickOne(g, []string{"a", "b", "c", "ab", "abc", "a b", "é", "x.map", "y.map", ".env", "[a]", "#x", "!y", "a-b", "7", "file7", "_", "a*b", "*", "?", "key ", "dir"})
}

// tree lays out some files and says which folders there are.
func (g gen) tree(t *testing.T, at string) []string {
	t.Helper()
	folders := []string{""}
	for range 16 {
		parts := make([]string, 1+g.IntN(4))
		for i := range parts {
			parts[i] = g.name()
		}
		p := path.Join(parts...)
		full := filepath.Join(at, filepath.FromSlash(p))
		if os.MkdirAll(filepath.Dir(full), 0o755) != nil || taken(full) {
			continue // a file is where a folder is wanted, or a name in another case
		}
		must(t, os.WriteFile(full, nil, 0o600))
		for up := path.Dir(p); up != "."; up = path.Dir(up) {
			if !slices.Contains(folders, up) {
				folders = append(folders, up)
			}
		}
	}
	return folders
}

// taken reports whether something is at a path.
func taken(at string) bool {
	_, err := os.Lstat(at)
	return err == nil
}

func (g gen) piece() string {
	return pickOne(g, []string{
		"*", "*", "?", "**", "/", "/", "a", "b", "c", "ab", "x", ".map", "é", "7", "[ab]", "[!a]", "[^a]", "[a-c]", "[]a]", "[a-]", "[[:alpha:]]",
		"[[:digit:]]", "[![:punct:]]", "[[:space:]]", `\*`, `\a`, `\[`, " ", `[\]a]`, "[[a:]]", "{a,b}", "_", ".env", "A",
	})
}

func (g gen) pattern() string {
	var b strings.Builder
	b.WriteString(pickOne(g, []string{"", "", "", "", "!", "!", "/", "**/", "#", `\#`, `\!`, "!/", "a/", " "}))
	if g.IntN(2) == 0 {
		b.WriteString(g.name())
	}
	for range g.IntN(4) {
		b.WriteString(g.piece())
	}
	if g.IntN(100) == 0 { // what git never matches, or in a name that nobody has
		b.WriteString(pickOne(g, []string{"\t", `\`, "[", "[[:none:]]", "[a"}))
	} else {
		b.WriteString(pickOne(g, []string{"", "", "", "", "/", "/**", "/*", " ", "  ", `\ `, "\r", "/ "}))
	}
	return b.String()
}

func (g gen) ignoreFile() string {
	lines := make([]string, 1+g.IntN(9))
	for i := range lines {
		lines[i] = g.pattern()
	}
	return pickOne(g, []string{"", "", "\ufeff"}) + strings.Join(lines, "\n") + pickOne(g, []string{"", "\n"})
}

// walked are the files that are packed; refused is true where patterns are.
func walked(t *testing.T, root, folder string) (files []string, refused bool) {
	t.Helper()
	list, err := ignore.For(root, folder, nil)
	if err == nil {
		var all []tree.File
		all, err = tree.Walk(t.Context(), folder, tree.Options{Ignore: list, Follow: true})
		for _, f := range all {
			if path.Base(f.Path) != ".gitignore" {
				files = append(files, f.Path)
			}
		}
	}
	if err != nil && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "is not a pattern") && !strings.Contains(err.Error(), "differ only")) {
		t.Fatal(err)
	}
	return files, err != nil
}

// TestGitAgrees compares what is packed with what git takes, for the same patterns
// in a .falkirkignore and in a .gitignore file, in one folder and in several.
func TestGitAgrees(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("NOT TESTED: git is not installed")
	}
	const trees = 200
	g := gen{rand.New(rand.NewPCG(12, 5))}
	root := t.TempDir()
	patterns := 0
	for i := range trees {
		at := filepath.Join(root, fmt.Sprintf("t%03d", i))
		must(t, os.MkdirAll(at, 0o755))
		folders := g.tree(t, at)
		for j, folder := range folders {
			if j > 0 && g.IntN(4) > 0 {
				continue
			}
			text := g.ignoreFile()
			patterns += strings.Count(text, "\n") + 1
			for _, name := range []string{".gitignore", ignore.File} {
				must(t, os.WriteFile(filepath.Join(at, filepath.FromSlash(folder), name), []byte(text), 0o600))
			}
		}
	}
	must(t, exec.CommandContext(t.Context(), "git", "init", "-q", root).Run())
	taken := listed(t, root)
	compared, refusals := 0, 0
	for i := range trees {
		name := fmt.Sprintf("t%03d", i)
		got, refused := walked(t, filepath.Join(root, name), filepath.Join(root, name))
		if refused {
			refusals++
			continue
		}
		compared++
		if d := cmp.Diff(taken[name], got); d != "" {
			t.Errorf("%s, git (-) and what is packed (+):\n%s%s", name, d, dumped(filepath.Join(root, name)))
		}
	}
	t.Logf("%d patterns in %d trees: %d compared with git, %d refused", patterns, trees, compared, refusals)
	if compared < trees/3 {
		t.Error("too few are compared")
	}
}

// listed is what git takes, by tree.
func listed(t *testing.T, root string) map[string][]string {
	t.Helper()
	out, err := git.Out(t.Context(), root, "ls-files", "-z", "--others", "--exclude-per-directory=.gitignore")
	must(t, err)
	by := map[string][]string{}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(out, []byte{0}), []byte{0}) {
		name, p, _ := strings.Cut(string(line), "/")
		if base := path.Base(p); base != ".gitignore" && base != ignore.File {
			by[name] = append(by[name], p)
		}
	}
	for _, list := range by {
		slices.Sort(list)
	}
	return by
}

func dumped(at string) string {
	var b strings.Builder
	_ = filepath.WalkDir(at, func(p string, e fs.DirEntry, _ error) error {
		if e.Name() == ignore.File {
			raw, err := os.ReadFile(p)
			fmt.Fprintf(&b, "%s: %q %v\n", strings.TrimPrefix(p, at), raw, err)
		}
		return nil
	})
	return b.String()
}

// TestDockerAgrees compares what is packed with what Docker's matcher says of each file.
func TestDockerAgrees(t *testing.T) {
	t.Parallel()
	const trees, files = 60, 40
	g := gen{rand.New(rand.NewPCG(12, 6))}
	compared, patterns := 0, 0
	for range trees {
		at := t.TempDir()
		g.tree(t, at)
		for range files {
			text := g.ignoreFile()
			must(t, os.WriteFile(filepath.Join(at, ignore.DockerFile), []byte(text), 0o600))
			if n := dockerAgrees(t, at, text); n > 0 {
				compared++
				patterns += n
			}
		}
	}
	t.Logf("%d ignore files with %d patterns compared with Docker's matcher; it refuses %d", compared, patterns, trees*files-compared)
	if compared < trees*files/3 {
		t.Error("too few are compared")
	}
}

// dockerAgrees says how many patterns were compared: 0 where Docker refuses them.
func dockerAgrees(t *testing.T, at, text string) int {
	t.Helper()
	lines, err := ignorefile.ReadAll(strings.NewReader(text))
	must(t, err)
	m, wrong := patternmatcher.New(lines)
	docker, err := ignore.ReadDocker(at)
	if (err != nil) != (wrong != nil) {
		t.Fatalf("%q: %v, Docker says %v", text, err, wrong)
	}
	if err != nil {
		return 0
	}
	want, wrong := takenByDocker(at, m)
	all, err := tree.Walk(t.Context(), at, tree.Options{Docker: docker})
	if err != nil || wrong != nil {
		return 0 // a pattern that is wrong is noticed when it is first used
	}
	var got []string
	for _, f := range all {
		if !f.IsDir() {
			got = append(got, f.Path)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%q, Docker (-) and what is packed (+):\n%s", text, d)
	}
	return len(lines)
}

func takenByDocker(at string, m *patternmatcher.PatternMatcher) ([]string, error) {
	var want []string
	err := filepath.WalkDir(at, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(at, p)
		if err != nil {
			return err
		}
		out, err := m.MatchesOrParentMatches(rel)
		if err == nil && !out {
			want = append(want, filepath.ToSlash(rel))
		}
		return err
	})
	slices.Sort(want)
	return want, err
}

func FuzzPatterns(f *testing.F) {
	f.Add("*.map\n", "a/b.map")
	f.Add("[[:alpha:]-z]**/x", "a//x")
	f.Add("**/[^a]\\", "")
	f.Fuzz(func(t *testing.T, lines, p string) {
		var l ignore.List
		if err := l.Add("test", strings.Split(lines, "\n")...); err == nil {
			l.Covers(p)
		}
	})
}
