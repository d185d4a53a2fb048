package lambda

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/test/emulators"
	"falkirk/test/harness"
	"falkirk/test/images"
	"falkirk/test/peers"
	"falkirk/test/registryproxy"
)

// synced is what one job came to.
type synced struct {
	Tags, Uploaded, Unfinished int
	Counts                     map[string]int
}

// results reads them from an answer, or from an error.
func (a answered) results(t *testing.T) []synced {
	t.Helper()
	var all []synced
	if err := json.Unmarshal(a.document(t).Result, &all); err != nil {
		t.Fatalf("%v: %+v", err, a)
	}
	return all
}

// jobs writes the file of jobs that is in the function's zip.
func jobs(t *testing.T, r *harness.App, from, to *registryproxy.Proxy, more string) string {
	t.Helper()
	text := fmt.Sprintf("sync:\n  - source: %s\n    destination: %s\n    insecure: true\n    repositories: [\"team/**\"]\n    tags: [\"*\"]\n%s", from.Host, to.Host, more)
	path := filepath.Join(r.Dir, "sync.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sent counts the blobs that were sent through a proxy.
func sent(p *registryproxy.Proxy) (blobs int) {
	for _, q := range p.History() {
		if q.Kind == "end upload" {
			blobs++
		}
	}
	return blobs
}

// A sync that does not fit into the time of an invocation ends before it, as an
// error, and the next goes on: no blob is sent twice.
func TestASyncGoesOnInTheNextInvocation(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	origin, home := emulators.Registry(t, false), emulators.Registry(t, false)
	load := images.Workload{Prefix: "team/", Repositories: 5, Tags: 30, Platforms: 2, Base: 20_000, Middle: 10_000, Top: 100_000}
	written, err := load.Write(t.Context(), images.At(origin))
	if err != nil {
		t.Fatal(err)
	}
	from := registryproxy.New(t, origin, registryproxy.Rules{Rate: 100_000})
	to := registryproxy.New(t, home, registryproxy.Rules{})
	path := jobs(t, r, from, to, "")
	f := start(t, r)
	ask := `{"use": "image.sync", "jobs": "` + path + `"}`

	const limit = 6 * time.Second
	began := time.Now()
	a := f.invoke(t, ask, limit)
	d, first := a.document(t), a.results(t)[0]
	if a.kind != "interrupted" || d.Exit.Code != 130 || first.Unfinished == 0 || first.Uploaded == 0 || time.Since(began) > limit {
		t.Fatalf("after %s: %+v", time.Since(began), a)
	}
	from.Calm(registryproxy.Rules{})
	there := arrived(t, home, load, written)
	to.Reset()
	a = f.invoke(t, ask, time.Minute)
	if a.kind != "" {
		t.Fatalf("the next: %+v", a)
	}
	if second := a.results(t)[0]; second.Unfinished > 0 || second.Uploaded == 0 || len(there) < first.Uploaded {
		t.Errorf("first %+v, after which there are %d blobs; then %+v", first, len(there), second)
	}
	for _, q := range to.History() {
		if q.Kind == "end upload" && there[q.Repository+" "+q.Reference] {
			t.Errorf("%s was there, and was sent again", q.Reference)
		}
	}
	for _, tag := range []string{"team/service-00:v1", "team/service-04:v30"} {
		if got := strings.TrimSpace(emulators.Skopeo(t, "inspect", "--tls-verify=false", "--override-arch=amd64", "--format", "{{.Digest}}", "docker://"+home+"/"+tag)); got != written.Tags[tag] {
			t.Errorf("skopeo: %s is %s and not %s", tag, got, written.Tags[tag])
		}
	}
	to.Reset()
	if a = f.invoke(t, ask, time.Minute); a.kind != "" || a.results(t)[0].Counts["same"] != len(written.Tags) {
		t.Errorf("once more: %+v", a)
	}
	if blobs := sent(to); blobs > 0 {
		t.Errorf("once more, %d blobs were sent", blobs)
	}
}

// arrived are the blobs that are in their repositories: "repository digest".
func arrived(t *testing.T, home string, load images.Workload, written images.Written) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for r := range load.Repositories {
		for digest := range written.Blobs {
			has, err := images.At(home).Has(t.Context(), load.Repository(r), digest)
			if err != nil {
				t.Fatal(err)
			}
			if has {
				all[load.Repository(r)+" "+digest] = true
			}
		}
	}
	return all
}

// A push brings one tag; what a job asks for is asked there, too.
func TestASyncOfOnePush(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	origin, home := emulators.Registry(t, false), emulators.Registry(t, false)
	written, err := (images.Workload{Prefix: "team/", Repositories: 2, Tags: 2, Platforms: 1, Base: 100, Middle: 100, Top: 100}).Write(t.Context(), images.At(origin))
	if err != nil {
		t.Fatal(err)
	}
	from, to := registryproxy.New(t, origin, registryproxy.Rules{}), registryproxy.New(t, home, registryproxy.Rules{})
	key := filepath.Join(r.Dir, "cosign.pub")
	path := jobs(t, r, from, to, "    verify: {keys: [cosign.pub]}\n")
	cosign(t, r, "generate-key-pair")
	f := start(t, r)
	ask := `{"use": "image.sync", "query": {"only": "team/service-01:v2"}, "jobs": "` + path + `"}`
	a := f.invoke(t, ask, time.Minute)
	if d := a.document(t); a.kind != "refused" || d.Exit.Code != 6 || !strings.Contains(d.Error.Message, "has no signature") || a.results(t)[0].Counts["refused"] != 1 {
		t.Errorf("not signed: %+v", a)
	}
	cosign(t, r, "sign", "--key", "cosign.key", "--tlog-upload=false", "--use-signing-config=false", "--yes", origin+"/team/service-01@"+written.Tags["team/service-01:v2"])
	if a = f.invoke(t, ask, time.Minute); a.kind != "" || a.results(t)[0].Tags != 1 {
		t.Errorf("signed: %+v", a)
	}
	var list struct{ Tags []string }
	if err := json.Unmarshal([]byte(emulators.Skopeo(t, "list-tags", "--tls-verify=false", "docker://"+home+"/team/service-01")), &list); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(list.Tags, "v2") || slices.Contains(list.Tags, "v1") {
		t.Errorf("at home there is %v", list.Tags)
	}
	// The signature came along, so the same holds at home.
	cosign(t, r, "verify", "--key", key, "--private-infrastructure", home+"/team/service-01:v2")
}

func cosign(t *testing.T, r *harness.App, args ...string) {
	t.Helper()
	cmd := r.Command(t.Context())
	cmd.Path, cmd.Args = peers.Program(t, "cosign"), append([]string{"cosign"}, args...)
	cmd.Env = append(os.Environ(), "COSIGN_PASSWORD=", "HOME="+r.Dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
