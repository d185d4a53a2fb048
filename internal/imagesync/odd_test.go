package imagesync_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
	"falkirk/test/chaos"
	"falkirk/test/emulators"
	"falkirk/test/emulators/docker"
	"falkirk/test/images"
)

// Images of every kind arrive as they are.
func TestOddImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "odd")
	ctx := t.Context()
	want := map[string]string{
		"docker":   must(t)(w.source.List(ctx, "odd", "docker", 2, 1)).Digest,
		"index":    must(t)(w.source.Index(ctx, "odd", "index", 3, 2)).Digest,
		"attested": must(t)(w.source.Attested(ctx, "odd", "attested")).Digest,
		"plain":    must(t)(w.source.Image(ctx, "odd", "plain", 3)).Digest,
	}
	w.must()
	got := tags(t, w.home, "odd")
	for tag, digest := range want {
		if got[tag] != digest {
			t.Errorf("%s is on %s, want %s", tag, got[tag], digest)
		}
		whole(t, w.home, "odd", tag)
	}
}

// A layer that is elsewhere stays there; its image comes where the registry
// takes such.
func TestForeignLayer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "windows")
	home := emulators.Memory(t)
	w.set.Destination = home
	from := emulators.Memory(t)
	w.set.Source = from
	d := must(t)(images.At(from).Foreign(t.Context(), "windows", "core", "https://example.com/layer"))
	opt := imagesync.Options{Registries: registries.New(nil)}
	j, err := imagesync.New(w.set, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := digest(t, home, "windows", "core"); got != d.Digest {
		t.Errorf("it is on %s, want %s", got, d.Digest)
	}
}

// Signatures and whatever else refers to an image come along, also when they are
// made after it was copied; by both ways in which registries tell.
func TestWhatRefersComesAlong(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range map[string]func(testing.TB) string{
		"by tag":  func(t testing.TB) string { t.Helper(); return emulators.Registry(t, true) },
		"by list": emulators.Memory,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, home := start(t), start(t)
			source, ctx := images.At(from), t.Context()
			set := imagesync.Defaults()
			set.Source, set.Destination, set.Insecure, set.Repositories, set.Tags = from, home, true, []string{"api"}, []string{"test"}
			run := func() *imagesync.Result {
				t.Helper()
				j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(nil)})
				if err != nil {
					t.Fatal(err)
				}
				r, err := j.Run(ctx)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			d := must(t)(source.Index(ctx, "api", "test", 2, 1))
			bill := must(t)(source.Referrer(ctx, "api", d, "application/spdx+json", []byte("{}")))
			run()
			if _, got, err := images.At(home).Read(ctx, "api", bill.Digest); err != nil || got.Digest != bill.Digest {
				t.Errorf("the bill of materials has not come: %v", err)
			}
			signed := must(t)(source.Signature(ctx, "api", d.Digest, "api", key))
			run()
			late := must(t)(source.Referrer(ctx, "api", d, "application/vnd.example+json", []byte(`{"late": true}`)))
			run()
			if _, _, err := images.At(home).Read(ctx, "api", late.Digest); err != nil {
				t.Errorf("what was attached later has not come: %v", err)
			}
			if got := digest(t, home, "api", strings.Replace(d.Digest, ":", "-", 1)+".sig"); got != signed.Digest {
				t.Errorf("the signature is %s, want %s", got, signed.Digest)
			}
			if r := run(); r.Manifests != 0 {
				t.Errorf("a third run wrote %d manifests", r.Manifests)
			}
		})
	}
}

// A tag that leads to what is not there is told; the others come.
func TestBrokenTag(t *testing.T) {
	t.Parallel()
	origin := emulators.Docker(t, docker.Options{})
	folder := origin.Folder
	w := newWorld(t, "a", "b", "nosuch")
	w.set.Source, w.source = origin.Host, images.At(origin.Host)
	ctx := t.Context()
	good := must(t)(w.source.Image(ctx, "a", "good", 1))
	must(t)(w.source.Image(ctx, "b", "fine", 2))
	broken := must(t)(w.source.Index(ctx, "a", "broken", 2, 3))
	damaged := must(t)(w.source.Image(ctx, "a", "damaged", 4))
	raw, _, err := w.source.Read(ctx, "a", broken.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := images.Lose(folder, children(t, raw)[0].Digest); err != nil {
		t.Fatal(err)
	}
	if raw, _, err = w.source.Read(ctx, "a", damaged.Digest); err != nil {
		t.Fatal(err)
	}
	if err := images.Damage(folder, children(t, raw)[0].Digest); err != nil {
		t.Fatal(err)
	}
	r, err := w.run()
	if err == nil || !strings.Contains(err.Error(), "3 of 5 tags were not synced") {
		t.Errorf("the error is %v", err)
	}
	expect(t, states(r), map[string]imagesync.State{
		"a:broken": imagesync.Failed, "a:damaged": imagesync.Failed, "a:good": imagesync.Absent, "b:fine": imagesync.Absent, "nosuch:": imagesync.Failed,
	})
	if got := tags(t, w.home, "a"); len(got) != 1 || got["good"] != good.Digest {
		t.Errorf("the destination has %v", got)
	}
}

// Indexes are narrowed to what is asked for, the same way each time.
func TestPlatforms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "api")
	w.set.Platforms = []string{"linux/arm64"}
	must(t)(w.source.Index(t.Context(), "api", "v1", 2, 1))
	w.must()
	raw := emulators.Skopeo(t, "inspect", "--raw", "--tls-verify=false", "docker://"+w.home+"/api:v1")
	children := children(t, []byte(raw))
	if len(children) != 1 || children[0].Platform.Architecture != "arm64" {
		t.Errorf("the index is %s", raw)
	}
	whole(t, w.home, "api", "v1")
	if r := w.must(); r.Counts[imagesync.Same] != 1 || r.Manifests != 0 {
		t.Errorf("a second run: %+v", r)
	}
	w.set.Platforms = []string{"linux/s390x"}
	if _, err := w.run(); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "linux/amd64, linux/arm64") {
		t.Errorf("a platform that is not there: %v", err)
	}
}

// A thousand tags on a few images cost one manifest each, and no more on the
// second run than a question on either side.
func TestManyTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "many")
	n := chaos.Count(200, 1000)
	written, err := w.source.Many(t.Context(), "many", 4, n)
	if err != nil {
		t.Fatal(err)
	}
	r := w.must()
	if r.Tags != n || r.Uploaded > 8 {
		t.Errorf("%d tags, %d blobs uploaded", r.Tags, r.Uploaded)
	}
	for tag := range written {
		if got := digest(t, w.home, "many", tag); got != written[tag] {
			t.Errorf("%s is on %s, want %s", tag, got, written[tag])
		}
		break
	}
	if r := w.must(); r.Counts[imagesync.Same] != n {
		t.Errorf("second: %v", r.Counts)
	}
	if from, to := w.from.Counts(), w.to.Counts(); from.Requests+to.Requests > 2*n+4 {
		t.Errorf("the second run took %d and %d requests", from.Requests, to.Requests)
	}
}

// What the source no longer has is removed where that is wished, but not more
// than the limit, and nothing that Falkirk itself keeps there.
func TestDeleteMissing(t *testing.T) {
	t.Parallel()
	source, home := emulators.Memory(t), emulators.Memory(t)
	ctx := t.Context()
	set := imagesync.Defaults()
	set.Source, set.Destination, set.Insecure, set.Repositories, set.Tags, set.DeleteMissing = source, home, true, []string{"api"}, []string{"*"}, true
	must(t)(images.At(source).Image(ctx, "api", "kept", 1))
	for i, tag := range []string{"kept", "old1", "old2", "falkirk.prd", "release.prd.1"} {
		must(t)(images.At(home).Image(ctx, "api", tag, uint64(i)))
	}
	run := func() (*imagesync.Result, error) {
		j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(nil)})
		if err != nil {
			t.Fatal(err)
		}
		return j.Run(ctx)
	}
	set.DeleteLimit = 1
	if _, err := run(); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "2 tags would be removed") {
		t.Errorf("over the limit: %v", err)
	}
	if got := tags(t, home, "api"); len(got) != 5 {
		t.Errorf("after the refusal there are %v", sorted(got))
	}
	set.DeleteLimit = 2
	r, err := run()
	if err != nil {
		t.Fatal(err)
	}
	if got := sorted(tags(t, home, "api")); !slices.Equal(got, []string{"falkirk.prd", "kept", "release.prd.1"}) || r.Counts[imagesync.Removed] != 2 {
		t.Errorf("there are %v; %v", got, r.Counts)
	}
	set.Repositories = []string{"gone"}
	must(t)(images.At(home).Image(ctx, "gone", "v1", 9))
	if _, err := run(); err == nil {
		t.Error("a source that is not there is no error")
	}
	if got := tags(t, home, "gone"); len(got) != 1 {
		t.Error("what a missing source had was removed")
	}
}

// Only what may be copied is; the others are told, and come to nobody.
func TestRefusedImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "api")
	must(t)(w.source.Image(t.Context(), "api", "unsigned", 1))
	good := must(t)(w.source.Image(t.Context(), "api", "signed", 2))
	w.opt.Verify = func(_ context.Context, _ registries.Repository, digest string) (string, error) {
		if digest != good.Digest {
			return "", fault.New(fault.Refused, "%s has no signature", digest)
		}
		return "sha256:key", nil
	}
	r, err := w.run()
	if !fault.Is(err, fault.Refused) || !strings.Contains(fmt.Sprint(err), "has no signature") {
		t.Errorf("the error is %v", err)
	}
	expect(t, states(r), map[string]imagesync.State{"api:unsigned": imagesync.Refused, "api:signed": imagesync.Absent})
	if got := sorted(tags(t, w.home, "api")); !slices.Equal(got, []string{"signed"}) {
		t.Errorf("the destination has %v", got)
	}
}

// Whoever may not read is told where to log in: at the source, and not at the
// destination.
func TestDeniedAtTheSource(t *testing.T) {
	t.Parallel()
	users := map[string]string{"anna": "a-password"}
	origin := emulators.Docker(t, docker.Options{Users: users})
	w := newWorld(t, "api")
	must(t)(images.Registry{URL: origin.URL, User: "anna", Password: users["anna"]}.Image(t.Context(), "api", "test", 1))
	w.set.Source = origin.Host
	_, err := w.run()
	if !fault.Is(err, fault.Refused) || !strings.HasSuffix(fault.HintOf(err), "docker login "+origin.Host) {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
}
