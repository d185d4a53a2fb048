package image_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/delivery"
	"falkirk/internal/oci"
	"falkirk/internal/oci/registry"
	"falkirk/internal/target/image"
	"falkirk/test/emulators"
)

// count counts the requests that begin so.
func count(requests []string, method, part string) int {
	n := 0
	for _, r := range requests {
		if strings.HasPrefix(r, method+" ") && strings.Contains(r, part) {
			n++
		}
	}
	return n
}

// A cold copy of one image asks for each blob once, on either side; looking asks
// for four things, and doing it again for no more than looking.
func TestAColdCopyAsksOnce(t *testing.T) {
	t.Parallel()
	w, from, to := between(t)
	w.push(from.host, "1.4.0")
	from.requests()
	p := w.placement("1.4.0")
	steps := w.target.Plan(delivery.Provision, p, w.observe("1.4.0"))
	to.requests()
	if _, err := w.target.Do(t.Context(), p, steps[0], nil); err != nil {
		t.Fatal(err)
	}
	source, dest := from.requests(), to.requests()
	const blobs = 5 // two configurations, three layers
	for what, got := range map[string][2]int{
		"blobs read":          {count(source, "GET", "/blobs/"), blobs},
		"manifests read":      {count(source, "GET", "/manifests/"), 3},
		"blobs asked for":     {count(dest, "HEAD", "/blobs/"), 0},                 // they are small: the upload looks
		"uploads begun":       {count(dest, "POST", "/blobs/uploads/"), blobs + 1}, // and the pointer's
		"uploads":             {count(dest, "PUT", "/blobs/uploads/"), blobs + 1},
		"manifests written":   {count(dest, "PUT", "/manifests/"), 3},
		"tag lists":           {count(source, "GET", "/tags/") + count(dest, "GET", "/tags/"), 2},
		"manifests asked for": {count(dest, "HEAD", "/manifests/"), 3},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", what, got[0], got[1])
		}
	}
	if slices.Sort(source); len(slices.Compact(slices.Clone(source))) != len(source) {
		t.Errorf("something was asked for twice:\n%s", strings.Join(source, "\n"))
	}
	w.do(delivery.Promote, "1.4.0")
	to.requests()
	w.observe("1.4.0")
	if looks := to.requests(); len(looks) > 4 {
		t.Errorf("looking took %q", looks)
	}
	from.requests()
	w.do(delivery.Provision, "1.4.0")
	if got := from.requests(); len(got) > 0 {
		t.Errorf("nothing is to do, and the source was asked %q", got)
	}
}

// In one run a blob goes up once for a registry, whatever asks for it and how
// many do at once; other repositories mount it.
func TestABlobGoesUpOnce(t *testing.T) {
	t.Parallel()
	from, to := newCounted(t), fronted(t)
	index := multi(t)
	ref, err := name.ParseReference(from.host + "/builds/api:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	digest, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	from.requests()
	reg := registry.New(registry.Options{Host: to.host, Plain: true})
	source := registry.New(registry.Options{Host: from.host, Plain: true}).Repository("builds/api")
	copier := oci.NewCopier()
	var group errgroup.Group
	for i := range 20 { // four repositories, five tags each
		group.Go(func() error {
			_, err := copier.Copy(t.Context(), reg.Repository(fmt.Sprintf("shop/api%d", i%4)), source, oci.Wish{Digest: digest.String(), Tag: fmt.Sprint("v", i)})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := count(from.requests(), "GET", "/blobs/"); got != 5 {
		t.Errorf("%d blobs were read, want 5", got)
	}
	seen := to.requests()
	if up, begun := count(seen, "PUT", "/blobs/uploads/"), count(seen, "POST", "/blobs/uploads/"); up != 5 || begun != 20 {
		t.Errorf("%d blobs went up and %d were begun, want 5 and 20, of which 15 were mounted", up, begun)
	}
	for i := range 20 {
		fetch(t, fmt.Sprintf("%s/shop/api%d:v%d", to.host, i%4, i))
	}
}

// 100 tags of indexes in 20 repositories are moved with 220 requests: a list and
// five reads and writes each.
func TestRetagIsCheapOnAnyRegistry(t *testing.T) {
	t.Parallel()
	to := newCounted(t)
	reg := registry.New(registry.Options{Host: to.host, Plain: true})
	wants := map[string]map[string]string{}
	for i := range 20 {
		repository := fmt.Sprintf("shop/api%d", i)
		wants[repository] = map[string]string{}
		for j := range 5 {
			index := multi(t)
			ref, err := name.ParseReference(fmt.Sprintf("%s/%s:v%d", to.host, repository, j))
			if err != nil {
				t.Fatal(err)
			}
			if err := remote.WriteIndex(ref, index); err != nil {
				t.Fatal(err)
			}
			d, err := index.Digest()
			if err != nil {
				t.Fatal(err)
			}
			wants[repository][fmt.Sprint("prd", j)] = d.String()
		}
	}
	to.requests()
	for repository, tags := range wants {
		r := reg.Repository(repository)
		if _, err := r.Tags(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Retag(t.Context(), tags); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(to.requests()); n > 220 {
		t.Errorf("it took %d requests", n)
	}
	for repository, tags := range wants {
		for tag, want := range tags {
			if got, err := reg.Repository(repository).Digest(t.Context(), tag); err != nil || got != want {
				t.Errorf("%s:%s is on %s, %v", repository, tag, got, err)
			}
		}
	}
}

// proxied is an emulator behind a proxy that notes which API calls pass.
func proxied(t *testing.T, s *emulators.Server) (behind *emulators.Server, calls func() []string) {
	t.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen []string
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		mu.Lock()
		seen = append(seen, action)
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	other := *s
	other.URL = front.URL
	return &other, func() []string {
		mu.Lock()
		defer mu.Unlock()
		out := seen
		seen = nil
		return out
	}
}

// On ECR R repositories and T tags take R reads and T writes; looking takes
// three calls, and promoting two writes.
func TestRetagIsCheapOnECR(t *testing.T) {
	t.Parallel()
	const repositories, tags = 4, 5
	moto := emulators.Moto(t)
	behind, calls := proxied(t, moto)
	api := awsecr.NewFromConfig(moto.Config("us-east-1"))
	client := ecr.New(behind.Config("us-east-1"), "prod", "")
	w := newWorld(t, image.Settings{Repository: "shop/api"})
	for i := range repositories {
		repository := aws.String(fmt.Sprint("shop/api", i))
		if _, err := api.CreateRepository(t.Context(), &awsecr.CreateRepositoryInput{RepositoryName: repository}); err != nil {
			t.Fatal(err)
		}
		wants := map[string]string{}
		for j := range tags {
			a := w.pack(fmt.Sprint(i, j), multi(t))
			m, err := oci.Stock(w.store).Manifest(t.Context(), a.Digest)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := api.PutImage(t.Context(), &awsecr.PutImageInput{
				RepositoryName: repository, ImageTag: aws.String(fmt.Sprint("v", j)),
				ImageManifest: aws.String(string(m.Raw)), ImageManifestMediaType: &m.MediaType, ImageDigest: &m.Digest,
			}); err != nil {
				t.Fatal(err)
			}
			wants[fmt.Sprint("prd", j)] = m.Digest
		}
		if err := client.Repository(*repository).Retag(t.Context(), wants); err != nil {
			t.Fatal(err)
		}
		got := described(t, moto.CLI(t), *repository)
		for tag, digest := range wants {
			if got[tag] != digest {
				t.Errorf("%s:%s is on %s, want %s", *repository, tag, got[tag], digest)
			}
		}
	}
	if got := calls(); len(got) != repositories+repositories*tags {
		t.Errorf("it took %d calls, want %d: %q", len(got), repositories+repositories*tags, got)
	}

	c := moto.CLI(t)
	c.Must(t, "ecr", "create-repository", "--repository-name", "shop/api")
	w.pack("1.4.0", multi(t))
	w.seed(moto.Config("us-east-1"), "1.4.0")
	w.in("prod", image.Options{Accounts: accounts{"prod": behind}})
	w.do(delivery.Promote, "1.4.0")
	if got := calls(); times(got, "PutImage") != 2 {
		t.Errorf("promoting took %q", got)
	}
	w.observe("1.4.0")
	if got, want := calls(), []string{"DescribeRepositories", "DescribeImages", "BatchGetImage"}; !slices.Equal(got, want) {
		t.Errorf("looking took %q, want %q", got, want)
	}
}

func times(all []string, what string) int {
	n := 0
	for _, s := range all {
		if s == what {
			n++
		}
	}
	return n
}
