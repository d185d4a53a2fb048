package version

import (
	"os"
	"strings"
)

// hidden finds the files that git was told not to look at (git update-index
// --assume-unchanged, --skip-worktree) and that differ from the index all the same.
// git status does not show them, and packing takes them.
func (t worktree) hidden(index []entry, found map[string]bool) error {
	for _, e := range index {
		if !e.isHidden() || e.mode == submodule || found[e.name] {
			continue
		}
		if _, err := os.Lstat(t.at(e.name)); gone(err) && e.isSkipped() {
			continue // a sparse checkout leaves it out
		}
		same, err := t.isAs(e)
		if err != nil {
			return err
		}
		if !same {
			found[e.name] = true
		}
	}
	return nil
}

// submodules finds those that differ from the index in what git status does not
// show: a submodule that git was told not to look at, or files in it. One that is
// not checked out is noted: what it holds is not packed, under the same version.
func (t worktree) submodules(index []entry, found map[string]bool) error {
	for _, e := range index {
		if e.mode != submodule {
			continue
		}
		if _, err := os.Lstat(t.at(e.name + "/.git")); gone(err) {
			command := "git submodule update --init " + e.name
			if t.within != "" {
				command = "git -C " + strings.TrimSuffix(t.within, "/") + " submodule update --init " + e.name
			}
			t.note("submodule %s is not checked out, so its files are not packed: %s", t.within+e.name, command)
			continue
		}
		if found[e.name] {
			continue
		}
		same, err := t.isAs(e)
		if err != nil {
			return err
		}
		if !same {
			found[e.name] = true
		}
	}
	return nil
}
