package version

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"falkirk/internal/git"
)

// hashHidden writes the files that git was told not to look at (git update-index
// --assume-unchanged, --skip-worktree) and that differ from the index all the same,
// and how many there are. git status does not show them, and packing takes them.
func hashHidden(ctx context.Context, w io.Writer, top string) (int, error) {
	said, err := git.Out(ctx, top, "ls-files", "-v", "-s", "-z", "--full-name")
	if err != nil {
		return 0, err
	}
	n := 0
	for entry := range bytes.SplitSeq(said, []byte{0}) {
		name, id, ok := hiddenFile(string(entry))
		if !ok {
			continue
		}
		info, err := os.Lstat(filepath.Join(top, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) && entry[0] == 'S' {
			continue // a sparse checkout leaves it out
		}
		if err == nil && blobOf(ctx, top, name, info) == id {
			continue
		}
		n++
		if err := hashPath(ctx, w, top, name, 0); err != nil {
			return n, fmt.Errorf("read what git does not look at: %w", err)
		}
	}
	return n, nil
}

// blobOf is the ID that git gives to what is there now; "" where it gives none.
func blobOf(ctx context.Context, top, name string, info fs.FileInfo) string {
	cmd := git.Command(ctx, top, "hash-object", "--", name)
	if info.Mode()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(filepath.Join(top, filepath.FromSlash(name)))
		if err != nil {
			return ""
		}
		cmd = git.Command(ctx, top, "hash-object", "--stdin")
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

// hiddenFile reads an entry "S 100644 <id> 0\tname": a small letter is
// assume-unchanged, S skip-worktree.
func hiddenFile(entry string) (name, id string, ok bool) {
	if entry == "" || entry[0] != 'S' && (entry[0] < 'a' || entry[0] > 'z') {
		return "", "", false
	}
	about, name, ok := strings.Cut(entry, "\t")
	fields := strings.Fields(about)
	if !ok || len(fields) != 4 || fields[1] == submodule {
		return "", "", false
	}
	return name, fields[2], true
}

// submodule is the mode of an entry that is a commit of another repository.
const submodule = "160000"

// missingSubmodules notes the submodules that are not checked out: what they hold
// is not packed, under the same version.
func (r repo) missingSubmodules(top string) ([]string, error) {
	said, err := git.Out(r.ctx, top, "ls-files", "-s", "-z", "--full-name")
	if err != nil {
		return nil, err
	}
	var notes []string
	for entry := range bytes.SplitSeq(said, []byte{0}) {
		about, name, ok := strings.Cut(string(entry), "\t")
		if !ok || !strings.HasPrefix(about, submodule+" ") {
			continue
		}
		if _, err := os.Lstat(filepath.Join(top, filepath.FromSlash(name), ".git")); err != nil {
			notes = append(notes, fmt.Sprintf("submodule %s is not checked out, so its files are not packed: git submodule update --init %s", name, name))
		}
	}
	return notes, nil
}
