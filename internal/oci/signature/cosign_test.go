package signature_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"falkirk/internal/fault"
	"falkirk/internal/oci/registry"
	"falkirk/internal/oci/signature"
	"falkirk/test/emulators"
	"falkirk/test/peers"
)

// offline keeps cosign from asking Sigstore's services anything.
var offline = []string{"--tlog-upload=false", "--use-signing-config=false", "--yes"}

// bed is a registry with a signer beside it.
type bed struct {
	host string
	dir  string // of keys
}

// beds are a registry that keeps no list of referrers, and one that does.
func beds(t *testing.T) map[string]bed {
	t.Helper()
	listing := httptest.NewServer(ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(listing.Close)
	return map[string]bed{
		"tags":      {emulators.Registry(t, false), t.TempDir()},
		"referrers": {strings.TrimPrefix(listing.URL, "http://"), t.TempDir()},
	}
}

func (b bed) source(repository string) *registry.Repository {
	return registry.New(registry.Options{Host: b.host, Plain: true}).Repository(repository)
}

// cosign runs the real cosign in the bed's folder.
func (b bed) cosign(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), peers.Program(t, "cosign"), args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=", "COSIGN_EXPERIMENTAL=1", "HOME="+b.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// key makes a pair of keys of a kind that openssl makes: NAME.key, NAME.pub.
func (b bed) key(t *testing.T, name string, kind ...string) []signature.Key {
	t.Helper()
	pem := filepath.Join(b.dir, name+".pem")
	cmd := exec.CommandContext(t.Context(), "openssl", append([]string{"genpkey", "-out", pem}, kind...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v\n%s", err, out)
	}
	b.cosign(t, "import-key-pair", "--key", pem, "--output-key-prefix", name, "--yes")
	return b.public(t, name)
}

func (b bed) public(t *testing.T, name string) []signature.Key {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(b.dir, name+".pub"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signature.ParseKeys(raw)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// image pushes an image of its own and gives its digest.
func (b bed) image(t *testing.T, repository string) string {
	t.Helper()
	img, err := random.Image(64, 1)
	if err == nil {
		err = remote.Write(b.reference(t, repository+":1"), img)
	}
	if err != nil {
		t.Fatal(err)
	}
	return digestOf(t, img)
}

func (b bed) reference(t *testing.T, text string) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(b.host+"/"+text, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func digestOf(t *testing.T, one interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	d, err := one.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

// sign has cosign sign an image.
func (b bed) sign(t *testing.T, key, repository, digest string, how ...string) {
	t.Helper()
	args := append([]string{"sign", "--key", key + ".key"}, offline...)
	b.cosign(t, append(append(args, how...), b.host+"/"+repository+"@"+digest)...)
}

// forms are the ways in which cosign writes signatures down.
var forms = map[string][]string{
	"bundle":   nil,
	"simple":   {"--new-bundle-format=false"},
	"referrer": {"--new-bundle-format=false", "--registry-referrers-mode=oci-1-1"},
}

func TestSignaturesOfCosign(t *testing.T) {
	t.Parallel()
	kinds := map[string][]string{
		"p256":    {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
		"p384":    {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
		"rsa":     {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
		"ed25519": {"-algorithm", "ED25519"},
	}
	for where, b := range beds(t) {
		for kind, how := range kinds {
			keys := b.key(t, kind, how...)
			for form, flags := range forms {
				t.Run(where+"/"+kind+"/"+form, func(t *testing.T) {
					t.Parallel()
					repository := "team/" + kind + "-" + form
					digest := b.image(t, repository)
					b.sign(t, kind, repository, digest, flags...)
					proof, err := signature.Policy{Keys: keys}.Verify(t.Context(), b.source(repository), digest)
					if err != nil {
						t.Fatal(err)
					}
					want := signature.Simple
					if form == "bundle" {
						want = signature.Bundle
					}
					if proof.Form != want || proof.Key != keys[0].Fingerprint() || proof.Digest != digest || !strings.HasPrefix(proof.Signature, "sha256:") {
						t.Errorf("%+v", proof)
					}
					tags, err := b.source(repository).Tags(t.Context())
					if own := slices.Contains(tags, tagOf(digest)+".sig"); err != nil || own != (form == "simple") {
						t.Errorf("it is not in the form that was asked for: %v, %v", tags, err)
					}
				})
			}
		}
	}
}

// Each of these has been signed by cosign, or by nobody, and none is what the
// policy asks for.
func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	for where, b := range beds(t) {
		b.cosign(t, "generate-key-pair", "--output-key-prefix", "good")
		b.cosign(t, "generate-key-pair", "--output-key-prefix", "other")
		policy := signature.Policy{Keys: b.public(t, "good")}
		for form, flags := range forms {
			t.Run(where+"/"+form, func(t *testing.T) {
				t.Parallel()
				b.refusals(t, policy, form, flags)
			})
		}
	}
}

func (b bed) refusals(t *testing.T, policy signature.Policy, form string, flags []string) {
	t.Helper()
	in := func(what string) string { return "team/" + form + "-" + what }
	refused := func(what, digest, because string) {
		t.Helper()
		proof, err := policy.Verify(t.Context(), b.source(in(what)), digest)
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), because) || !strings.Contains(err.Error(), digest) {
			t.Errorf("%s: %+v, %v", what, proof, err)
		}
	}
	unsigned := b.image(t, in("unsigned"))
	refused("unsigned", unsigned, "has no signature")
	refused("nothing", unsigned, "has no signature")

	stranger := b.image(t, in("stranger"))
	b.sign(t, "other", in("stranger"), stranger, flags...)
	refused("stranger", stranger, "it was made by another key than sha256:")

	attested := b.image(t, in("attested"))
	if err := os.WriteFile(filepath.Join(b.dir, "predicate.json"), []byte(`{"tests": "failed"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.cosign(t, append(append([]string{"attest", "--key", "good.key", "--predicate", "predicate.json"}, offline...), b.host+"/"+in("attested")+"@"+attested)...)
	refused("attested", attested, "has no signature")

	b.platforms(t, in("platforms"), flags, refused)
	b.strangerFirst(t, policy, in("both"), flags)
}

// platforms signs an image of an index, and not the index.
func (b bed) platforms(t *testing.T, repository string, flags []string, refused func(what, digest, because string)) {
	t.Helper()
	index, err := random.Index(64, 1, 2)
	if err == nil {
		err = remote.WriteIndex(b.reference(t, repository+":1"), index)
	}
	if err != nil {
		t.Fatal(err)
	}
	list, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list.Manifests {
		b.sign(t, "good", repository, d.Digest.String(), flags...)
	}
	refused(repository[strings.LastIndex(repository, "-")+1:], digestOf(t, index), "has no signature")
}

// strangerFirst has two sign an image, of whom one is trusted.
func (b bed) strangerFirst(t *testing.T, policy signature.Policy, repository string, flags []string) {
	t.Helper()
	digest := b.image(t, repository)
	b.sign(t, "other", repository, digest, flags...)
	b.sign(t, "good", repository, digest, flags...)
	if _, err := policy.Verify(t.Context(), b.source(repository), digest); err != nil {
		t.Errorf("signed by a stranger and by who is trusted: %v", err)
	}
}

// A good signature that was moved to another image is refused, and so is one
// that calls the image something else than the policy does.
func TestASignatureOfAnotherImage(t *testing.T) {
	t.Parallel()
	b := beds(t)["tags"]
	b.cosign(t, "generate-key-pair", "--output-key-prefix", "good")
	policy := signature.Policy{Keys: b.public(t, "good")}
	signed, unsigned := b.image(t, "team/web"), b.image(t, "team/web")
	b.sign(t, "good", "team/web", signed, forms["simple"]...)
	moved, err := remote.Get(b.reference(t, "team/web:"+tagOf(signed)+".sig"))
	if err == nil {
		err = remote.Put(b.reference(t, "team/web:"+tagOf(unsigned)+".sig"), moved)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = policy.Verify(t.Context(), b.source("team/web"), unsigned)
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "it is over another digest: "+signed) {
		t.Errorf("another digest: %v", err)
	}

	policy.Identity = b.host + "/team/web"
	if _, err := policy.Verify(t.Context(), b.source("team/web"), signed); err != nil {
		t.Errorf("the right identity: %v", err)
	}
	policy.Identity = "registry.example/team/web"
	_, err = policy.Verify(t.Context(), b.source("team/web"), signed)
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), `and not for "registry.example/team/web"`) {
		t.Errorf("another identity: %v", err)
	}
}

func tagOf(digest string) string { return strings.Replace(digest, ":", "-", 1) }

// What Falkirk believes, cosign believes too.
func TestCosignAgrees(t *testing.T) {
	t.Parallel()
	for where, b := range beds(t) {
		b.cosign(t, "generate-key-pair", "--output-key-prefix", "good")
		digest := b.image(t, "team/web")
		b.sign(t, "good", "team/web", digest)
		out := b.cosign(t, "verify", "--key", "good.pub", "--private-infrastructure", b.host+"/team/web@"+digest)
		if i := bytes.IndexByte([]byte(out), '['); i < 0 || !strings.Contains(out[i:], digest) || !json.Valid([]byte(out[i:])) {
			t.Errorf("%s: %s", where, out)
		}
		if _, err := (signature.Policy{Keys: b.public(t, "good")}).Verify(t.Context(), b.source("team/web"), digest); err != nil {
			t.Errorf("%s: %v", where, err)
		}
	}
}
