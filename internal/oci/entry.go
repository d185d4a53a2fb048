package oci

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"falkirk/internal/fault"
)

// Whiteouts, as the OCI image specification names them.
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
	aufs     = ".wh..wh." // other files of AUFS' own, to be passed over
)

// entry lays out one entry of a layer.
func (t *tree) entry(h *tar.Header, body io.Reader) error {
	p, err := cleanName(h.Name)
	if err != nil {
		return err
	}
	base := path.Base(p)
	if h.Typeflag == tar.TypeXGlobalHeader || strings.HasPrefix(base, aufs) && base != opaque {
		return nil
	}
	if strings.HasPrefix(base, whiteout) {
		return t.white(p, base)
	}
	switch h.Typeflag {
	case tar.TypeDir, tar.TypeReg, tar.TypeSymlink, tar.TypeLink:
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		if t.note != nil {
			t.note(fmt.Sprintf("left out %q: a device or a pipe", h.Name))
		}
		return nil
	default:
		return fault.New(fault.Invalid, "tar entry of unknown type %q", h.Typeflag)
	}
	at, err := t.place(p)
	if err != nil {
		return err
	}
	if h.Typeflag == tar.TypeDir {
		return t.dir(at, h)
	}
	if at == "." {
		return fault.New(fault.Invalid, "the root is not a folder")
	}
	return t.write(at, h, body)
}

// cleanName turns a name of an archive into a path below the root. A leading
// slash is dropped as tar does; ".." is refused.
func cleanName(name string) (string, error) {
	p := path.Clean(strings.TrimLeft(name, "/"))
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", fault.New(fault.Invalid, "the path leaves the root")
		}
	}
	if name == "" || !filepath.IsLocal(filepath.FromSlash(p)) || strings.ContainsRune(p, 0) {
		return "", fault.New(fault.Invalid, "not a path")
	}
	return p, nil
}

func (t *tree) white(p, base string) error {
	dir, err := t.existing(path.Dir(p))
	if err != nil || dir == "" {
		return err
	}
	if base == opaque {
		return t.hideInside(dir)
	}
	name := strings.TrimPrefix(base, whiteout)
	if name == "" || name == "." || name == ".." {
		return fault.New(fault.Invalid, "a whiteout of nothing")
	}
	return t.hide(path.Join(dir, name))
}

// existing is folder, but "" where there is none: a whiteout makes no folders.
func (t *tree) existing(dir string) (string, error) {
	if dir == "." {
		return dir, nil
	}
	if _, known := t.parents[dir]; !known {
		above, err := t.existing(path.Dir(dir))
		if err != nil || above == "" {
			return "", err
		}
		info, err := t.root.Lstat(path.Join(above, path.Base(dir)))
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		if !info.IsDir() && info.Mode()&fs.ModeSymlink == 0 {
			return "", nil
		}
	}
	return t.folder(dir)
}

func (t *tree) dir(at string, h *tar.Header) error {
	info, err := t.root.Lstat(at)
	switch {
	case err == nil && !info.IsDir():
		if err := t.vacate(at); err != nil {
			return err
		}
		fallthrough
	case errors.Is(err, fs.ErrNotExist):
		if err := t.root.Mkdir(at, 0o755); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	t.mark(at)
	t.folders[at] = attribute{mode: t.mode(h), time: h.ModTime}
	return t.own(at, h)
}

// write lays out what is not a folder, in the place of whatever is there.
func (t *tree) write(at string, h *tar.Header, body io.Reader) error {
	source := ""
	if h.Typeflag == tar.TypeLink {
		p, err := cleanName(h.Linkname)
		if err != nil {
			return fmt.Errorf("link to %q: %w", h.Linkname, err)
		}
		if source, err = t.existing(path.Dir(p)); err != nil || source == "" {
			return errors.Join(fault.New(fault.Invalid, "link to %q, which is not there", h.Linkname), err)
		}
		if source = path.Join(source, path.Base(p)); source == at {
			return nil
		}
	}
	if err := t.vacate(at); err != nil {
		return err
	}
	t.mark(at)
	switch h.Typeflag {
	case tar.TypeLink:
		return t.root.Link(source, at)
	case tar.TypeSymlink:
		clear(t.parents)
		if err := t.root.Symlink(h.Linkname, at); err != nil {
			return err
		}
		return t.own(at, h)
	}
	return t.file(at, h, body)
}

func (t *tree) file(at string, h *tar.Header, body io.Reader) (err error) {
	if t.bytes += h.Size; h.Size < 0 || t.bytes < 0 || t.bytes > t.limits.Bytes {
		return tooMuch("more than %d bytes", t.limits.Bytes)
	}
	f, err := t.root.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	if err == nil && t.owner {
		err = f.Chown(h.Uid, h.Gid)
	}
	if err == nil {
		err = f.Chmod(t.mode(h)) // after the owner, which clears the set-user bit
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return t.times(at, h.ModTime)
}

func (t *tree) times(at string, m time.Time) error {
	if m.IsZero() {
		return nil
	}
	return t.root.Chtimes(at, m, m)
}

// mode keeps set-user and set-group bits only with the owner that they are for.
func (t *tree) mode(h *tar.Header) fs.FileMode {
	keep := fs.ModePerm | fs.ModeSticky
	if t.owner {
		keep |= fs.ModeSetuid | fs.ModeSetgid
	}
	return h.FileInfo().Mode() & keep
}

func (t *tree) own(at string, h *tar.Header) error {
	if !t.owner {
		return nil
	}
	return t.root.Lchown(at, h.Uid, h.Gid)
}
