package release_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/release"
)

// far is a bucket in which reading costs: it does not say that it is cheap.
type far struct{ bucket.Bucket }

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stored writes a blob, large or small, and gives its digest and file.
func stored(t *testing.T, s *release.Store, dir string, content []byte, whole bool) (digest, path string) {
	t.Helper()
	if whole {
		var err error
		digest, err = s.WriteBytes(t.Context(), content)
		ok(t, err)
	} else {
		w, err := s.Write(t.Context())
		ok(t, err)
		_, err = w.Write(content)
		ok(t, err)
		digest, _, err = w.Commit(t.Context())
		ok(t, err)
	}
	return digest, filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(digest, "sha256:"))
}

// TestWritingAgainReplacesADamagedBlob: in a folder at once, elsewhere once Audit
// has found it. What is whole stays the same object.
func TestWritingAgainReplacesADamagedBlob(t *testing.T) {
	t.Parallel()
	for _, cheap := range []bool{true, false} {
		for _, size := range []int{10, 20 << 10} {
			for _, whole := range []bool{true, false} {
				name := fmt.Sprintf("cheap %t, %d bytes, whole %t", cheap, size, whole)
				dir := t.TempDir()
				open := func() *release.Store {
					if cheap {
						return release.New(file.New(dir))
					}
					return release.New(far{file.New(dir)})
				}
				good := bytes.Repeat([]byte("a"), size)
				digest, path := stored(t, open(), dir, good, whole)
				before, err := os.Stat(path)
				ok(t, err)
				stored(t, open(), dir, good, whole)
				after, err := os.Stat(path)
				ok(t, err)
				if !os.SameFile(before, after) {
					t.Errorf("%s: a blob that is whole is written again", name)
				}
				bad := bytes.Repeat([]byte("b"), size)
				ok(t, os.WriteFile(path, bad, 0o600))
				if !cheap {
					p, err := open().Audit(t.Context())
					ok(t, err)
					if len(p.Damaged) != 1 || p.Damaged[0].Name != digest || p.Damaged[0].What != "damaged" {
						t.Fatalf("%s: the audit says %+v", name, p)
					}
				}
				if has, err := open().Has(t.Context(), digest); has || err != nil {
					t.Errorf("%s: the store has the damaged blob: %v", name, err)
				}
				stored(t, open(), dir, good, whole)
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, good) {
					t.Errorf("%s: the blob is still damaged: %v", name, err)
				}
				if has, err := open().Has(t.Context(), digest); !has || err != nil {
					t.Errorf("%s: the store lacks the blob that was written again: %v", name, err)
				}
				if p, err := open().Audit(t.Context()); err != nil || len(p.Damaged) > 0 || p.Blobs != 1 {
					t.Errorf("%s: afterwards %+v, %v", name, p, err)
				}
			}
		}
	}
}

// TestAuditKnowsWhatEachReleaseNeeds takes away each blob of a release with a
// site, a stack with a nested one, and an image index: each is missed.
func TestAuditKnowsWhatEachReleaseNeeds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := release.New(file.New(dir))
	blob := func(v any) string {
		raw, is := v.(string)
		if !is {
			b, err := json.Marshal(v)
			ok(t, err)
			raw = string(b)
		}
		digest, _ := stored(t, s, dir, []byte(raw), true)
		return digest
	}
	type m map[string]any
	const manifest = "application/vnd.oci.image.manifest.v1+json"
	image := blob(m{"manifests": []m{{"mediaType": manifest, "digest": blob(m{
		"config": m{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": blob(m{"rootfs": m{"diff_ids": []string{release.Digest([]byte("unpacked"))}}})},
		"layers": []m{{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": blob("layer")}},
	})}}})
	nested := delivery.Template{Digest: blob("nested"), References: []delivery.Reference{{Form: delivery.FormURI, Digest: blob("zip")}}}
	stack := blob(delivery.Stack{Schema: 1, Template: delivery.Template{Digest: blob("template"), References: []delivery.Reference{{Form: delivery.FormURL, Template: &nested}}}})
	site := blob(delivery.Site{Schema: delivery.SiteSchema, Files: []delivery.File{{
		Path: "package-lock.json", Digest: blob(m{"digest": release.Digest([]byte("of somebody else"))}), Size: 1, Type: "application/json", Cache: delivery.CacheRevalidate,
	}}})
	_, _, err := s.Add(t.Context(), delivery.Release{
		Schema: delivery.ReleaseSchema, App: "shop", Version: "1", PackedAt: time.Now().UTC(), PackedBy: "ann", Tool: "dev",
		Artifacts: []delivery.Artifact{
			{Component: "api", Kind: "image", Digest: image, MediaType: "application/vnd.oci.image.index.v1+json"},
			{Component: "base", Kind: "stack", Digest: stack, MediaType: delivery.StackMediaType},
			{Component: "web", Kind: "site", Digest: site, MediaType: delivery.SiteMediaType},
		},
	})
	ok(t, err)
	p, err := s.Audit(t.Context())
	ok(t, err)
	if len(p.Damaged) > 0 || p.Blobs != 10 {
		t.Fatalf("the store as it was: %+v", p)
	}
	files, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	ok(t, err)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		ok(t, err)
		ok(t, os.Remove(f))
		p, err := s.Audit(t.Context())
		ok(t, err)
		name := "sha256:" + filepath.Base(f)
		if len(p.Damaged) != 1 || p.Damaged[0].Name != name || p.Damaged[0].What != "missing" || !slices.Equal(p.Damaged[0].Releases, []string{"shop 1"}) {
			t.Errorf("without %s (%s): %+v", name, raw, p.Damaged)
		}
		ok(t, os.WriteFile(f, raw, 0o600))
	}
}

// closed is a bucket in which some objects may not be read.
type closed struct {
	bucket.Bucket
	under string
}

func (c closed) Get(ctx context.Context, key string) (io.ReadCloser, bucket.Info, error) {
	if strings.HasPrefix(key, c.under) {
		return nil, bucket.Info{}, fault.New(fault.Refused, "get %s: AccessDenied", key)
	}
	return c.Bucket.Get(ctx, key)
}

// sited adds a release of a site with one file, and gives the digests of both.
func sited(t *testing.T, s *release.Store, dir, app, content string) (site, file string) {
	t.Helper()
	file, _ = stored(t, s, dir, []byte(content), true)
	raw, err := json.Marshal(delivery.Site{Schema: delivery.SiteSchema, Files: []delivery.File{{
		Path: "a.txt", Digest: file, Size: int64(len(content)), Type: "text/plain", Cache: delivery.CacheRevalidate,
	}}})
	ok(t, err)
	site, _ = stored(t, s, dir, raw, true)
	_, _, err = s.Add(t.Context(), delivery.Release{
		Schema: delivery.ReleaseSchema, App: app, Version: "1", PackedAt: time.Now().UTC(), PackedBy: "ann", Tool: "dev",
		Artifacts: []delivery.Artifact{{Component: "web", Kind: "site", Digest: site, MediaType: delivery.SiteMediaType}},
	})
	ok(t, err)
	return site, file
}

func damage(t *testing.T, dir, key string) {
	t.Helper()
	ok(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(strings.Replace(key, "sha256:", "blobs/sha256/", 1))), []byte("damaged"), 0o600))
}

// TestAuditNamesWhatItMayNotRead: the rest is looked at and reported.
func TestAuditNamesWhatItMayNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := release.New(file.New(dir))
	site, one := sited(t, s, dir, "shop", "one")
	sited(t, s, dir, "other", "two")
	damage(t, dir, one)
	blob := func(digest string) string { return strings.Replace(digest, "sha256:", "blobs/sha256/", 1) }
	for _, c := range []struct {
		under, unread string
		blobs         int
		releases      []string
		unknown       bool
	}{
		{"releases/other/", "releases/other/1.json", 4, []string{"shop 1"}, true},
		{"releases/shop/", "releases/shop/1.json", 4, nil, true},
		{blob(site), site, 3, nil, true},
		{"nothing", "", 4, []string{"shop 1"}, false},
	} {
		p, err := release.New(closed{file.New(dir), c.under}).Audit(t.Context())
		ok(t, err)
		want := delivery.BlobDamage{Name: one, What: "damaged", Releases: c.releases, Unknown: c.unknown}
		if len(p.Damaged) == 1 {
			want.Text = p.Damaged[0].Text
		}
		if p.Blobs != c.blobs || !reflect.DeepEqual(p.Damaged, []delivery.BlobDamage{want}) {
			t.Errorf("without %s: %+v, want %+v", c.under, p, want)
		}
		if (c.unread == "") != (len(p.Unread) == 0) || c.unread != "" && (p.Unread[0].Name != c.unread || !strings.Contains(p.Unread[0].Text, "AccessDenied")) {
			t.Errorf("without %s, not read is %+v", c.under, p.Unread)
		}
	}
}

// TestAuditDoesNotKnowWhatADamagedManifestNeeds: a blob that it named is not
// "needed by nobody".
func TestAuditDoesNotKnowWhatADamagedManifestNeeds(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(t *testing.T, dir, site string){
		"damaged": func(t *testing.T, dir, site string) { t.Helper(); damage(t, dir, site) },
		"missing": func(t *testing.T, dir, site string) {
			t.Helper()
			ok(t, os.Remove(filepath.Join(dir, "blobs", "sha256", site[7:])))
		},
		"a damaged release":        func(t *testing.T, dir, _ string) { t.Helper(); damage(t, dir, "releases/shop/1.json") },
		"the release of another":   func(t *testing.T, dir, _ string) { t.Helper(); moveRelease(t, dir) },
		"an object of no such key": func(t *testing.T, dir, _ string) { t.Helper(); damage(t, dir, "releases/shop/\n.json") },
	} {
		dir := t.TempDir()
		s := release.New(file.New(dir))
		site, one := sited(t, s, dir, "shop", "one")
		damage(t, dir, one)
		spoil(t, dir, site)
		p, err := s.Audit(t.Context())
		ok(t, err)
		i := slices.IndexFunc(p.Damaged, func(d delivery.BlobDamage) bool { return d.Name == one })
		if i < 0 || !p.Damaged[i].Unknown || len(p.Notes) == 0 || !strings.Contains(p.Notes[len(p.Notes)-1], "it is not known which blobs ") {
			t.Errorf("%s: %+v", what, p)
		}
	}
}

func moveRelease(t *testing.T, dir string) {
	t.Helper()
	ok(t, os.Rename(filepath.Join(dir, "releases", "shop", "1.json"), filepath.Join(dir, "releases", "shop", "2.json")))
}
