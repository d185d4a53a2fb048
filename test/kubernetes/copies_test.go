package kubernetes

import (
	"encoding/json"
	"strings"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/images"
)

// copies: the CronJob's own controller makes a job; the job's pod runs as it is
// written, and the image arrives.
func copies(t *testing.T, s *stage) {
	t.Helper()
	from, to := emulators.Registry(t, false), emulators.Registry(t, false)
	index, err := images.At(from).Index(t.Context(), "shop", "test", 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := images.At(from).Image(t.Context(), "shop", "other", 2); err != nil {
		t.Fatal(err)
	}
	s.write(t, "falkirk.yml", `app: shop
components: {web: {site: {path: .}, target: {local: {path: /}}}}
environments: [{name: prd}]
sync:
  - {name: prod, source: "`+from+`", destination: "`+to+`/prd", repositories: [shop], tags: [test], insecure: true}
`)
	create := []string{"create", "ecr-sync", "prod", "--no-aws", "--yes", "--schedule", "* * * * *"}
	s.must(t, create...)
	if again := s.must(t, create...); again.Result.Changed {
		t.Errorf("again: %s", again.signs())
	}

	first := s.pending(t, "the schedule")
	if err := first.safe(); err != nil {
		t.Error(err)
	}
	got := s.runPod(t, first)
	if got.code != 0 {
		t.Fatalf("the pod ended with %d: %s%s", got.code, got.out, got.errs)
	}
	var document struct{ Exit struct{ Code int } }
	if err := json.Unmarshal([]byte(got.out), &document); err != nil || document.Exit.Code != 0 {
		t.Errorf("the log is no document: %v\n%s", err, got.out)
	}
	s.ended(t, first, got.code)
	s.job(t, "complete", s.jobOf(t, first))

	seen := strings.TrimSpace(emulators.Skopeo(t, "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+to+"/prd/shop:test"))
	if seen != index.Digest {
		t.Errorf("%s arrived, and %s was sent", seen, index.Digest)
	}
	if tags := emulators.Skopeo(t, "list-tags", "--tls-verify=false", "docker://"+to+"/prd/shop"); strings.Contains(tags, "other") {
		t.Errorf("there are %s", tags)
	}
	s.failsAtOnce(t)
	s.must(t, "delete", "ecr-sync", "prod", "--no-aws", "--yes")
	s.cluster.Kubectl(t, "wait", "-n", s.namespace, "--for=delete", "--timeout=60s", "jobs", "-l", "falkirk/sync")
}

// failsAtOnce: what is wrong in the input is not tried again.
func (s *stage) failsAtOnce(t *testing.T) {
	t.Helper()
	s.cluster.Kubectl(t, "patch", "cronjob", "ecr-sync-shop-prod", "-n", s.namespace, "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	s.cluster.Kubectl(t, "create", "job", "-n", s.namespace, "--from=cronjob/ecr-sync-shop-prod", "by-hand")
	p := s.pending(t, "the job made by hand")
	s.ended(t, p, 2)
	s.job(t, "failed", s.jobOf(t, p))
	if reason := s.cluster.Kubectl(t, "get", s.jobOf(t, p), "-n", s.namespace, "-o", "jsonpath={.status.conditions[?(@.type=='Failed')].reason}"); reason != "PodFailurePolicy" {
		t.Errorf("the job failed for %s", reason)
	}
}
