package image_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/target/image"
	"falkirk/test/emulators"
	"falkirk/test/peers"
)

// accounts are emulators by the name of the account.
type accounts map[string]*emulators.Server

func (a accounts) Config(_ context.Context, account, region string) (aws.Config, error) {
	s := a[account]
	if s == nil {
		return aws.Config{}, fault.New(fault.Invalid, "no account %q", account)
	}
	return s.Config(region), nil
}

func (w *world) in(account string, opt image.Options) {
	w.place.Account, w.place.Region = account, "us-east-1"
	opt.Store = w.store
	w.target = image.New(opt)
}

// described is what the AWS CLI says of a repository: digest by tag.
func described(t *testing.T, c emulators.CLI, repository string) map[string]string {
	t.Helper()
	var got struct {
		ImageDetails []struct {
			ImageDigest string
			ImageTags   []string
		}
	}
	c.JSON(t, &got, "ecr", "describe-images", "--repository-name", repository)
	tags := map[string]string{}
	for _, i := range got.ImageDetails {
		for _, tag := range i.ImageTags {
			tags[tag] = i.ImageDigest
		}
	}
	return tags
}

// A release goes from the registry of one account to that of another, and live.
func TestFromAccountToAccount(t *testing.T) {
	t.Parallel()
	builds, prod := emulators.Ministack(t, "111111111111"), emulators.Ministack(t, "222222222222")
	host := strings.TrimPrefix(builds.URL, "http://")
	builds.CLI(t).Must(t, "ecr", "create-repository", "--repository-name", "builds/api")
	w := newWorld(t, image.Settings{Repository: "shop/api", Create: true})
	w.in("prod", image.Options{
		Accounts: accounts{"prod": prod},
		Builds:   func(string) (string, bool, error) { return host + "/builds/api", true, nil },
	})
	versions := []string{"1.4.0", "1.5.0"}
	for _, version := range versions {
		index := multi(t)
		a := w.pack(version, index)
		ref, err := name.ParseReference(host + "/builds/api:" + version)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.WriteIndex(ref, index); err != nil {
			t.Fatal(err)
		}
		steps := w.target.Plan(delivery.Provision, w.placement(version), w.observe(version))
		if version == "1.4.0" && len(steps) != 2 {
			t.Errorf("steps are %+v; want to make the repository and to copy", steps)
		}
		if note := w.do(delivery.Provision, version); !strings.Contains(note, "from "+host) {
			t.Errorf("it came from elsewhere: %s", note)
		}
		if got := described(t, prod.CLI(t), "shop/api")["release.prd."+version]; got != a.Digest {
			t.Errorf("the AWS CLI finds %q for %s, want %q", got, version, a.Digest)
		}
	}
	for _, version := range []string{"1.4.0", "1.5.0", "1.4.0"} {
		w.do(delivery.Promote, version)
		s := w.live(version, version)
		if !slices.Equal(s.Ready, versions) {
			t.Errorf("ready is %q", s.Ready)
		}
		if got, want := described(t, prod.CLI(t), "shop/api")["prd"], w.releases[version].Digest; got != want {
			t.Errorf("the AWS CLI finds prd on %q, want %q", got, want)
		}
		fetch(t, strings.TrimPrefix(prod.URL, "http://")+"/shop/api@"+w.releases[version].Digest)
	}
	var made struct {
		Repositories []struct {
			ImageScanningConfiguration struct{ ScanOnPush bool }
			EncryptionConfiguration    struct{ EncryptionType string }
			ImageTagMutability         string
		}
	}
	prod.CLI(t).JSON(t, &made, "ecr", "describe-repositories", "--repository-names", "shop/api")
	// The emulator keeps the rule's name, and not the tags that may move.
	if m := made.Repositories[0].ImageTagMutability; m != "IMMUTABLE_WITH_EXCLUSION" {
		t.Errorf("the tags of the repository are %s", m)
	}
	if r := made.Repositories[0]; !r.ImageScanningConfiguration.ScanOnPush || r.EncryptionConfiguration.EncryptionType != "AES256" {
		t.Errorf("the repository is %+v", r)
	}
}

// seed puts releases into a moto registry, which has no blobs: as if provisioned.
func (w *world) seed(cfg aws.Config, versions ...string) {
	w.t.Helper()
	for _, version := range versions {
		m, err := oci.Stock(w.store).Manifest(w.t.Context(), w.releases[version].Digest)
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = awsecr.NewFromConfig(cfg).PutImage(w.t.Context(), &awsecr.PutImageInput{
			RepositoryName: &w.settings.Repository, ImageTag: aws.String("release.prd." + version),
			ImageManifest: aws.String(string(m.Raw)), ImageManifestMediaType: &m.MediaType, ImageDigest: &m.Digest,
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestMotoMovesTags(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	for _, mutability := range []string{"MUTABLE", "IMMUTABLE"} {
		t.Run(mutability, func(t *testing.T) {
			t.Parallel()
			c, repository := moto.CLI(t), "shop/"+strings.ToLower(mutability)
			c.Must(t, "ecr", "create-repository", "--repository-name", repository, "--image-tag-mutability", mutability)
			w := newWorld(t, image.Settings{Repository: repository})
			w.in("prod", image.Options{Accounts: accounts{"prod": moto}})
			one, two := multi(t), docker(t)
			w.pack("1.4.0", one)
			w.pack("1.5.0", two)
			w.seed(moto.Config("us-east-1"), "1.4.0", "1.5.0")
			for _, version := range []string{"1.4.0", "1.5.0", "1.4.0", "1.5.0"} {
				w.do(delivery.Promote, version)
				w.live(version, version)
			}
			tags := described(t, c, repository)
			want := map[string]string{"prd": w.releases["1.5.0"].Digest}
			if mutability == "IMMUTABLE" {
				want = map[string]string{
					"prd-1.4.0": w.releases["1.4.0"].Digest, "prd-1.5.0": w.releases["1.5.0"].Digest,
					"prd-1.4.0_3": w.releases["1.4.0"].Digest, "prd-1.5.0_4": w.releases["1.5.0"].Digest,
				}
			}
			for tag, digest := range want {
				if tags[tag] != digest {
					t.Errorf("the AWS CLI finds %s on %q, want %q; there are %q", tag, tags[tag], digest, tags)
				}
			}
			w.do(delivery.Prune, "1.5.0", "1.4.0")
			if s := w.live("1.5.0", "1.5.0"); !slices.Equal(s.Present, []string{"1.5.0"}) {
				t.Errorf("present is %q", s.Present)
			}
			for tag, digest := range described(t, c, repository) {
				if digest == w.releases["1.4.0"].Digest {
					t.Errorf("%s is on what was pruned", tag)
				}
			}
		})
	}
}

// Other hands move the tag: both digests are named, and promoting again mends it.
func TestOtherHands(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	c := moto.CLI(t)
	c.Must(t, "ecr", "create-repository", "--repository-name", "shop/api")
	w := newWorld(t, image.Settings{Repository: "shop/api"})
	w.in("prod", image.Options{Accounts: accounts{"prod": moto}})
	w.pack("1.4.0", multi(t))
	w.pack("1.5.0", multi(t))
	w.seed(moto.Config("us-east-1"), "1.4.0", "1.5.0")
	w.do(delivery.Promote, "1.4.0")
	foreign, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": map[string]any{"digest": "sha256:" + strings.Repeat("1", 64), "size": 1, "mediaType": "x/y"},
		"layers": []any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Must(t, "ecr", "put-image", "--repository-name", "shop/api", "--image-tag", "prd", "--image-manifest", string(foreign))
	alien := described(t, c, "shop/api")["prd"]
	s := w.observe("1.4.0")
	if len(s.Drift) != 1 || !strings.Contains(s.Drift[0], alien) || !strings.Contains(s.Drift[0], w.releases["1.4.0"].Digest) {
		t.Errorf("drift is %q; it should name %s and %s", s.Drift, alien, w.releases["1.4.0"].Digest)
	}
	if got, err := w.target.Serves(t.Context(), w.placement("1.4.0"), s); err != nil || got != alien {
		t.Errorf("it serves %q, %v; want %q", got, err, alien)
	}
	w.do(delivery.Promote, "1.4.0")
	if s := w.live("1.4.0", "1.4.0"); len(s.Drift) > 0 {
		t.Errorf("there is drift left: %q", s.Drift)
	}
	if got := described(t, c, "shop/api")["prd"]; got != w.releases["1.4.0"].Digest {
		t.Errorf("prd is on %q", got)
	}
}

// The exported script comes to the same as the promotion.
func TestExport(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	c := moto.CLI(t)
	w := newWorld(t, image.Settings{Repository: "shop/api"})
	w.in("prod", image.Options{Accounts: accounts{"prod": moto}})
	w.pack("1.4.0", multi(t))
	w.pack("1.5.0", docker(t))
	for _, mutability := range []string{"MUTABLE", "IMMUTABLE"} {
		c.Must(t, "ecr", "create-repository", "--repository-name", "shop/api", "--image-tag-mutability", mutability)
		w.seed(moto.Config("us-east-1"), "1.4.0", "1.5.0")
		w.do(delivery.Promote, "1.4.0")
		w.export(moto, delivery.Promote, "1.5.0")
		w.live("1.5.0", "1.5.0")
		w.export(moto, delivery.Prune, "1.5.0", "1.4.0")
		if s := w.live("1.5.0", "1.5.0"); !slices.Equal(s.Present, []string{"1.5.0"}) {
			t.Errorf("present is %q", s.Present)
		}
		w.export(moto, delivery.Promote, "")
		w.live("1.5.0", "")
		c.Must(t, "ecr", "delete-repository", "--repository-name", "shop/api", "--force")
	}
}

// export runs the script of a phase in a shell.
func (w *world) export(s *emulators.Server, phase delivery.Phase, version string, remove ...string) {
	w.t.Helper()
	p := w.placement(version)
	p.Remove = remove
	lines := []string{"set -eu"}
	for _, step := range w.target.Plan(phase, p, w.observe(version)) {
		more, err := w.target.Export(w.t.Context(), p, step)
		if err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, more...)
	}
	cmd := exec.CommandContext(w.t.Context(), "sh", "-c", strings.Join(lines, "\n"))
	cmd.Env = append(s.Env(), "PATH="+filepath.Dir(peers.Program(w.t, "aws"))+":"+os.Getenv("PATH"))
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%s: %v\n%s", strings.Join(lines, "\n"), err, out)
	}
	if again := w.target.Plan(phase, p, w.observe(version)); len(again) > 0 {
		w.t.Errorf("the script has run, and there is still: %+v", again)
	}
}
