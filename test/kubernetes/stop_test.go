package kubernetes

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"falkirk/test/emulators"
)

// stopped: a stop and a ban in the store of the app hold the pod back, which has
// neither an app file nor a store; the role and the bucket, which is in another
// account, let it read them, and no longer do when the schedule is gone.
func stopped(t *testing.T, s *stage) {
	t.Helper()
	from, to, bucket := emulators.Registry(t, false), emulators.Registry(t, false), "builds-"+s.namespace
	s.src.Must(t, "s3", "mb", "s3://"+bucket, "--region", region)
	s.src.Must(t, "s3api", "put-bucket-policy", "--bucket", bucket, "--policy",
		`{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::`+bucket+`/x"}]}`)
	s.write(t, "falkirk.yml", `app: shop
store: s3://`+bucket+`/team
storeAccount: builds
accounts: {builds: {id: "`+nonprod+`", role: "arn:aws:iam::`+nonprod+`:role/admin", region: `+region+`}}
components: {api: {image: {folder: ., entrypoint: [/run], push: "`+from+`/builds/api"}, target: {local: {path: /}}}}
environments: [{name: prd}]
sync: [{name: prod, source: "`+from+`/builds", destination: "`+to+`/prd", repositories: [api], tags: ["1", "2"], insecure: true}]
`)
	s.pack(t, "1")
	create := append([]string{"create", "ecr-sync", "prod", "--yes", "--schedule", "@yearly"}, source()...)
	made := s.must(t, create...)
	if got := made.signs(); got != "nodes+DecisionsList, nodes+DecisionsRead, "+bucket+"+falkirk…List, "+bucket+"+falkirk…Read, +ServiceAccount, +ConfigMap, +NetworkPolicy, +CronJob" {
		t.Errorf("made: %s", got)
	}
	if made.Result.Decisions != "s3://"+bucket+"/team, app shop" || strings.Contains(strings.Join(made.Result.Notes, " "), "do not reach") {
		t.Errorf("it says %q, %v", made.Result.Decisions, made.Result.Notes)
	}
	if again := s.must(t, create...); again.Result.Changed {
		t.Errorf("again: %s", again.signs())
	}

	s.must(t, "stop", "--all", "--reason", "INC-1")
	s.held(t, "under-a-stop", "everything is stopped by")
	s.arrived(t, to)
	s.must(t, "resume", "--all")
	s.must(t, "ban", "1", "--reason", "leaks")
	s.pack(t, "2")
	s.held(t, "with-a-ban", "1 is banned by")
	s.arrived(t, to, "2")
	s.must(t, "unban", "1")
	if got := s.once(t, "nothing-decided"); got.code != 0 {
		t.Errorf("nothing is decided: exit code %d\n%s%s", got.code, got.out, got.errs)
	}
	s.arrived(t, to, "1", "2")

	s.must(t, append([]string{"delete", "ecr-sync", "prod", "--yes"}, source()...)...)
	if left := s.policyOf(t, "nodes"); left != "" {
		t.Errorf("left in the role: %s", left)
	}
	if left := s.src.Must(t, "s3api", "get-bucket-policy", "--bucket", bucket); strings.Contains(left, "falkirk") || !strings.Contains(left, "Theirs") {
		t.Errorf("left in the bucket's policy: %s", left)
	}
}

// pack makes a release with an image of its own.
func (s *stage) pack(t *testing.T, version string) {
	t.Helper()
	s.write(t, "run", "run "+version)
	s.must(t, "pack", "--version", version)
}

// once has the schedule make a job now, and runs its pod with what the cluster
// gives it: credentials, and the way to the emulator.
func (s *stage) once(t *testing.T, name string) ran {
	t.Helper()
	s.cluster.Kubectl(t, "create", "job", "-n", s.namespace, "--from=cronjob/ecr-sync-shop-prod", name)
	p := s.pending(t, "job "+name)
	got := s.runPod(t, p, s.aws.Env()...)
	s.ended(t, p, got.code)
	return got
}

// held is once for a pod that is refused: the job is not tried again.
func (s *stage) held(t *testing.T, name, because string) {
	t.Helper()
	got := s.once(t, name)
	var document struct{ Exit struct{ Code int } }
	if err := json.Unmarshal([]byte(got.out), &document); got.code != 6 || err != nil || document.Exit.Code != 6 || !strings.Contains(got.out, because) {
		t.Errorf("%s: exit code %d, %v\n%s%s", name, got.code, err, got.out, got.errs)
	}
	s.job(t, "failed", "job/"+name)
}

// arrived checks which tags are at the destination.
func (s *stage) arrived(t *testing.T, to string, want ...string) {
	t.Helper()
	var list struct{ Tags []string }
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+to+"/v2/prd/api/tags/list", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		err = json.NewDecoder(res.Body).Decode(&list) // without the repository there is no list in it
		_ = res.Body.Close()                          // read
	}
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list.Tags)
	if !slices.Equal(list.Tags, want) {
		t.Errorf("%v arrived, want %v", list.Tags, want)
	}
}
