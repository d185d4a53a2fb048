package oci

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// Layout reads an OCI image layout, in a folder or in a tar archive that is not
// compressed. Nothing outside of it is read, whatever it says.
type Layout struct {
	path   string
	index  []byte // index.json
	close  func() error
	reader func(name string) (io.ReadCloser, error)
}

// OpenLayout opens the layout at path.
func OpenLayout(path string) (*Layout, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "%s is not there", path)
	}
	if err != nil {
		return nil, err
	}
	l := &Layout{path: path}
	if info.IsDir() {
		err = l.openFolder()
	} else {
		err = l.openTar()
	}
	if err != nil {
		return nil, fmt.Errorf("open OCI layout %s: %w", path, err)
	}
	if err := l.readIndex(); err != nil {
		return nil, errors.Join(fmt.Errorf("open OCI layout %s: %w", path, err), l.close())
	}
	return l, nil
}

func (l *Layout) openFolder() error {
	root, err := os.OpenRoot(l.path)
	if err != nil {
		return err
	}
	l.close = root.Close
	l.reader = func(name string) (io.ReadCloser, error) { return regular.OpenIn(root, name) }
	return nil
}

// maxLayoutEntries bounds what is remembered of a tar archive.
const maxLayoutEntries = 100_000

// openTar remembers where each file of the archive begins.
func (l *Layout) openTar() error {
	f, err := regular.Open(l.path)
	if err != nil {
		return err
	}
	l.close = f.Close
	type span struct{ offset, size int64 }
	spans := map[string]span{}
	archive := tar.NewReader(f)
	for len(spans) < maxLayoutEntries {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(fault.New(fault.Invalid, "neither a folder nor a tar archive: %w", err), f.Close())
		}
		offset, err := f.Seek(0, io.SeekCurrent) // the tar reader does not read ahead
		if err != nil {
			return errors.Join(err, f.Close())
		}
		if h.Typeflag == tar.TypeReg {
			spans[path.Clean(h.Name)] = span{offset, h.Size}
		}
	}
	l.reader = func(name string) (io.ReadCloser, error) {
		s, ok := spans[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return io.NopCloser(io.NewSectionReader(f, s.offset, s.size)), nil
	}
	return nil
}

func (l *Layout) readIndex() error {
	marker, err := l.small("oci-layout")
	if err != nil {
		return err
	}
	var version struct {
		ImageLayoutVersion string `json:"imageLayoutVersion"`
	}
	if err := json.Unmarshal(marker, &version); err != nil || !strings.HasPrefix(version.ImageLayoutVersion, "1.") {
		return fault.New(fault.Invalid, "its file oci-layout is not one of version 1")
	}
	l.index, err = l.small("index.json")
	return err
}

func (l *Layout) small(name string) ([]byte, error) {
	r, err := l.reader(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "no OCI layout: it has no file %s", name)
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	if err == nil && len(raw) > maxManifest {
		err = fault.New(fault.Invalid, "its file %s is larger than %d bytes", name, maxManifest)
	}
	return raw, err
}

// Root is the digest of what the layout holds: its one image or index, or, where
// it lists one image for each of several platforms, that list itself.
func (l *Layout) Root() (string, error) {
	m, err := parseManifest(l.index, "index.json")
	if err != nil {
		return "", fmt.Errorf("OCI layout %s: %w", l.path, err)
	}
	if len(m.Manifests) == 1 {
		return m.Manifests[0].Digest.String(), nil
	}
	seen := map[string]bool{}
	var names []string
	for _, d := range m.Manifests {
		name := d.Annotations["org.opencontainers.image.ref.name"]
		if name == "" {
			name = d.Digest.String()
		}
		names = append(names, name)
		if d.Platform != nil {
			seen[join(d.Platform.OS, d.Platform.Architecture, d.Platform.Variant)] = true
		}
	}
	if len(seen) == 0 || len(seen) != len(m.Manifests) {
		return "", fault.New(fault.Invalid, "OCI layout %s must hold one image or index; it holds %d: %s",
			l.path, len(names), strings.Join(names, ", "))
	}
	return l.indexDigest(), nil
}

func (l *Layout) indexDigest() string {
	sum := sha256.Sum256(l.index)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Open implements Blobs.
func (l *Layout) Open(_ context.Context, digest string) (io.ReadCloser, error) {
	if !validDigest(digest) {
		return nil, fault.New(fault.Invalid, "%q is not a digest", digest)
	}
	r, err := l.reader("blobs/sha256/" + digest[len("sha256:"):])
	if errors.Is(err, fs.ErrNotExist) {
		if digest == l.indexDigest() {
			return io.NopCloser(bytes.NewReader(l.index)), nil
		}
		return nil, fault.New(fault.Invalid, "OCI layout %s lacks %s", l.path, digest)
	}
	return r, err
}

// Close ends the reading.
func (l *Layout) Close() error { return l.close() }
