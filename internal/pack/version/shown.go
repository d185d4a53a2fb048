package version

import (
	"bytes"
	"cmp"
	"context"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"falkirk/internal/git"
)

// entry is a file in a commit or in the index.
type entry struct {
	tag  byte // of git ls-files -v: a small letter is assume-unchanged, S skip-worktree
	mode string
	id   string
	name string
}

// The modes of entries.
const (
	submodule = "160000"
	symlink   = "120000"
	program   = "100755"
)

func (e entry) isHidden() bool { return e.isSkipped() || e.tag >= 'a' && e.tag <= 'z' }

// isSkipped reports whether git may have left the file out of the work tree, as
// in a sparse checkout.
func (e entry) isSkipped() bool { return e.tag == 'S' || e.tag == 's' }

// index lists what the next commit holds, without conflicts.
func (t worktree) index() ([]entry, error) {
	said, err := git.Out(t.ctx, t.top, "ls-files", "-v", "-s", "-z", "--full-name")
	if err != nil {
		return nil, err
	}
	var all []entry
	for line := range bytes.SplitSeq(said, []byte{0}) {
		about, name, ok := strings.Cut(string(line), "\t")
		f := strings.Fields(about) // H 100644 <id> 0
		if ok && len(f) == 4 && f[3] == "0" {
			all = append(all, entry{tag: f[0][0], mode: f[1], id: f[2], name: name})
		}
	}
	return all, nil
}

// shown finds what git status shows. Submodules count by their own commit and
// changes, whatever their setting "ignore" is. What is only staged, and is in the
// work tree as in the commit, is not a change.
func (t worktree) shown(_ []entry, found map[string]bool) error {
	args := []string{"status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignored=no", "--ignore-submodules=none", "--no-renames", "--", ":/"}
	said, err := git.Out(t.ctx, t.top, append(args, t.except...)...)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for line := range bytes.SplitSeq(said, []byte{0}) {
		name, head, ok := statusLine(string(line))
		if !ok {
			continue
		}
		if head.id != "" {
			if kept[name], err = t.isAs(head); err != nil {
				return err
			}
		}
		if !kept[name] {
			found[name] = true
		}
	}
	return nil
}

// statusLine reads an entry of git status --porcelain=v2 -z: the path is the ninth
// field of a change, the eleventh of a conflict, the second of an untracked file.
// head is what the commit has there, where something was staged.
func statusLine(line string) (name string, head entry, ok bool) {
	fields := map[string]int{"1": 9, "u": 11, "?": 2}
	kind, _, _ := strings.Cut(line, " ")
	n, known := fields[kind]
	if !known {
		return "", entry{}, false
	}
	f := strings.SplitN(line, " ", n)
	if len(f) != n {
		return "", entry{}, false
	}
	name = strings.TrimSuffix(f[n-1], "/") // of a repository
	if kind == "1" && f[1][0] != '.' && f[1][0] != 'A' {
		head = entry{mode: f[3], id: f[6], name: name}
	}
	return name, head, true
}

// isAs reports whether the work tree holds exactly what an entry says, as git
// compares: filters and line ends as they are set.
func (t worktree) isAs(e entry) (bool, error) {
	if e.mode == submodule {
		r, ok, err := t.repository(e.name)
		return ok && r.commit == e.id && r.changes == "", err
	}
	info, err := os.Lstat(t.at(e.name))
	switch {
	case err != nil || info.IsDir():
		return false, nil
	case info.Mode()&fs.ModeSymlink != 0 != (e.mode == symlink):
		return false, nil
	case e.mode != symlink && t.modes && isProgram(info) != (e.mode == program):
		return false, nil
	}
	return t.blob(e.name, info) == e.id, nil
}

// blob is the ID that git gives to what is there now; "" where it gives none.
func (t worktree) blob(name string, info fs.FileInfo) string {
	cmd := git.Command(t.ctx, t.top, "hash-object", "--", name)
	if info.Mode()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(t.at(name))
		if err != nil {
			return ""
		}
		cmd = git.Command(t.ctx, t.top, "hash-object", "--stdin")
		cmd.Stdin = strings.NewReader(to)
	} else if !info.Mode().IsRegular() {
		return ""
	}
	said, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(said))
}

// modesCount reports whether git looks at the executable bit of files here.
func modesCount(ctx context.Context, top string) bool {
	if runtime.GOOS == "windows" {
		return false
	}
	said, err := git.Line(ctx, top, "config", "--type=bool", "core.fileMode")
	return err != nil || said != "false"
}

// programs notes the files whose executable bit is not that of the commit, where
// git does not look at it. Images and bundles keep the bit.
func (t worktree) programs(index []entry, _ map[string]bool) error {
	if t.modes || runtime.GOOS == "windows" {
		return nil // git status shows them; Windows has no such bit
	}
	first, n := "", 0
	for _, e := range index {
		info, err := os.Lstat(t.at(e.name))
		if err == nil && info.Mode().IsRegular() && isProgram(info) != (e.mode == program) {
			n, first = n+1, cmp.Or(first, t.within+e.name)
		}
	}
	if n > 0 {
		t.note("core.fileMode is false, and the executable bit of files is not that of the commit: %d, such as %s; images and bundles are packed with the bit as it is here", n, first)
	}
	return nil
}
