package release_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
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
	site := blob(delivery.Site{Schema: release.SiteSchema, Files: []delivery.File{{
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
