package commits_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/diff/commits"
)

type repo struct {
	*testing.T
	dir string
}

func (r repo) git(args ...string) string {
	r.Helper()
	cmd := exec.CommandContext(r.Context(), "git", append([]string{"-C", r.dir, "-c", "user.name=Ann", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r repo) commit(subject string) delivery.Source {
	r.Helper()
	r.git("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", subject)
	return delivery.Source{Commit: r.git("rev-parse", "HEAD")}
}

func newRepo(t *testing.T) repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is not installed")
		}
		t.Skip("SKIPPED: git is not installed")
	}
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "trunk")
	return r
}

func TestCommitsComeAndGo(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	first := r.commit("first")
	second := r.commit("second\n\nwith a body")
	third := r.commit("third \x1b[31m`x`")
	if c := commits.Between(t.Context(), r.dir, first, third); c.Unknown != "" || c.Came.Count != 2 || c.Gone.Count != 0 ||
		c.Came.List[1].Subject != "second" || c.Came.List[1].Author != "Ann" || c.Came.List[0].ID != third.Commit {
		t.Errorf("forward: %+v", c)
	}
	if c := commits.Between(t.Context(), r.dir, third, second); c.Came.Count != 0 || c.Gone.Count != 1 {
		t.Errorf("back: %+v", c)
	}
	r.git("checkout", "-q", "-b", "side", first.Commit)
	side := r.commit("side")
	if c := commits.Between(t.Context(), r.dir, third, side); c.Came.Count != 1 || c.Gone.Count != 2 {
		t.Errorf("aside: %+v", c)
	}
	for range 60 {
		side = r.commit("more")
	}
	if c := commits.Between(t.Context(), r.dir, third, side); c.Came.Count != 61 || len(c.Came.List) != 50 {
		t.Errorf("%d commits, %d listed", c.Came.Count, len(c.Came.List))
	}
	shallow := filepath.Join(t.TempDir(), "s")
	r.git("clone", "-q", "--depth", "2", "file://"+r.dir, shallow)
	before := delivery.Source{Commit: r.git("rev-parse", "HEAD~1")}
	if c := commits.Between(t.Context(), shallow, before, side); c.Came.Count != 1 || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "shallow") {
		t.Errorf("shallow: %+v", c)
	}
}

func TestWhatCannotBeKnownIsSaid(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	here := r.commit("here")
	for name, c := range map[string]struct {
		dir      string
		from, to delivery.Source
		says     string
	}{
		"no commit":     {r.dir, delivery.Source{}, here, "packed without a commit"},
		"an option":     {r.dir, delivery.Source{Commit: "--output=x"}, here, "is not a commit"},
		"another one":   {r.dir, here, delivery.Source{Commit: strings.Repeat("ab", 20)}, "is not in this repository"},
		"no repository": {t.TempDir(), here, delivery.Source{Commit: strings.Repeat("ab", 20)}, "in no git repository"},
	} {
		got := commits.Between(t.Context(), c.dir, c.from, c.to)
		if !strings.Contains(got.Unknown, c.says) || got.Came.Count+got.Gone.Count != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := commits.Between(t.Context(), t.TempDir(), here, here); got.Unknown != "" {
		t.Errorf("the same commit needs no repository: %+v", got)
	}
	dirty := here
	dirty.Dirty = true
	if got := commits.Between(t.Context(), r.dir, here, dirty); len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "not committed") {
		t.Errorf("dirty: %+v", got)
	}
}

func TestWithoutGitItIsSaid(t *testing.T) { // not parallel: it sets PATH
	t.Setenv("PATH", t.TempDir())
	got := commits.Between(t.Context(), t.TempDir(), delivery.Source{Commit: "aaaaaaa"}, delivery.Source{Commit: "bbbbbbb"})
	if !strings.Contains(got.Unknown, "no git command") {
		t.Errorf("%+v", got)
	}
}
