package release_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/release"
)

func made(version, content string) delivery.Release {
	return delivery.Release{
		Schema: delivery.ReleaseSchema, App: "shop", Version: version,
		Artifacts: []delivery.Artifact{{Component: "web", Kind: "site", Digest: release.Digest([]byte(content)), Size: 3}},
		PackedBy:  "ada", PackedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Tool: "test",
	}
}

func TestAVersionIsPackedOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := release.New(file.New(dir))
	first := made("1.0", "a")
	if _, added, err := s.Add(t.Context(), first); !added || err != nil {
		t.Fatalf("added %v, %v", added, err)
	}
	manifest := filepath.Join(dir, "releases", "shop", "1.0.json")
	before, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}

	again := made("1.0", "a")
	again.PackedBy, again.PackedAt = "bob", again.PackedAt.Add(time.Hour)
	stored, added, err := s.Add(t.Context(), again)
	if added || err != nil {
		t.Fatalf("the same content again: added %v, %v", added, err)
	}
	if diff := cmp.Diff(first, stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}

	other := made("1.0", "b")
	other.Artifacts = append(other.Artifacts, delivery.Artifact{Component: "api", Kind: "image", Digest: first.Artifacts[0].Digest})
	_, added, err = s.Add(t.Context(), other)
	if added || !fault.Is(err, fault.Conflict) {
		t.Fatalf("other content: added %v, %v", added, err)
	}
	for _, word := range []string{"1.0", "ada", "2026-01-02T03:04:05Z", "web differs", "api is new"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	after, err := os.ReadFile(manifest)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the manifest was changed: %v", err)
	}
}

func TestGetNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	s := release.New(file.New(t.TempDir()))
	_, err := s.Get(t.Context(), "shop", "1.0")
	if !fault.Is(err, fault.NotFound) || !strings.Contains(fault.HintOf(err), "falkirk pack") {
		t.Errorf("empty store: %v (%s)", err, fault.HintOf(err))
	}
	for i, v := range []string{"1.0.0", "1.1.0", "0.9.0"} {
		r := made(v, v)
		r.PackedAt = r.PackedAt.Add(time.Duration(i) * time.Hour)
		if _, _, err := s.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, r := range list {
		versions = append(versions, r.Version)
	}
	if diff := cmp.Diff([]string{"0.9.0", "1.1.0", "1.0.0"}, versions); diff != "" {
		t.Errorf("newest first (-want +got):\n%s", diff)
	}
	for want, hint := range map[string]string{"v1.1.0": "did you mean 1.1.0?", "totally-else": "newest are 0.9.0, 1.1.0, 1.0.0"} {
		_, err := s.Get(t.Context(), "shop", want)
		if !fault.Is(err, fault.NotFound) || !strings.Contains(fault.HintOf(err), hint) || !strings.Contains(fault.HintOf(err), "falkirk releases") {
			t.Errorf("%s: %v (%s)", want, err, fault.HintOf(err))
		}
	}
	for _, bad := range []string{"", "../x", "a/b"} {
		if _, err := s.Get(t.Context(), "shop", bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("version %q: %v", bad, err)
		}
		if _, err := s.List(t.Context(), bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("app %q: %v", bad, err)
		}
	}
}

func TestABlobIsStoredOnceAndVerified(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := release.New(file.New(dir))
	want, err := s.WriteBytes(t.Context(), []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w, err := s.Write(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, "hello"); err != nil {
			t.Fatal(err)
		}
		digest, size, err := w.Commit(t.Context())
		w.Discard()
		if digest != want || size != 5 || err != nil {
			t.Fatalf("commit: %s, %d, %v", digest, size, err)
		}
	}
	blob := filepath.Join(dir, "blobs", "sha256", strings.TrimPrefix(want, "sha256:"))
	entries, err := os.ReadDir(filepath.Dir(blob))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d blobs, %v", len(entries), err)
	}
	if has, err := s.Has(t.Context(), want); !has || err != nil {
		t.Errorf("has: %v, %v", has, err)
	}
	if has, err := s.Has(t.Context(), release.Digest(nil)); has || err != nil {
		t.Errorf("has what is not there: %v, %v", has, err)
	}
	if got, err := read(t, s, want); got != "hello" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if err := errors.Join(os.Chmod(blob, 0o600), os.WriteFile(blob, []byte("hellO"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := read(t, s, want); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged bytes: %v", err)
	}
}

func read(t *testing.T, s *release.Store, digest string) (string, error) {
	t.Helper()
	r, err := s.Open(t.Context(), digest)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	return string(raw), err
}

func TestASiteManifestThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	d := release.Digest(nil)
	good := delivery.File{Path: "a/b", Digest: d, Type: "text/plain", Cache: delivery.CacheNone}
	with := func(change func(*delivery.File)) delivery.Site {
		f := good
		change(&f)
		return delivery.Site{Schema: 1, Files: []delivery.File{f}}
	}
	for name, site := range map[string]delivery.Site{
		"dot dot":   with(func(f *delivery.File) { f.Path = "../a" }),
		"absolute":  with(func(f *delivery.File) { f.Path = "/a" }),
		"not clean": with(func(f *delivery.File) { f.Path = "a//b" }),
		"backslash": with(func(f *delivery.File) { f.Path = `a\b` }),
		"digest":    with(func(f *delivery.File) { f.Digest = "sha256:xyz" }),
		"size":      with(func(f *delivery.File) { f.Size = -1 }),
		"class":     with(func(f *delivery.File) { f.Cache = "forever" }),
		"header":    with(func(f *delivery.File) { f.Type = "a\r\nSet-Cookie: x" }),
		"encoding":  {Schema: 2, Files: with(func(f *delivery.File) { f.Encoding = "a\nb" }).Files},
		"caching":   {Schema: 2, Files: with(func(f *delivery.File) { f.CacheControl = "a\nb" }).Files},
		"metadata":  {Schema: 2, Files: with(func(f *delivery.File) { f.Metadata = delivery.NewMetadata(map[string]string{"a": "\n"}) }).Files},
		"schema 2":  {Schema: 2},
		"schema 3":  {Schema: 3},
		"mixed":     with(func(f *delivery.File) { f.Encoding = "gzip" }),
		"twice":     {Schema: 1, Files: []delivery.File{good, good}},
	} {
		raw, err := json.Marshal(site)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := release.DecodeSite(raw); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	// A manifest that an earlier version wrote is read as it is.
	old := `{"schema":1,"files":[{"path":"a/b","digest":"` + d + `","size":0,"type":"text/plain","cache":"no-cache"}]}`
	raw, _ := json.Marshal(delivery.Site{Schema: 1, Files: []delivery.File{good}})
	if string(raw) != old {
		t.Errorf("the same site is written as %s", raw)
	}
	rich := with(func(f *delivery.File) {
		f.Encoding, f.CacheControl, f.Metadata = "gzip", "no-store", delivery.NewMetadata(map[string]string{"b": "2", "a": "1"})
	})
	rich.Schema = 2
	written, _ := json.Marshal(rich)
	if back, err := release.DecodeSite(written); err != nil || len(back.Files) != 1 || back.Files[0] != rich.Files[0] {
		t.Errorf("%s is read as %+v, %v", written, back, err)
	}
	if _, err := release.DecodeSite(raw); err != nil {
		t.Error(err)
	}
	if _, err := release.DecodeSite(append(raw, '{')); err == nil {
		t.Error("something after the end is taken")
	}
}

func FuzzDecode(f *testing.F) {
	raw, _ := json.Marshal(made("1.0", "a"))
	f.Add(raw)
	f.Add([]byte(`{"schema":1,"app":"../x","version":"1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := release.Decode(raw)
		if err != nil {
			return
		}
		if strings.ContainsAny(r.App+r.Version, "/\\") || r.Schema != 1 || len(r.Artifacts) == 0 {
			t.Fatalf("taken: %+v", r)
		}
	})
}

func FuzzSite(f *testing.F) {
	f.Add([]byte(`{"schema":1,"files":[{"path":"a","digest":"` + release.Digest(nil) + `","size":0,"type":"","cache":"immutable"}]}`))
	f.Add([]byte(`{"schema":1,"files":[{"path":"../a"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := release.DecodeSite(raw)
		if err != nil {
			return
		}
		for _, x := range s.Files {
			if !filepath.IsLocal(filepath.FromSlash(x.Path)) || x.Size < 0 || !release.ValidDigest(x.Digest) {
				t.Fatalf("taken: %+v", x)
			}
		}
	})
}
