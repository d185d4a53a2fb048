package version

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // the ID that git gives to a blob
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"falkirk/internal/git"
	"falkirk/internal/regular"
)

// lineEnds finds files that git calls unchanged and that have other line ends than
// the commit: core.autocrlf, core.eol and "text" in .gitattributes make git accept
// them, and they are packed as they are here. What "eol=crlf" in .gitattributes asks
// for is the same on every machine, and is not a change.
func (t worktree) lineEnds(index []entry, found map[string]bool) error {
	suspects, err := t.longer(index, found)
	if err != nil {
		return err
	}
	bare := map[string]bool{} // by name of a file that differs in its line ends: it also has some without a CR
	for _, s := range suspects {
		differs, some, err := t.endsDiffer(s)
		if err != nil {
			return err
		}
		if differs {
			bare[s.name] = some
		}
	}
	odd, err := t.withoutCRLF(bare)
	if err != nil || len(odd) == 0 {
		return err
	}
	for _, name := range odd {
		found[name] = true
	}
	t.note("files with other line ends than in the commit, which count as changes: %d, such as %s; commit \"* text=auto eol=lf\" in .gitattributes and clone again",
		len(odd), t.within+odd[0])
	return nil
}

// withoutCRLF lists the names that .gitattributes does not ask CR LF for, or that
// are not wholly so.
func (t worktree) withoutCRLF(bare map[string]bool) ([]string, error) {
	if len(bare) == 0 {
		return nil, nil
	}
	cmd := git.Command(t.ctx, t.top, "check-attr", "--stdin", "-z", "eol")
	cmd.Stdin = strings.NewReader(strings.Join(slices.Sorted(maps.Keys(bare)), "\x00") + "\x00")
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git check-attr: %w", err)
	}
	var odd []string
	for f := range slices.Chunk(strings.Split(string(said), "\x00"), 3) { // name, eol, value
		if len(f) == 3 && (f[2] != "crlf" || bare[f[0]]) {
			odd = append(odd, f[0])
		}
	}
	return odd, nil
}

// suspect is a file that is longer here than in the commit.
type suspect struct {
	entry
	size int64 // in the commit
}

// longer lists the files that have more bytes than their blob, and at most twice
// as many: a carriage return before each line end adds that.
func (t worktree) longer(index []entry, found map[string]bool) ([]suspect, error) {
	var asked []entry
	var ids strings.Builder
	here := map[string]int64{}
	for _, e := range index {
		if e.mode == submodule || e.mode == symlink || found[e.name] {
			continue
		}
		info, err := os.Lstat(t.at(e.name))
		if err != nil || !info.Mode().IsRegular() {
			continue // left out by a sparse checkout
		}
		here[e.name] = info.Size()
		asked = append(asked, e)
		ids.WriteString(e.id + "\n")
	}
	if len(asked) == 0 {
		return nil, nil
	}
	cmd := git.Command(t.ctx, t.top, "cat-file", "--batch-check=%(objectsize)")
	cmd.Stdin = strings.NewReader(ids.String())
	said, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	var all []suspect
	for i, line := range strings.Split(strings.TrimRight(string(said), "\n"), "\n") {
		size, err := strconv.ParseInt(line, 10, 64)
		if err == nil && i < len(asked) && here[asked[i].name] > size && here[asked[i].name] <= 2*size {
			all = append(all, suspect{entry: asked[i], size: size})
		}
	}
	return all, nil
}

// endsDiffer reports whether the file is the blob but for carriage returns before
// line ends; bare says that it also has line ends without one.
func (t worktree) endsDiffer(s suspect) (differs, bare bool, err error) {
	f, err := regular.Open(t.at(s.name))
	if err != nil {
		return false, false, err
	}
	defer f.Close()
	h := hash.Hash(sha1.New()) //nolint:gosec // as above
	if len(s.id) == 2*sha256.Size {
		h = sha256.New()
	}
	fmt.Fprintf(h, "blob %d\x00", s.size)
	bare, err = withoutReturns(h, f)
	return hex.EncodeToString(h.Sum(nil)) == s.id, bare, err
}

// withoutReturns copies with each CR LF as LF; bare says that there are line ends
// without a CR.
func withoutReturns(to io.Writer, from io.Reader) (bare bool, err error) {
	in, out := bufio.NewReader(from), bufio.NewWriter(to)
	held := false // a CR that was read and not written yet
	for {
		b, err := in.ReadByte()
		if held && (err != nil || b != '\n') {
			_ = out.WriteByte('\r') // a bufio.Writer keeps its error for Flush
		}
		if err == io.EOF {
			return bare, out.Flush()
		}
		if err != nil {
			return bare, err
		}
		bare = bare || b == '\n' && !held
		if held = b == '\r'; !held {
			_ = out.WriteByte(b)
		}
	}
}
