package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// FileName is the name of an app file.
const FileName = "falkirk.yml"

// File is a checked app file.
type File struct {
	App      delivery.App
	Path     string   // absolute
	Falkirk  string   // the version of falkirk that it asks for; empty: any
	Warnings Problems // what is allowed and may be a mistake; no command but "config check" says it
	Secrets  []string // values that came from ${env:…} into settings, for redaction; longest first

	name      string // of the file, as given, without folders
	effective *node  // for Show: the whole file after defaults and inheritance
}

// Load reads and checks the whole app file at path. When anything is wrong with
// it, the error is of kind fault.Invalid and holds Problems, all of them.
func Load(path string, kinds Kinds, getenv func(string) (string, bool)) (*File, error) {
	return loadFile(path, kinds, getenv, false, nil)
}

// Open is Load for a command that may not need the whole file: a block that
// names a variable which is not set is no error here. It has no settings and
// says so in its field Unusable, which whoever uses the block must ask.
func Open(path string, kinds Kinds, getenv func(string) (string, bool)) (*File, error) {
	return loadFile(path, kinds, getenv, true, nil)
}

func loadFile(path string, kinds Kinds, getenv func(string) (string, bool), lazy bool, outside func(delivery.App) []Finding) (*File, error) {
	raw, err := read(path)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	return load(raw, path, abs, kinds, getenv, lazy, outside)
}

func load(raw []byte, name, abs string, kinds Kinds, getenv func(string) (string, bool), lazy bool, outside func(delivery.App) []Finding) (*File, error) {
	rep := &report{file: name, secrets: map[string]string{}}
	b := &builder{rep: rep, kinds: kinds, lazy: lazy, outside: outside, public: map[*node]bool{}}
	b.file = &File{Path: abs, name: filepath.Base(abs), App: delivery.App{Root: filepath.Dir(abs)}}
	switch root := parse(raw, rep, getenv, lazy); {
	case root == nil:
	case root.shape == null:
		rep.add(pos{1, 1}, emptyFile())
	default:
		b.build(root)
	}
	rep.explain()
	if len(rep.list) > 0 {
		err := fault.New(fault.Invalid, "%w", rep.list.sorted())
		if outside != nil {
			err = &CheckError{err, rep.warned.sorted()}
		}
		return nil, fault.Hint(err, "%s, then: falkirk config check; falkirk schema describes every key", rep.list.unusable().Next())
	}
	b.file.Warnings, b.file.App.Unsafe = rep.warned.sorted(), rep.unsound.sorted().unusable()
	return b.file, nil
}

// read takes one byte more than is allowed, so that a file which is too large
// is noticed and not read.
func read(path string) ([]byte, error) {
	f, err := regular.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		err := fault.New(fault.NotFound, "no app file %s", path)
		return nil, fault.Hint(err, "make one with: falkirk init")
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "open the app file: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the app file %s: %w", path, err)
	}
	return raw, nil
}

// store makes the URL of the store absolute. What follows file:// is a path as
// it is; nothing in it is escaped.
func (b *builder) store(doc document) string {
	url := doc.Store
	dir, isFile := strings.CutPrefix(url, "file://")
	if !isFile {
		return url
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(b.file.App.Root, filepath.FromSlash(dir))
	}
	return "file://" + filepath.ToSlash(filepath.Clean(dir))
}
