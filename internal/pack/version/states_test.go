package version_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func remove(t *testing.T, at string) {
	t.Helper()
	if err := os.RemoveAll(at); err != nil {
		t.Fatal(err)
	}
}

// The version is made of the files, so staging some or all of them changes nothing
// in it.
func TestStagingChangesNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, dir string){
		"a changed file and a new one before it": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "z"), "2")
			write(t, filepath.Join(dir, "aa"), "2")
		},
		"a file with a new name before the old": func(t *testing.T, dir string) {
			if err := os.Rename(filepath.Join(dir, "z"), filepath.Join(dir, "b")); err != nil {
				t.Fatal(err)
			}
		},
		"a file that is gone": func(t *testing.T, dir string) { remove(t, filepath.Join(dir, "z")) },
		"a folder that is a file": func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "d"))
			write(t, filepath.Join(dir, "d"), "file")
		},
		"a file that is a folder": func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "z"))
			if err := os.Mkdir(filepath.Join(dir, "z"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "z", "x"), "1")
		},
		"a repository in it": nested,
		"a file that git ignores, and that is in the commit": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "kept.log"), "2") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := newRepo(t)
			write(t, filepath.Join(dir, "z"), "1")
			write(t, filepath.Join(dir, "kept.log"), "1")
			if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "d", "x"), "1")
			commit(t, dir, "two")
			write(t, filepath.Join(dir, ".gitignore"), "*.log\n")
			commit(t, dir, "ignore")
			clean := named(t, dir, "")
			change(t, dir)
			want := named(t, dir, "")
			if !want.Source.Dirty {
				t.Fatalf("it is clean: %+v", want)
			}
			stages := [][]string{{"add", "-A"}, {"reset", "-q"}, {"rm", "-rq", "--cached", "."}, {"reset", "-q"}, {"add", "-N", "-A"}}
			for _, stage := range stages {
				git(t, dir, stage...)
				if got := named(t, dir, ""); got.Version != want.Version {
					t.Errorf("after git %v: %s, before: %s", stage, got.Version, want.Version)
				}
			}
			remove(t, filepath.Join(dir, "nested"))
			git(t, dir, "reset", "-q", "--hard")
			git(t, dir, "clean", "-qfd")
			git(t, dir, "rm", "-rq", "--cached", ".") // only staged: the files are those of the commit
			if got := named(t, dir, ""); got.Version != clean.Version || got.Source.Dirty {
				t.Errorf("with all files as in the commit: %+v, want %s", got, clean.Version)
			}
		})
	}
}

// What git was told not to look at counts also in submodules, in submodules of
// submodules, and as a whole submodule.
func TestHiddenChangesInSubmodules(t *testing.T) {
	t.Parallel()
	for _, hide := range []string{"--assume-unchanged", "--skip-worktree"} {
		for _, where := range []string{"sub", "sub/inner"} {
			for what, c := range map[string]struct {
				hidden func(dir string) (in, name string)
				change func(t *testing.T, sub, content string)
			}{
				"the submodule, a new file": {
					func(dir string) (string, string) {
						return filepath.Dir(filepath.Join(dir, where)), filepath.Base(where)
					},
					func(t *testing.T, sub, content string) { write(t, filepath.Join(sub, "new"), content) },
				},
				"the submodule, another commit": {
					func(dir string) (string, string) {
						return filepath.Dir(filepath.Join(dir, where)), filepath.Base(where)
					},
					func(t *testing.T, sub, content string) {
						write(t, filepath.Join(sub, "a"), content)
						commit(t, sub, content)
					},
				},
				"a file in it": {
					func(dir string) (string, string) { return filepath.Join(dir, where), "a" },
					func(t *testing.T, sub, content string) { write(t, filepath.Join(sub, "a"), content) },
				},
			} {
				t.Run(hide+" "+where+", "+what, func(t *testing.T) {
					t.Parallel()
					middle := newRepo(t)
					git(t, middle, "submodule", "--quiet", "add", newRepo(t), "inner")
					commit(t, middle, "inner")
					dir := newRepo(t)
					git(t, dir, "submodule", "--quiet", "add", middle, "sub")
					git(t, dir, "submodule", "--quiet", "update", "--init", "--recursive")
					commit(t, dir, "sub")
					seen := map[string]bool{named(t, dir, "").Version: true}
					in, name := c.hidden(dir)
					git(t, in, "update-index", hide, name)
					if n := named(t, dir, ""); n.Source.Dirty {
						t.Fatalf("hidden and not changed: %+v", n)
					}
					for _, content := range []string{"first", "other"} {
						c.change(t, filepath.Join(dir, filepath.FromSlash(where)), content)
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

func TestANestedSubmoduleThatIsNotCheckedOutIsSaid(t *testing.T) {
	t.Parallel()
	middle := newRepo(t)
	git(t, middle, "submodule", "--quiet", "add", newRepo(t), "inner")
	commit(t, middle, "inner")
	dir := newRepo(t)
	git(t, dir, "submodule", "--quiet", "add", middle, "sub")
	commit(t, dir, "sub")
	n := named(t, dir, "")
	if n.Source.Dirty || len(n.Notes) != 1 || !strings.Contains(n.Notes[0], "git -C sub submodule update --init inner") {
		t.Errorf("%+v", n)
	}
}

// Line ends that git accepts and that are not those of the commit are changes;
// what .gitattributes asks for on every machine is none.
func TestLineEnds(t *testing.T) {
	t.Parallel()
	const text = "one\ntwo\n"
	for name, c := range map[string]struct {
		attributes, autocrlf, here string
		dirty                      bool
	}{
		"as in the commit":                   {"", "false", text, false},
		"text=auto":                          {"* text=auto", "false", "one\r\ntwo\r\n", true},
		"text=auto, mixed":                   {"* text=auto", "false", "one\r\ntwo\n", true},
		"core.autocrlf":                      {"", "true", "one\r\ntwo\r\n", true},
		"core.autocrlf and eol=lf":           {"* text=auto eol=lf", "true", text, false},
		"eol=crlf":                           {"* text eol=crlf", "false", "one\r\ntwo\r\n", false},
		"eol=crlf, mixed":                    {"* text eol=crlf", "false", "one\r\ntwo\n", true},
		"a filter of another kind":           {"* ident", "false", text, false},
		"core.autocrlf=input, and CRLF here": {"", "input", "one\r\ntwo\r\n", true},
	} {
		for _, format := range []string{"sha1", "sha256"} {
			t.Run(name+", "+format, func(t *testing.T) {
				t.Parallel()
				needGit(t)
				dir := filepath.Join(t.TempDir(), "repo")
				git(t, "", "init", "-q", "--object-format="+format, dir)
				write(t, filepath.Join(dir, "a"), text)
				write(t, filepath.Join(dir, "b"), text)
				if c.attributes != "" {
					write(t, filepath.Join(dir, ".gitattributes"), "a "+strings.TrimPrefix(c.attributes, "* ")+"\n")
				}
				commit(t, dir, "one")
				git(t, dir, "config", "core.autocrlf", c.autocrlf)
				git(t, dir, "config", "core.safecrlf", "false")
				write(t, filepath.Join(dir, "a"), c.here)
				git(t, dir, "add", "a")
				if out, err := exec.CommandContext(t.Context(), "git", "-C", dir, "status", "--porcelain").Output(); err != nil || len(out) > 0 {
					t.Fatalf("git does not call it clean: %s %v", out, err)
				}
				n := named(t, dir, "")
				if n.Source.Dirty != c.dirty || c.dirty != strings.Contains(strings.Join(n.Notes, "\n"), "1, such as a; commit \"* text=auto eol=lf\"") {
					t.Errorf("%+v, want dirty %t", n, c.dirty)
				}
			})
		}
	}
}

func TestTheExecutableBit(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no executable bit")
	}
	for _, hide := range []string{"", "--assume-unchanged", "--skip-worktree"} {
		dir := newRepo(t)
		if hide != "" {
			git(t, dir, "update-index", hide, "a")
		}
		if err := os.Chmod(filepath.Join(dir, "a"), 0o755); err != nil {
			t.Fatal(err)
		}
		if n := named(t, dir, ""); !n.Source.Dirty {
			t.Errorf("hidden by %q: %+v", hide, n)
		}
		git(t, dir, "config", "core.fileMode", "false")
		n := named(t, dir, "")
		if n.Source.Dirty || len(n.Notes) != 1 || !strings.Contains(n.Notes[0], "core.fileMode is false") || !strings.Contains(n.Notes[0], "1, such as a") {
			t.Errorf("hidden by %q, with core.fileMode false: %+v", hide, n)
		}
	}
}

// Settings change what git prints, and not the version.
func TestSettingsOfGitChangeNoVersion(t *testing.T) {
	t.Parallel()
	dir := newRepo(t)
	for _, tag := range []string{"v1.0.0", "v1.10.0", "latest"} {
		git(t, dir, "tag", tag)
	}
	ahead := newRepo(t)
	git(t, ahead, "tag", "v1.0.0")
	git(t, ahead, "tag", "v1.10.0")
	commit(t, ahead, "two")
	for _, in := range []string{dir, ahead} {
		for _, setting := range []string{
			"column.ui=always", "column.tag=always,column", "column.status=always", "tag.sort=-version:refname", "color.ui=always", "color.branch=always",
			"status.short=true", "status.branch=true", "status.showStash=true", "status.renames=copies", "status.relativePaths=true", "core.quotePath=false",
			"core.abbrev=4", "tag.gpgSign=true", "submodule.recurse=true", "versionsort.suffix=-", "log.showSignature=true", "core.pager=false", "format.pretty=oneline",
		} {
			key, value, _ := strings.Cut(setting, "=")
			git(t, in, "config", key, value)
		}
	}
	if n := wantVersion(t, dir, "", `v1\.10\.0`); n.Source.Dirty {
		t.Errorf("%+v", n)
	}
	wantVersion(t, ahead, "", `v1\.10\.0-1-g[0-9a-f]{10}`)
}

// A tag of a tag is on the commit of the inner one, in each version of git.
func TestTagsOfTags(t *testing.T) {
	t.Parallel()
	dir := newRepo(t)
	git(t, dir, "tag", "-a", "-m", "x", "v1.0.0-rc.1")
	git(t, dir, "tag", "-a", "-m", "x", "v1.0.0", "v1.0.0-rc.1")
	if n := wantVersion(t, dir, "", `v1\.0\.0`); len(n.Notes) != 1 || !strings.Contains(n.Notes[0], "v1.0.0-rc.1") {
		t.Errorf("%+v", n)
	}
	git(t, dir, "tag", "-d", "v1.0.0-rc.1")
	wantVersion(t, dir, "", `v1\.0\.0`)
	git(t, dir, "pack-refs", "--all")
	wantVersion(t, dir, "", `v1\.0\.0`)
	commit(t, dir, "two")
	wantVersion(t, dir, "", `v1\.0\.0-1-g[0-9a-f]{10}`)
}

func TestTwoTagsThatAreOneVersion(t *testing.T) {
	t.Parallel()
	for _, tags := range [][2]string{{"a/1.0", "a-1.0"}, {"_1.0", "1.0"}, {"a/b", "a-b"}} {
		dir := newRepo(t)
		git(t, dir, "tag", tags[0])
		named(t, dir, "") // alone it is one
		commit(t, dir, "two")
		git(t, dir, "tag", tags[1])
		wantRefused(t, dir, "", tags[0], tags[1], "of different commits", "--version")
	}
	dir := newRepo(t)
	git(t, dir, "tag", "a/1.0")
	commit(t, dir, "two")
	git(t, dir, "tag", "a-1.0")
	wantVersion(t, dir, "a-*", `a-1\.0`)
}

func TestPatternsThatMatchNoTag(t *testing.T) {
	t.Parallel()
	dir := newRepo(t)
	git(t, dir, "tag", "v1.0.0")
	if n := wantVersion(t, dir, "frontend/v*", `0\.0\.0-1-g[0-9a-f]{10}`); len(n.Notes) != 1 || !strings.Contains(n.Notes[0], `version.tags in the app file is "frontend/v*"`) {
		t.Errorf("%+v", n)
	}
	if n := wantVersion(t, newRepo(t), "", `0\.0\.0-1-g[0-9a-f]{10}`); len(n.Notes) != 0 {
		t.Errorf("without a pattern: %+v", n)
	}
	for _, wrong := range []string{"[", "v[", `v*\`, "[[:none:]]"} {
		wantRefused(t, dir, wrong, "matches no tag", "git tag --list")
	}
}
