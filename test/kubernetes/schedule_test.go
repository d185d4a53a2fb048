package kubernetes

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/emulators/podidentity"
	"falkirk/test/harness"
)

const other = `{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Allow","Principal":"*","Action":"ecr:DescribeImages"}]}`

// source are the flags with which the account of images is in reach.
func source() []string { return []string{"--source-as", "arn:aws:iam::" + nonprod + ":role/admin"} }

func TestECRSync(t *testing.T) {
	t.Parallel()
	cluster := Start(t)
	for name, test := range map[string]func(*testing.T, *stage){
		"made-changed-removed": madeChangedRemoved,
		"out-of-reach":         outOfReach,
		"refused":              refusedBefore,
		"own-role":             ownRole,
		"manifests":            manifests,
		"copies":               copies,
		"stopped":              stopped,
		"pod-identity":         podIdentity,
		"broken-off":           brokenOff,
		"of-k9":                ofK9,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newStage(t, cluster, name))
		})
	}
}

// madeChangedRemoved: the schedule is made, changed and removed.
func madeChangedRemoved(t *testing.T, s *stage) {
	t.Helper()
	s.src.Must(t, "ecr", "set-repository-policy", "--region", region, "--repository-name", "shop", "--policy-text", other)
	create := append([]string{"create", "ecr-sync", "--yes"}, source()...)
	everything := "+repository/shop, nodes+SyncLogin, nodes+SyncLook, nodes+SyncRead, nodes+SyncWrite, shop+falkirk…Read, +ServiceAccount, +ConfigMap, +NetworkPolicy, +CronJob"

	dry := s.must(t, append(create, "--dry-run")...)
	if dry.signs() != everything || dry.Result.Changed || s.ours(t) != "" || s.policyOf(t, "nodes") != "" {
		t.Fatalf("a dry run: %s", dry.signs())
	}
	made := s.must(t, create...)
	if made.signs() != everything || !made.Result.Changed {
		t.Errorf("made: %s", made.signs())
	}
	if got := s.ours(t); strings.Count(got, "/ecr-sync-shop\n") != 4 {
		t.Errorf("there is %s", got)
	}
	policy := s.policyOf(t, "nodes")
	for _, want := range []string{"falkirk-prd-" + s.namespace + "-ecr-sync-shop ", "arn:aws:ecr:eu-west-1:123456789012:repository/shop", "arn:aws:ecr:eu-west-1:111111111111:repository/shop"} {
		if !strings.Contains(policy, want) {
			t.Errorf("no %s in the role: %s", want, policy)
		}
	}
	if got := s.sourcePolicy(t, "shop"); !strings.Contains(got, "Theirs") || !strings.Contains(got, "role/nodes") || strings.Count(got, "ecr:") != 5 {
		t.Errorf("the source says %s", got)
	}
	s.prd.Must(t, "ecr", "describe-repositories", "--region", region, "--repository-names", "shop")

	if again := s.must(t, create...); again.signs() != "" || again.Result.Changed {
		t.Errorf("again: %s", again.signs())
	}
	s.role(t, "spot")
	s.group(t, "two", "spot")
	s.prd.Must(t, "eks", "delete-nodegroup", "--region", region, "--cluster-name", "prd", "--nodegroup-name", "one")
	moved := s.must(t, append(create, "--schedule", "@hourly")...)
	if got := moved.signs(); got != "spot+SyncLogin, spot+SyncLook, spot+SyncRead, spot+SyncWrite, shop~falkirk…Read, nodes-SyncLogin, nodes-SyncLook, nodes-SyncRead, nodes-SyncWrite, ~CronJob metadata.annotations[falkirk/aws] spec.schedule" {
		t.Errorf("other nodes: %s", got)
	}
	if s.policyOf(t, "nodes") != "" || !strings.Contains(s.policyOf(t, "spot"), "falkirk") {
		t.Error("the policy is not in the role of the nodes that are there")
	}

	// Nobody but the schedule remembers the role when the node group has gone.
	s.prd.Must(t, "eks", "delete-nodegroup", "--region", region, "--cluster-name", "prd", "--nodegroup-name", "two")
	remove := append([]string{"delete", "ecr-sync", "--yes"}, source()...)
	s.must(t, append(remove, "--dry-run")...)
	if strings.Count(s.ours(t), "\n") != 4 {
		t.Error("a dry run has removed something")
	}
	gone := s.must(t, remove...)
	if got := gone.signs(); got != "spot-SyncLogin, spot-SyncLook, spot-SyncRead, spot-SyncWrite, shop-falkirk…Read, -CronJob, -NetworkPolicy, -ConfigMap, -ServiceAccount" {
		t.Errorf("removed: %s", got)
	}
	if got := s.ours(t) + s.policyOf(t, "spot") + s.policyOf(t, "nodes"); got != "" {
		t.Errorf("left are %s", got)
	}
	s.prd.Must(t, "iam", "delete-role", "--role-name", "spot") // refused as long as it has a policy
	if got := s.sourcePolicy(t, "shop"); !strings.Contains(got, "Theirs") || strings.Contains(got, "falkirk") {
		t.Errorf("the source says %s", got)
	}
	if again := s.must(t, remove...); again.signs() != "" {
		t.Errorf("again: %s", again.signs())
	}
}

// outOfReach: what is out of reach is said, and nothing is made.
func outOfReach(t *testing.T, s *stage) {
	t.Helper()
	r := s.run(t, "create", "ecr-sync", "--yes")
	if r.Exit.Code != 4 || r.Error.Kind != "waiting" || !strings.Contains(r.Error.Message, "nothing was made") || len(r.Result.Elsewhere) != 1 || s.ours(t) != "" || s.policyOf(t, "nodes") != "" {
		t.Fatalf("%+v", r)
	}
	e := r.Result.Elsewhere[0]
	if e.Account != nonprod || e.Repository != "shop" || !strings.Contains(e.Policy, s.arn("nodes")) {
		t.Errorf("%+v", e)
	}
	_, text := s.exec(t, "create", "ecr-sync", "--yes")
	if !strings.Contains(text, e.Command) || !strings.Contains(text, "BatchGetImage") || !strings.Contains(text, "exit code 4") {
		t.Errorf("%s", text)
	}
	// Who works there does exactly what was said.
	words := slices.Concat(strings.Fields(e.Command)[1:], source())
	done := s.must(t, words...)
	if got := done.signs(); got != "shop+falkirk…Read" || !strings.Contains(s.sourcePolicy(t, "shop"), s.arn("nodes")) {
		t.Errorf("%s", got)
	}
	if again := s.must(t, words...); again.Result.Changed {
		t.Errorf("again: %s", again.signs())
	}
	if made := s.must(t, "create", "ecr-sync", "--yes", "--skip-source"); !made.Result.Changed || strings.Count(s.ours(t), "\n") != 4 {
		t.Errorf("%s", made.signs())
	}
	gone := s.run(t, "delete", "ecr-sync", "--yes")
	if gone.Exit.Code != 4 || s.ours(t)+s.policyOf(t, "nodes") != "" || !strings.Contains(gone.Error.Message, "all else was removed") {
		t.Errorf("%+v", gone)
	}
	s.must(t, append(strings.Fields(gone.Result.Elsewhere[0].Command)[1:], source()...)...)
	if got := s.sourcePolicy(t, "shop"); strings.Contains(got, "falkirk") {
		t.Errorf("the source says %s", got)
	}
}

// refusedBefore: what does not hold is refused before anything is made.
func refusedBefore(t *testing.T, s *stage) {
	t.Helper()
	s.role(t, "sync")
	s.write(t, "other", s.cluster.Kubeconfig("dev", "arn:aws:eks:eu-west-1:"+nonprod+":cluster/dev"))
	for name, one := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nobody agreed":          {[]string{}, 6, "nobody has agreed"},
		"another cluster":        {[]string{"--kubeconfig", "other", "--no-aws"}, 2, "kubeconfig has no context of cluster prd"},
		"another cluster, named": {[]string{"--kubeconfig", "other", "--context", "dev"}, 6, "is of cluster"},
		"no namespace":           {[]string{"--namespace", "sat-shop"}, 2, "has no namespace sat-shop"},
		"no role":                {[]string{"--identity", "irsa", "--role", s.arn("nobody")}, 2, "does not exist"},
		"no trust":               {[]string{"--identity", "irsa", "--role", s.arn("sync")}, 6, "system:serviceaccount:" + s.namespace + ":ecr-sync-shop"},
		"no trust of pods":       {[]string{"--identity", "pod-identity", "--role", s.arn("sync")}, 6, "sts:TagSession"},
		"no such identity":       {[]string{"--identity", "root"}, 2, "none of"},
		"a role of nodes":        {[]string{"--identity", "node", "--role", s.arn("sync")}, 2, "--node-role"},
		"not into another":       {[]string{"--destination", nonprod + ".dkr.ecr.eu-west-1.amazonaws.com"}, 6, "nobody pushes into it"},
		"no schedule":            {[]string{"--schedule", "61 * * * *"}, 2, "spec.schedule"},
		"flags":                  {[]string{"--print", "--dry-run"}, 2, "do not go together"},
	} {
		args := append([]string{"create", "ecr-sync"}, source()...)
		if name != "nobody agreed" {
			args = append(args, "--yes")
		}
		r := s.run(t, append(args, one.args...)...)
		if r.Exit.Code != one.code || !strings.Contains(r.Error.Message+r.Error.Hint, one.want) {
			t.Errorf("%s: %d %s; %s", name, r.Exit.Code, r.Error.Message, r.Error.Hint)
		}
	}
	s.src.Must(t, "ecr", "delete-repository", "--region", region, "--repository-name", "shop")
	if r := s.run(t, append([]string{"create", "ecr-sync", "--yes"}, source()...)...); r.Exit.Code != 2 || !strings.Contains(r.Error.Message, "is not there") {
		t.Errorf("no source: %+v", r)
	}
	if got := s.ours(t) + s.policyOf(t, "nodes") + s.policyOf(t, "sync"); got != "" {
		t.Errorf("made was %s", got)
	}
}

// ownRole: a pod's own role is taken where its trust says so.
func ownRole(t *testing.T, s *stage) {
	t.Helper()
	s.prd.Must(t, "iam", "create-role", "--role-name", "sync", "--assume-role-policy-document", `{"Version":"2012-10-17","Statement":{
  "Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/A"},
  "Condition":{"StringEquals":{"oidc.eks.eu-west-1.amazonaws.com/id/A:sub":"system:serviceaccount:`+s.namespace+`:ecr-sync-shop"}}}}`)
	made := s.must(t, append([]string{"create", "ecr-sync", "--yes", "--role", s.arn("sync")}, source()...)...)
	if !strings.Contains(made.signs(), "sync+SyncRead") || strings.Contains(made.signs(), "nodes") {
		t.Errorf("%s", made.signs())
	}
	got := s.cluster.Kubectl(t, "get", "serviceaccount", "ecr-sync-shop", "-n", s.namespace, "-o", `jsonpath={.metadata.annotations.eks\.amazonaws\.com/role-arn}|{.automountServiceAccountToken}`)
	if got != s.arn("sync")+"|false" || s.policyOf(t, "nodes") != "" || !strings.Contains(s.sourcePolicy(t, "shop"), s.arn("sync")) {
		t.Errorf("the service account is %s", got)
	}
	// From one identity to another: nothing is left in the role that copied before.
	s.must(t, append([]string{"create", "ecr-sync", "--yes", "--identity", "node"}, source()...)...)
	if s.policyOf(t, "sync") != "" || s.policyOf(t, "nodes") == "" || strings.Contains(s.sourcePolicy(t, "shop"), s.arn("sync")) {
		t.Error("the former role still may copy")
	}
	got = s.cluster.Kubectl(t, "get", "serviceaccount", "ecr-sync-shop", "-n", s.namespace, "-o", `jsonpath={.metadata.annotations}`)
	if strings.Contains(got, "role-arn") {
		t.Errorf("the service account is %s", got)
	}
}

// brokenOff: a run that ends before it has tidied up is not forgotten: the
// schedule remembers the role that is still to be mended.
func brokenOff(t *testing.T, s *stage) {
	t.Helper()
	create := append([]string{"create", "ecr-sync", "--yes"}, source()...)
	s.must(t, create...)
	s.role(t, "spot")
	s.group(t, "two", "spot")
	s.prd.Must(t, "eks", "delete-nodegroup", "--region", region, "--cluster-name", "prd", "--nodegroup-name", "one")
	whole := s.aws
	s.aws = whole.At(refusing(t, whole.URL, "DeleteRolePolicy"))
	if r := s.run(t, create...); r.Exit.Code != 6 || !strings.Contains(r.Error.Message, s.arn("nodes")) {
		t.Errorf("%+v", r)
	}
	got := s.cluster.Kubectl(t, "get", "cronjob", "ecr-sync-shop", "-n", s.namespace, "-o", `jsonpath={.metadata.annotations.falkirk/aws}`)
	if !strings.Contains(got, "role/nodes") || !strings.Contains(got, "role/spot") {
		t.Errorf("the schedule remembers %s", got)
	}
	s.aws = whole
	s.must(t, append([]string{"delete", "ecr-sync", "--yes"}, source()...)...)
	if left := s.ours(t) + s.policyOf(t, "nodes") + s.policyOf(t, "spot"); left != "" {
		t.Errorf("left are %s", left)
	}
}

// refusing leads to an emulator, but for one action of IAM.
func refusing(t *testing.T, emulator, action string) string {
	t.Helper()
	to, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.Contains(string(body), "Action="+action+"&") {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>`) // the test fails otherwise
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// podIdentity: the service account stands for a role as EKS says; that call is a
// fake of ours, all else is not.
func podIdentity(t *testing.T, s *stage) {
	t.Helper()
	s.aws = s.aws.At(podidentity.Before(t, s.aws.URL))
	s.prd = s.aws.CLI(t)
	for _, role := range []string{"one", "two"} {
		s.prd.Must(t, "iam", "create-role", "--role-name", role, "--assume-role-policy-document",
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`)
	}
	create := func(role string) []string {
		return append([]string{"create", "ecr-sync", "--yes", "--identity", "pod-identity", "--role", s.arn(role)}, source()...)
	}
	associations := func() string {
		return s.prd.Must(t, "eks", "list-pod-identity-associations", "--region", region, "--cluster-name", "prd", "--query", "associations[].[namespace,serviceAccount]", "--output", "text")
	}
	if made := s.must(t, create("one")...); made.Result.PodIdentity != "+ "+s.arn("one") || strings.TrimSpace(associations()) != s.namespace+"\tecr-sync-shop" {
		t.Errorf("%+v %s", made.Result.PodIdentity, associations())
	}
	if again := s.must(t, create("one")...); again.Result.Changed {
		t.Errorf("again: %s %s", again.signs(), again.Result.PodIdentity)
	}
	if moved := s.must(t, create("two")...); moved.Result.PodIdentity != "~ "+s.arn("two") || s.policyOf(t, "one") != "" || s.policyOf(t, "two") == "" {
		t.Errorf("another role: %+v", moved.Result)
	}
	gone := s.must(t, append([]string{"delete", "ecr-sync", "--yes"}, source()...)...)
	if gone.Result.PodIdentity != "- "+s.arn("two") || associations() != "" || s.policyOf(t, "two") != "" {
		t.Errorf("removed: %+v %s", gone.Result, associations())
	}
	s.prd.Must(t, "eks", "create-pod-identity-association", "--region", region, "--cluster-name", "prd", "--namespace", s.namespace, "--service-account", "ecr-sync-shop", "--role-arn", s.arn("one"))
	if r := s.run(t, create("two")...); r.Exit.Code != 6 || !strings.Contains(r.Error.Message, "Falkirk did not say") || s.ours(t) != "" {
		t.Errorf("somebody else's: %+v", r)
	}
	s.must(t, append([]string{"delete", "ecr-sync", "--yes", "--identity", "pod-identity", "--role", s.arn("two")}, source()...)...)
	if associations() == "" {
		t.Error("somebody else's was removed")
	}
}

// manifests: what is printed is ready for kubectl.
func manifests(t *testing.T, s *stage) {
	t.Helper()
	s.write(t, "all.yaml", s.must(t, "create", "ecr-sync", "--print").Result.Manifests)
	s.cluster.Kubectl(t, "apply", "--validate=strict", "--server-side", "-f", filepath.Join(s.dir, "all.yaml"))
	if got := s.ours(t); strings.Count(got, "/ecr-sync-shop\n") != 4 {
		t.Errorf("there is %s", got)
	}
	s.must(t, "create", "ecr-sync", "--into", filepath.Join(s.dir, "base"))
	if got := s.cluster.Kubectl(t, "diff", "-k", filepath.Join(s.dir, "base")); got != "" {
		t.Errorf("the base differs: %s", got)
	}
	s.must(t, "create", "ecr-sync", "--into", filepath.Join(s.dir, "base")) // over its own
	if err := os.MkdirAll(filepath.Join(s.dir, "theirs"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.write(t, "theirs/kustomization.yaml", "resources: [a.yaml]\n")
	if r := s.run(t, "create", "ecr-sync", "--into", "theirs"); r.Exit.Code != 6 {
		t.Errorf("over somebody else's: %+v", r)
	}
	docs := s.must(t, "create", "ecr-sync", "--print-policies").Result.Documents
	if len(docs) != 2 || !strings.Contains(docs[0].For, s.arn("nodes")) || !strings.Contains(docs[1].Policy, s.arn("nodes")) {
		t.Errorf("%+v", docs)
	}
	if s.policyOf(t, "nodes") != "" {
		t.Error("printing has changed something")
	}
}

func TestTheFilesOfProduction(t *testing.T) {
	t.Parallel()
	falkirk, _ := harness.Programs(t)
	s := &stage{dir: t.TempDir(), falkirk: falkirk, aws: &emulators.Server{URL: "http://127.0.0.1:1"}} // nobody is asked
	s.write(t, "app-config.yml", "appName: shop\nrootDomain: example.com\n")
	if r := s.run(t, "create", "ecr-sync", "--yes"); r.Exit.Code != 1 || !strings.Contains(r.Error.Message, "account (the 12 digits") || !strings.Contains(r.Error.Hint, "edit ecr-sync-values.yml") {
		t.Errorf("%+v", r)
	}
	s.must(t, "create", "prd-configs")
	for _, name := range []string{"prd-app-config.yml", "ecr-sync-values.yml"} {
		raw, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil || !strings.Contains(string(raw), "shop") {
			t.Errorf("%s: %s %v", name, raw, err)
		}
	}
	if r := s.run(t, "create", "ecr-sync", "--yes"); r.Exit.Code != 2 || !strings.Contains(r.Error.Message, "clusterName") {
		t.Errorf("%+v", r)
	}
}
