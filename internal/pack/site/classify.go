package site

import (
	"io"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
	"falkirk/internal/pack/site/media"
	"falkirk/internal/pack/tree"
)

// classes gives files their headers and cache class, as the settings say.
type classes struct {
	s                  Settings
	entries, immutable ignore.List
	rules              rules
	hashes             hashes
	paths              map[string]bool
}

func newClasses(s Settings) (*classes, error) {
	c := &classes{s: s}
	if err := c.entries.Add("entries", orDefault(s.Entries)...); err != nil {
		return nil, err
	}
	if err := c.immutable.Add("immutable", s.Immutable...); err != nil {
		return nil, err
	}
	var err error
	c.rules, err = newRules(s.Headers)
	return c, err
}

// file classifies one file. Entries win over names that look hashed: being asked
// about once too often does no harm.
func (c *classes) file(f tree.File) (delivery.File, error) {
	out := delivery.File{Path: f.Path, Size: f.Size, Cache: delivery.CacheRevalidate}
	var err error
	if out.Type, out.Encoding, err = c.found(f); err != nil {
		return out, err
	}
	if err := c.rules.apply(&out); err != nil {
		return out, err
	}
	entry, lasting := c.entries.Covers(f.Path), c.immutable.Covers(f.Path)
	if len(c.s.Entries) == 0 {
		entry = entry || media.IsPage(out.Type)
	}
	switch {
	case entry && lasting && len(c.s.Entries) > 0:
		return out, fault.New(fault.Invalid, "%q is matched by both entries and immutable", f.Path)
	case entry && !lasting:
		out.Cache, out.Entry = delivery.CacheNone, true
	case lasting || !c.s.IgnoreHashes && c.hashes.hashed(f.Path):
		out.Cache = delivery.CacheImmutable
	}
	return out, nil
}

// found is the type and the content encoding that name and content say.
func (c *classes) found(f tree.File) (kind, coding string, err error) {
	kind, known := media.ByName(f.Path)
	if known && !media.IsCompressed(f.Path) {
		return kind, "", nil
	}
	head, err := begin(f)
	if err != nil {
		return "", "", err
	}
	inner, coding := media.Coding(f.Path, head, c.paths[media.Inner(f.Path)])
	if kind, known = media.ByName(inner); !known {
		kind = media.ByContent(head)
	}
	return kind, coding, nil
}

// begin reads the first bytes of a file.
func begin(f tree.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // only read
	return io.ReadAll(io.LimitReader(r, 512))
}

// site classifies all files and checks that the patterns of the settings mean
// some of them.
func (c *classes) site(files []tree.File) (delivery.Site, error) {
	site := delivery.Site{Files: make([]delivery.File, len(files))}
	paths, entries := make([]string, len(files)), 0
	c.paths = make(map[string]bool, len(files))
	for i, f := range files {
		paths[i] = f.Path
		c.paths[f.Path] = true
	}
	c.hashes = hashesOf(paths)
	var err error
	for i, f := range files {
		if site.Files[i], err = c.file(f); err != nil {
			return site, err
		}
		if site.Files[i].Entry {
			entries++
		}
	}
	site.Schema = delivery.SchemaOf(site.Files)
	if unused := c.entries.Unused(paths); len(c.s.Entries) > 0 && len(unused) > 0 {
		return site, fault.New(fault.Invalid, "entries: no file is matched by %s", strings.Join(unused, ", "))
	}
	if entries == 0 {
		err := fault.New(fault.Invalid, "no file is an entry point, so promoting would change nothing that is seen")
		return site, fault.Hint(err, `name the files that lead to all others: entries: ["index.html"]`)
	}
	return site, nil
}
