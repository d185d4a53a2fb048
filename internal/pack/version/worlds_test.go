package version_test

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/pack/version"
)

// newRepo is a repository with one commit of a file a.
func newRepo(t *testing.T) string {
	t.Helper()
	needGit(t)
	dir := filepath.Join(t.TempDir(), "repo")
	git(t, "", "init", "-q", "-b", "main", dir)
	write(t, filepath.Join(dir, "a"), "1")
	commit(t, dir, "one")
	return dir
}

func commit(t *testing.T, dir, message string) {
	t.Helper()
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "--allow-empty", "-m", message)
}

func named(t *testing.T, dir, tags string) version.Named {
	t.Helper()
	n, err := version.FromGit(t.Context(), version.Tree{Dir: dir, Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantVersion(t *testing.T, dir, tags, shape string) version.Named {
	t.Helper()
	n := named(t, dir, tags)
	if !regexp.MustCompile("^(" + shape + ")$").MatchString(n.Version) {
		t.Errorf("with tags %q the version is %s, want %s", tags, n.Version, shape)
	}
	return n
}

func wantRefused(t *testing.T, dir, tags string, parts ...string) {
	t.Helper()
	n, err := version.FromGit(t.Context(), version.Tree{Dir: dir, Tags: tags})
	if !fault.Is(err, fault.Invalid) {
		t.Fatalf("the version is %s, the error %v", n.Version, err)
	}
	for _, part := range parts {
		if said := err.Error() + "\n" + fault.HintOf(err); !strings.Contains(said, part) {
			t.Errorf("%q is not in: %s", part, said)
		}
	}
}

func TestSeveralTagsOnOneCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ tags, pattern, want, refused string }{
		"a version and a word":       {"latest v3.1.0", "", `v3\.1\.0`, ""},
		"a version and a library":    {"lib-9.9 v2.0.0", "", `v2\.0\.0`, ""},
		"candidate and release":      {"v1.0.0-rc.1 v1.0.0", "", `v1\.0\.0`, ""},
		"higher":                     {"v1.9.0 v1.10.0", "", `v1\.10\.0`, ""},
		"moving tags of an action":   {"v1 v1.2 v1.2.0", "", `v1\.2\.0`, ""},
		"dates":                      {"2024.11.05 stable", "", `2024\.11\.05`, ""},
		"two apps":                   {"frontend/v1.0.0 backend/v2.0.0", "", "", "which one is the version is not clear"},
		"two apps, one asked for":    {"frontend/v1.0.0 backend/v2.0.0", "frontend/v*", `frontend-v1\.0\.0`, ""},
		"two of one app":             {"frontend/v1.9.0 frontend/v1.10.0 backend/v2.0.0", "frontend/v*", `frontend-v1\.10\.0`, ""},
		"two of one app with a dash": {"lib-9.9 lib-10.0 v2.0.0", "lib-*", `lib-10\.0`, ""},
		"two words":                  {"latest stable", "", "", "latest, stable"},
		"one version, two names":     {"v1.0.0 1.0.0", "", "", "1.0.0, v1.0.0"},
		"a pattern with two words":   {"latest last", "la*", "", "version.tags in the app file is"},
		"one tag of any name":        {"latest", "", "latest", ""},
		"none matches":               {"latest", "v*", `0\.0\.0-1-g[0-9a-f]{10}`, ""},
	} {
		for _, kind := range []string{"lightweight", "annotated"} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				dir := newRepo(t)
				for _, tag := range strings.Fields(c.tags) {
					if kind == "annotated" {
						git(t, dir, "tag", "-a", "-m", "x", tag)
					} else {
						git(t, dir, "tag", tag)
					}
				}
				if c.refused != "" {
					wantRefused(t, dir, c.pattern, c.refused, "--version")
				} else if n := wantVersion(t, dir, c.pattern, c.want); len(n.Notes) == 0 && strings.Contains(c.tags, " ") && c.pattern == "" {
					t.Error("that a tag was chosen is not said")
				}
				commit(t, dir, "two")
				switch {
				case strings.HasPrefix(c.want, "0"):
					wantVersion(t, dir, c.pattern, `0\.0\.0-2-g[0-9a-f]{10}`)
				case c.want != "":
					if n := wantVersion(t, dir, c.pattern, c.want+"-1-g[0-9a-f]{10}"); len(n.Notes) == 0 && strings.Contains(c.tags, " ") && c.pattern == "" {
						t.Error("one commit later it is not said that a tag was chosen")
					}
				default:
					wantRefused(t, dir, c.pattern, c.refused, "--version")
				}
			})
		}
	}
}

func TestAnAnnotatedTagIsNotBetterThanALightweightOne(t *testing.T) {
	t.Parallel()
	dir := newRepo(t)
	git(t, dir, "tag", "v2.0.0")
	git(t, dir, "tag", "-a", "-m", "x", "v1.0.0")
	wantVersion(t, dir, "", `v2\.0\.0`)
}

// The version of a commit is that of a full clone, or there is none.
func TestClones(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	git(t, origin, "tag", "v1.0.0")
	for _, message := range []string{"two", "three", "four"} {
		commit(t, origin, message)
	}
	want := regexp.QuoteMeta(named(t, origin, "").Version)
	url := "file://" + filepath.ToSlash(origin)
	clone := func(args ...string) string {
		to := filepath.Join(t.TempDir(), "clone")
		git(t, "", append([]string{"-c", "advice.detachedHead=false", "clone", "-q"}, append(args, url, to)...)...)
		return to
	}
	for name, args := range map[string][]string{
		"full": nil, "without blobs": {"--filter=blob:none"}, "without trees": {"--filter=tree:0"},
		"one branch": {"--single-branch"}, "sparse": {"--sparse", "--filter=blob:none"},
	} {
		dir := clone(args...)
		if n := wantVersion(t, dir, "", want); n.Source.Dirty {
			t.Errorf("%s: %+v", name, n)
		}
		git(t, dir, "checkout", "-q", "--detach", "HEAD")
		wantVersion(t, dir, "", want)
	}
	for _, depth := range []string{"1", "2", "3", "4"} { // at 4 the tag is there, but the history before it is not
		dir := clone("--depth", depth)
		wantRefused(t, dir, "", "shallow", "git fetch --unshallow", "fetch-depth: 0", "--version")
		git(t, dir, "fetch", "-q", "--unshallow", "--tags")
		wantVersion(t, dir, "", want)
	}
	tagged := clone("--depth", "1", "--branch", "v1.0.0") // as CI checks out a tag
	wantVersion(t, tagged, "", `v1\.0\.0`)
}

func TestWorktreesAndBareRepositories(t *testing.T) {
	t.Parallel()
	dir := newRepo(t)
	git(t, dir, "tag", "v1.0.0")
	linked := filepath.Join(t.TempDir(), "linked")
	git(t, dir, "worktree", "add", "-q", "-b", "side", linked)
	commit(t, linked, "two")
	git(t, linked, "tag", "v2.0.0")
	wantVersion(t, dir, "", `v1\.0\.0`)
	wantVersion(t, linked, "", `v2\.0\.0`)
	write(t, filepath.Join(linked, "a"), "2")
	wantVersion(t, dir, "", `v1\.0\.0`)
	wantVersion(t, linked, "", `v2\.0\.0-dirty\..{8}`)

	bare := filepath.Join(t.TempDir(), "bare.git")
	git(t, "", "clone", "-q", "--bare", dir, bare)
	wantRefused(t, bare, "", "bare repository", "--version")
	wantRefused(t, filepath.Join(dir, ".git"), "", "folder of git itself")
	out := filepath.Join(t.TempDir(), "out")
	git(t, bare, "worktree", "add", "-q", out, "main")
	wantVersion(t, out, "", `v1\.0\.0`)
}

// Whatever is not as in the commit makes a version of its own, and a second
// change makes another; staging changes nothing in it.
func TestEveryChangeHasItsOwnVersion(t *testing.T) {
	t.Parallel()
	setting := func(key, value string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) { t.Helper(); git(t, dir, "config", key, value) }
	}
	for name, c := range map[string]struct {
		before func(t *testing.T, dir string)
		at     string
		after  func(t *testing.T, dir string)
	}{
		"a file":                          {nil, "a", nil},
		"a new file":                      {nil, "new", nil},
		"a new file in a folder":          {nil, "deep/er/new", nil},
		"new files are not shown":         {setting("status.showUntrackedFiles", "no"), "new", nil},
		"a name with blanks":              {nil, " two  words ", nil},
		"a staged file":                   {nil, "a", func(t *testing.T, dir string) { git(t, dir, "add", "a") }},
		"a file, assume-unchanged":        {func(t *testing.T, dir string) { git(t, dir, "update-index", "--assume-unchanged", "a") }, "a", nil},
		"a file, skip-worktree":           {func(t *testing.T, dir string) { git(t, dir, "update-index", "--skip-worktree", "a") }, "a", nil},
		"a repository that lies there":    {func(t *testing.T, dir string) { nested(t, dir) }, "nested/b", nil},
		"a new file in such a repository": {func(t *testing.T, dir string) { nested(t, dir) }, "nested/new", nil},
		"such a repository, no commit": {func(t *testing.T, dir string) {
			git(t, "", "init", "-q", filepath.Join(dir, "nested"))
		}, "nested/new", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newRepo(t)
			if c.before != nil {
				c.before(t, dir)
			}
			twoStates(t, dir, c.at, c.after)
		})
	}
}

func nested(t *testing.T, dir string) {
	t.Helper()
	in := filepath.Join(dir, "nested")
	git(t, "", "init", "-q", in)
	write(t, filepath.Join(in, "b"), "1")
	commit(t, in, "b")
}

// twoStates changes a file twice and back to nothing.
func twoStates(t *testing.T, dir, at string, after func(t *testing.T, dir string)) {
	t.Helper()
	clean := named(t, dir, "")
	file := filepath.Join(dir, filepath.FromSlash(at))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{clean.Version: "as before"}
	for _, content := range []string{"first", "other"} {
		write(t, file, content)
		n := named(t, dir, "")
		if other, taken := seen[n.Version]; taken || !n.Source.Dirty {
			t.Errorf("%s with content %s has version %s, dirty %t; so has: %s", at, content, n.Version, n.Source.Dirty, other)
		}
		seen[n.Version] = content
		if after != nil {
			after(t, dir)
			if again := named(t, dir, ""); again.Version != n.Version {
				t.Errorf("the same content has versions %s and %s", n.Version, again.Version)
			}
		}
	}
}

func TestSubmodules(t *testing.T) {
	t.Parallel()
	for _, ignore := range []string{"", "none", "untracked", "dirty", "all"} {
		for _, where := range []string{".gitmodules", "config"} {
			for at, change := range map[string]func(t *testing.T, sub, content string){
				"a file":     func(t *testing.T, sub, content string) { write(t, filepath.Join(sub, "a"), content) },
				"a new file": func(t *testing.T, sub, content string) { write(t, filepath.Join(sub, "new"), content) },
				"another commit": func(t *testing.T, sub, content string) {
					write(t, filepath.Join(sub, "a"), content)
					commit(t, sub, content)
				},
			} {
				t.Run("ignore="+ignore+" in "+where+", "+at, func(t *testing.T) {
					t.Parallel()
					dir := newRepo(t)
					git(t, dir, "submodule", "--quiet", "add", newRepo(t), "sub")
					commit(t, dir, "sub")
					if ignore != "" && where == ".gitmodules" {
						git(t, dir, "config", "-f", ".gitmodules", "submodule.sub.ignore", ignore)
						commit(t, dir, "ignore")
					} else if ignore != "" {
						git(t, dir, "config", "submodule.sub.ignore", ignore)
						git(t, dir, "config", "diff.ignoreSubmodules", ignore)
					}
					before := named(t, dir, "")
					if before.Source.Dirty {
						t.Fatalf("before: %+v", before)
					}
					seen := map[string]bool{before.Version: true}
					for _, content := range []string{"first", "other"} {
						change(t, filepath.Join(dir, "sub"), content)
						n := named(t, dir, "")
						if seen[n.Version] || !n.Source.Dirty {
							t.Errorf("%s: %s (dirty %t) is taken", content, n.Version, n.Source.Dirty)
						}
						seen[n.Version] = true
					}
				})
			}
		}
	}
}

func TestASubmoduleThatIsNotCheckedOutIsSaid(t *testing.T) {
	t.Parallel()
	dir := newRepo(t)
	git(t, dir, "submodule", "--quiet", "add", newRepo(t), "sub")
	commit(t, dir, "sub")
	out := filepath.Join(t.TempDir(), "out")
	git(t, "", "clone", "-q", dir, out)
	n := named(t, out, "")
	if n.Source.Dirty || len(n.Notes) != 1 || !strings.Contains(n.Notes[0], "git submodule update --init sub") {
		t.Errorf("%+v", n)
	}
	git(t, out, "submodule", "--quiet", "update", "--init")
	if n := named(t, out, ""); len(n.Notes) != 0 {
		t.Errorf("%+v", n)
	}
}

// Variables that git sets for hooks and the like do not choose the repository.
func TestVariablesOfAnotherRepository(t *testing.T) {
	dir, other := newRepo(t), newRepo(t)
	git(t, dir, "tag", "v5.0.0")
	git(t, other, "tag", "v77.0.0")
	inside := filepath.Join(other, ".git")
	for name, value := range map[string]string{
		"GIT_DIR": inside, "GIT_COMMON_DIR": inside, "GIT_WORK_TREE": other, "GIT_INDEX_FILE": filepath.Join(inside, "index"),
		"GIT_OBJECT_DIRECTORY": filepath.Join(inside, "objects"), "GIT_PREFIX": "x/", "GIT_LITERAL_PATHSPECS": "1",
		"GIT_SHALLOW_FILE": filepath.Join(other, "a"), "GIT_EXTERNAL_DIFF": "false", "GIT_NAMESPACE": "x",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if n := wantVersion(t, dir, "", `v5\.0\.0`); n.Source.Dirty {
				t.Errorf("%+v", n)
			}
		})
	}
	t.Run("GIT_DIR without a repository", func(t *testing.T) {
		t.Setenv("GIT_DIR", inside)
		wantRefused(t, t.TempDir(), "", "GIT_DIR is set and is not followed")
	})
}

func TestTheRepositoryOfAnotherUser(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Getuid() != 0 {
		t.Skip("NOT TESTED: only root can give a folder to another user")
	}
	dir := newRepo(t)
	if err := os.Chown(dir, 4242, 4242); err != nil {
		t.Skip("NOT TESTED: " + err.Error())
	}
	if err := os.Chown(filepath.Join(dir, ".git"), 4242, 4242); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, dir, "", "safe.directory")
}
