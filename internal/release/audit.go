package release

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Audit reads every blob of the store and proves its digest, and looks which
// blobs the releases of all apps in the store need. It notes in the store what is
// damaged, so that packing the same content again replaces it. What it may not
// read is named in the proof. The error says why it could not go on; the proof
// has what it read until then.
func (s *Store) Audit(ctx context.Context) (delivery.BlobProof, error) {
	a := &audit{store: s, found: map[string]string{}, needed: map[string][]string{}}
	err := a.readAll(ctx)
	if err == nil {
		err = a.releases(ctx)
	}
	if err != nil {
		a.dark = append(a.dark, "a part of the store")
	}
	return a.proof(ctx, err == nil), err
}

type audit struct {
	store *Store
	out   delivery.BlobProof

	mu     sync.Mutex
	found  map[string]string   // blobs that are there: "", or what is wrong
	needed map[string][]string // by digest: the releases that need it
	dark   []string            // releases and manifests that cannot be read: what they need is not known
}

// unread takes in that something cannot be read, and reports whether the audit
// goes on: where only this object is refused, gone or has no proper name.
func (a *audit) unread(name string, err error) bool {
	if !fault.Is(err, fault.Refused) && !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
		return false
	}
	a.out.Unread = append(a.out.Unread, delivery.BlobDamage{Name: name, What: "not read", Text: err.Error()})
	return true
}

// readAll reads every blob.
func (a *audit) readAll(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	var listErr error
	for info, err := range a.store.bucket.List(ctx, "blobs/sha256/", "") {
		if err != nil {
			listErr = wrap(err, "list the blobs")
			break
		}
		digest := "sha256:" + path.Base(info.Key)
		if !ValidDigest(digest) {
			continue
		}
		g.Go(func() error {
			n, err := a.store.rehash(gctx, digest)
			text := ""
			if fault.Is(err, fault.Tampered) {
				text, err = cause(err), nil
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.found[digest] = text
			if err != nil {
				if !a.unread(digest, err) {
					return err
				}
				a.found[digest] = notRead
				return nil
			}
			a.out.Blobs, a.out.Bytes = a.out.Blobs+1, a.out.Bytes+n
			return nil
		})
	}
	return errors.Join(listErr, g.Wait())
}

// notRead is in the place of what is wrong with a blob.
const notRead = "not read"

// cause is the innermost message: what the bytes are.
func cause(err error) string {
	_, text, ok := strings.Cut(err.Error(), "is damaged: ")
	if !ok {
		return err.Error()
	}
	return text
}

// releases notes what each release needs.
func (a *audit) releases(ctx context.Context) error {
	for info, err := range a.store.bucket.List(ctx, "releases/", "") {
		if err != nil {
			return wrap(err, "list the releases")
		}
		if !strings.HasSuffix(info.Key, ".json") {
			continue
		}
		rel, err := a.store.read(ctx, info.Key)
		if err == nil && manifestKey(rel.App, rel.Version) != info.Key {
			err = fault.New(fault.Tampered, "%s holds release %s of %s", info.Key, rel.Version, rel.App)
		}
		if fault.Is(err, fault.Tampered) {
			a.out.Damaged = append(a.out.Damaged, delivery.BlobDamage{Name: info.Key, What: "damaged", Text: err.Error()})
			a.dark = append(a.dark, info.Key)
			continue
		}
		if err != nil {
			if !a.unread(info.Key, err) {
				return err
			}
			a.dark = append(a.dark, info.Key)
			continue
		}
		for _, art := range rel.Artifacts {
			if err := a.need(ctx, rel.App+" "+rel.Version, art.Digest, art.MediaType); err != nil {
				return err
			}
		}
	}
	return nil
}

// need notes that a release needs a blob and all that it leads to.
func (a *audit) need(ctx context.Context, release, digest, mediaType string) error {
	if slices.Contains(a.needed[digest], release) {
		return nil
	}
	a.needed[digest] = append(a.needed[digest], release)
	if text, there := a.found[digest]; !there || text != "" {
		if leads(mediaType) && !slices.Contains(a.dark, digest) {
			a.dark = append(a.dark, digest)
		}
		return nil
	}
	links, err := a.store.links(ctx, digest, mediaType)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := a.need(ctx, release, l.Digest, l.MediaType); err != nil {
			return err
		}
	}
	return nil
}

// proof is what was found; whole says that everything was looked at, so that what
// was not found is missing.
func (a *audit) proof(ctx context.Context, whole bool) delivery.BlobProof {
	p := a.out
	add := func(digest, what, text string) {
		p.Damaged = append(p.Damaged, delivery.BlobDamage{
			Name: digest, What: what, Text: text, Releases: a.needed[digest], Unknown: len(a.dark) > 0,
		})
	}
	for digest, text := range a.found {
		if text == "" || text == notRead {
			continue
		}
		add(digest, "damaged", text)
		if err := a.store.mark(ctx, digest); err != nil {
			p.Notes = append(p.Notes, err.Error())
		}
	}
	for digest := range a.needed {
		if _, there := a.found[digest]; !there && whole {
			add(digest, "missing", "")
		}
	}
	for _, name := range a.dark {
		p.Notes = append(p.Notes, "it is not known which blobs "+name+" needs")
	}
	byName := func(x, y delivery.BlobDamage) int { return strings.Compare(x.Name, y.Name) }
	slices.SortFunc(p.Damaged, byName)
	slices.SortFunc(p.Unread, byName)
	return p
}

// link is a blob that another one names.
type link struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
}

// leads reports whether a blob of this type names others.
func leads(mediaType string) bool {
	return mediaType == delivery.SiteMediaType || mediaType == delivery.StackMediaType || isImage(mediaType)
}

func isImage(mediaType string) bool {
	return strings.Contains(mediaType, "image.manifest") || strings.Contains(mediaType, "image.index") ||
		strings.Contains(mediaType, "distribution.manifest")
}

// links are the blobs that a manifest names: of a site, a stack, or an image.
// Any other blob names none.
func (s *Store) links(ctx context.Context, digest, mediaType string) ([]link, error) {
	switch {
	case mediaType == delivery.SiteMediaType:
		site, err := s.Site(ctx, digest)
		var all []link
		for _, f := range site.Files {
			all = append(all, link{Digest: f.Digest})
		}
		return all, err
	case mediaType == delivery.StackMediaType:
		var stack delivery.Stack
		err := s.decode(ctx, digest, &stack)
		return templateLinks(stack.Template), err
	case isImage(mediaType):
		var m struct {
			Config    *link  `json:"config"`
			Layers    []link `json:"layers"`
			Manifests []link `json:"manifests"`
		}
		err := s.decode(ctx, digest, &m)
		all := slices.Concat(m.Manifests, m.Layers)
		if m.Config != nil {
			all = append(all, *m.Config)
		}
		return all, err
	}
	return nil, nil
}

func templateLinks(t delivery.Template) []link {
	all := []link{{Digest: t.Digest}}
	for _, r := range t.References {
		if r.Template != nil {
			all = append(all, templateLinks(*r.Template)...)
		} else {
			all = append(all, link{Digest: r.Digest})
		}
	}
	return all
}

func (s *Store) decode(ctx context.Context, digest string, into any) error {
	body, err := s.Open(ctx, digest)
	if err != nil {
		return err
	}
	defer body.Close()
	raw, err := readAll(body, maxSite)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	return wrap(err, "read manifest %s", digest)
}
