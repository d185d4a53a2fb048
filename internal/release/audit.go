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
// damaged, so that packing the same content again replaces it.
func (s *Store) Audit(ctx context.Context) (delivery.BlobProof, error) {
	a := &audit{store: s, found: map[string]string{}, needed: map[string][]string{}}
	if err := a.readAll(ctx); err != nil {
		return delivery.BlobProof{}, err
	}
	if err := a.releases(ctx); err != nil {
		return delivery.BlobProof{}, err
	}
	return a.proof(ctx)
}

type audit struct {
	store *Store
	out   delivery.BlobProof

	mu     sync.Mutex
	found  map[string]string   // blobs that are there: "", or what is wrong
	needed map[string][]string // by digest: the releases that need it
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
			a.out.Blobs, a.out.Bytes = a.out.Blobs+1, a.out.Bytes+n
			return err
		})
	}
	return errors.Join(listErr, g.Wait())
}

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
		if fault.Is(err, fault.Tampered) {
			a.out.Damaged = append(a.out.Damaged, delivery.BlobDamage{Name: info.Key, What: "damaged", Text: err.Error()})
			continue
		}
		if err != nil {
			return err
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
		return nil // what it leads to is not known
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

func (a *audit) proof(ctx context.Context) (delivery.BlobProof, error) {
	p := a.out
	for digest, text := range a.found {
		if text == "" {
			continue
		}
		p.Damaged = append(p.Damaged, delivery.BlobDamage{Name: digest, What: "damaged", Text: text, Releases: a.needed[digest]})
		if err := a.store.mark(ctx, digest); err != nil {
			p.Notes = append(p.Notes, err.Error())
		}
	}
	for digest, by := range a.needed {
		if _, there := a.found[digest]; !there {
			p.Damaged = append(p.Damaged, delivery.BlobDamage{Name: digest, What: "missing", Releases: by})
		}
	}
	slices.SortFunc(p.Damaged, func(x, y delivery.BlobDamage) int { return strings.Compare(x.Name, y.Name) })
	return p, nil
}

// link is a blob that another one names.
type link struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
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
	case strings.Contains(mediaType, "image.manifest"), strings.Contains(mediaType, "image.index"),
		strings.Contains(mediaType, "distribution.manifest"):
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
