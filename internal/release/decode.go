package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// maxSite holds about a million files.
const maxSite = 256 << 20

// Decode reads a release manifest. Unknown keys, another schema and anything
// that could not have been written by Add are errors.
func Decode(raw []byte) (delivery.Release, error) {
	var r delivery.Release
	if err := strict(raw, &r); err != nil {
		return delivery.Release{}, fault.New(fault.Tampered, "not a release manifest: %w", err)
	}
	if err := check(r); err != nil {
		return delivery.Release{}, fault.New(fault.Tampered, "not a release manifest: %w", err)
	}
	return r, nil
}

// DecodeSite reads and checks a site manifest: paths that are clean, relative,
// in order and unique, digests that are digests, sizes that are possible.
func DecodeSite(raw []byte) (delivery.Site, error) {
	var site delivery.Site
	if err := strict(raw, &site); err != nil {
		return delivery.Site{}, fault.New(fault.Tampered, "not a site manifest: %w", err)
	}
	if site.Schema < delivery.SiteSchema || site.Schema > delivery.SiteSchemaHeaders {
		err := fault.New(fault.Refused, "site manifest of schema %d; this falkirk reads %d to %d", site.Schema, delivery.SiteSchema, delivery.SiteSchemaHeaders)
		return delivery.Site{}, fault.Hint(err, "use the version of Falkirk that packed it, or a newer one")
	}
	if need := delivery.SchemaOf(site.Files); need != site.Schema {
		return delivery.Site{}, fault.New(fault.Tampered, "site manifest of schema %d holds what schema %d has", site.Schema, need)
	}
	last := ""
	for _, f := range site.Files {
		if f.Path <= last {
			return delivery.Site{}, fault.New(fault.Tampered, "site manifest: %q after %q: not in order, or twice", f.Path, last)
		}
		last = f.Path
		if err := checkFile(f); err != nil {
			return delivery.Site{}, fault.New(fault.Tampered, "site manifest: %q: %w", f.Path, err)
		}
	}
	return site, nil
}

func checkFile(f delivery.File) error {
	switch {
	case !CleanPath(f.Path):
		return errors.New("not a clean relative path")
	case !ValidDigest(f.Digest):
		return fmt.Errorf("%q is not a digest", f.Digest)
	case f.Size < 0:
		return fmt.Errorf("size %d", f.Size)
	case !headerText(f.Type):
		return fmt.Errorf("content type %q", f.Type)
	case !headerText(f.Encoding):
		return fmt.Errorf("content encoding %q", f.Encoding)
	case !headerText(f.CacheControl):
		return fmt.Errorf("cache control %q", f.CacheControl)
	}
	for name, value := range f.Metadata.Map() {
		if !headerText(name + value) {
			return fmt.Errorf("metadata %q: %q", name, value)
		}
	}
	switch f.Cache {
	case delivery.CacheImmutable, delivery.CacheRevalidate, delivery.CacheNone:
		return nil
	}
	return fmt.Errorf("unknown cache class %q", f.Cache)
}

// CleanPath reports whether p is a slash-separated relative path that stays
// where it begins, on every system: no "..", no backslash, no drive, no NUL.
func CleanPath(p string) bool {
	return p != "" && p != "." && path.Clean(p) == p && p[0] != '/' &&
		p != ".." && !strings.HasPrefix(p, "../") &&
		!strings.ContainsAny(p, "\\\x00") && utf8.ValidString(p)
}

// headerText refuses what must not get into an HTTP header.
func headerText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// ValidDigest reports whether d is "sha256:" and 64 hexadecimal digits in lower case.
func ValidDigest(d string) bool {
	digits, ok := strings.CutPrefix(d, "sha256:")
	if !ok || len(digits) != 64 {
		return false
	}
	return strings.Trim(digits, "0123456789abcdef") == ""
}

// strict decodes one JSON value with no unknown key and nothing after it.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the end")
	}
	return nil
}

// check refuses a release that must not be written, or cannot have been.
func check(r delivery.Release) error {
	if r.Schema != delivery.ReleaseSchema {
		return fault.New(fault.Invalid, "release manifest of schema %d; this falkirk knows %d", r.Schema, delivery.ReleaseSchema)
	}
	if err := checkNames(r.App, r.Version); err != nil {
		return err
	}
	if len(r.Artifacts) == 0 {
		return fault.New(fault.Invalid, "release %s has no artifact", r.Version)
	}
	seen := map[string]bool{}
	for _, a := range r.Artifacts {
		if a.Component == "" || seen[a.Component] {
			return fault.New(fault.Invalid, "release %s: component %q is nameless or there twice", r.Version, a.Component)
		}
		seen[a.Component] = true
		if !ValidDigest(a.Digest) || a.Kind == "" || a.Size < 0 || a.Count < 0 {
			return fault.New(fault.Invalid, "release %s: component %s: artifact is not complete", r.Version, a.Component)
		}
	}
	if r.PackedAt.IsZero() || r.PackedAt.Location() != time.UTC {
		return fault.New(fault.Invalid, "release %s: the time it was packed is missing or not UTC", r.Version)
	}
	return nil
}

func checkNames(app, version string) error {
	if app == "" || !CleanPath(app) || strings.Contains(app, "/") {
		return fault.New(fault.Invalid, "%q is not the name of an app", app)
	}
	return delivery.CheckVersion(version)
}
