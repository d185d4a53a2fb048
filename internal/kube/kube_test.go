package kube_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/blueprint/syncjob"
	"falkirk/internal/fault"
	"falkirk/internal/kube"
	testkube "falkirk/test/kubernetes"
)

// client logs in to a control plane as falkirk does, by kubeconfig.
func client(t *testing.T, c *testkube.Cluster) *kube.Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(c.Kubeconfig("me@prd.eu-west-1.eksctl.io", "prd.eu-west-1.eksctl.io")), 0o600); err != nil {
		t.Fatal(err)
	}
	found, ok, err := kube.Find(kube.Question{Kubeconfig: file, Cluster: "prd", Region: "eu-west-1"})
	if err != nil || !ok {
		t.Fatalf("%v %v", ok, err)
	}
	out, err := kube.New(found.Config, "prd")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func spec(namespace string) syncjob.Spec {
	return syncjob.Spec{
		App: "shop", Name: "ecr-sync-shop", Namespace: namespace, Image: "registry.example/falkirk:1", Config: "sync:\n  - name: shop\n",
		Region: "eu-west-1", Cluster: "prd", Attached: `{"roles":["arn:aws:iam::333333333333:role/nodes"]}`, Ports: []int{5000},
	}
}

func wanted(t *testing.T, s syncjob.Spec) kube.Wanted {
	t.Helper()
	w := kube.Wanted{Own: syncjob.Labels(s.App, s.Name)}
	for _, o := range s.Objects() {
		m, err := o.Map()
		if err != nil {
			t.Fatal(err)
		}
		w.Objects = append(w.Objects, m)
	}
	return w
}

func keys(s syncjob.Spec) []kube.Key {
	var all []kube.Key
	for _, kind := range syncjob.Kinds() {
		all = append(all, kube.Key{Kind: kind, Namespace: s.Namespace, Name: s.Name})
	}
	return all
}

func signs(changes []kube.Change) string {
	var all []string
	for _, c := range changes {
		one := c.Sign + c.Kind
		for _, f := range c.Fields {
			one += " " + f.Path
		}
		all = append(all, one)
	}
	return strings.Join(all, ", ")
}

func TestObjectsAreAppliedAndRemoved(t *testing.T) {
	t.Parallel()
	cluster := testkube.Start(t)
	c := client(t, cluster)
	for name, test := range map[string]func(*testing.T, *testkube.Cluster, *kube.Client, syncjob.Spec){
		"made once":        madeOnce,
		"field of another": fieldOfAnother,
		"foreign object":   foreignObject,
		"removed":          removed,
		"misspelt":         misspelt,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(strings.ReplaceAll(name, " ", "-"))
			if _, err := c.Plan(t.Context(), wanted(t, s)); !fault.Is(err, fault.NotFound) || !strings.Contains(fault.HintOf(err), "create namespace "+s.Namespace) {
				t.Fatalf("without a namespace: %v", err)
			}
			cluster.Kubectl(t, "create", "namespace", s.Namespace)
			test(t, cluster, c, s)
		})
	}
}

func madeOnce(t *testing.T, cluster *testkube.Cluster, c *kube.Client, s syncjob.Spec) {
	t.Helper()
	planned, err := c.Plan(t.Context(), wanted(t, s))
	if err != nil || signs(planned) != "+ServiceAccount, +ConfigMap, +NetworkPolicy, +CronJob" {
		t.Fatalf("%s %v", signs(planned), err)
	}
	if got := cluster.Kubectl(t, "get", "cronjobs,configmaps,serviceaccounts,networkpolicies", "-n", s.Namespace, "-l", "falkirk/sync", "-o", "name"); got != "" {
		t.Errorf("a plan has made %s", got)
	}
	if _, err := c.Apply(t.Context(), wanted(t, s)); err != nil {
		t.Fatal(err)
	}
	got := cluster.Kubectl(t, "get", "cronjobs,configmaps,serviceaccounts,networkpolicies", "-n", s.Namespace, "-l", "falkirk/app=shop", "-o", "name")
	if n := strings.Count(got, "/ecr-sync-shop\n"); n != 4 {
		t.Errorf("there is %s", got)
	}
	if got := cluster.Kubectl(t, "get", "cronjob", s.Name, "-n", s.Namespace, "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}"); got != kube.Manager {
		t.Errorf("managed by %s", got)
	}
	version := func() string {
		return cluster.Kubectl(t, "get", "cronjobs,configmaps,serviceaccounts,networkpolicies", "-n", s.Namespace, "-l", "falkirk/sync", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
	}
	before := version()
	again, err := c.Apply(t.Context(), wanted(t, s))
	if err != nil || len(again) != 0 || version() != before {
		t.Errorf("again: %s %v, %s → %s", signs(again), err, before, version())
	}
	s.Schedule = "*/10 * * * *"
	changed, err := c.Apply(t.Context(), wanted(t, s))
	if err != nil || signs(changed) != "~CronJob spec.schedule" || changed[0].Fields[0].From != syncjob.Usual || changed[0].Fields[0].To != s.Schedule {
		t.Errorf("%+v %v", changed, err)
	}
}

func fieldOfAnother(t *testing.T, cluster *testkube.Cluster, c *kube.Client, s syncjob.Spec) {
	t.Helper()
	if _, err := c.Apply(t.Context(), wanted(t, s)); err != nil {
		t.Fatal(err)
	}
	patch := func(p string) {
		cluster.Kubectl(t, "patch", "cronjob", s.Name, "-n", s.Namespace, "--field-manager=ann", "--type=merge", "-p", p)
	}
	patch(`{"metadata":{"labels":{"team":"web"}},"spec":{"timeZone":"Etc/UTC"}}`)
	if again, err := c.Apply(t.Context(), wanted(t, s)); err != nil || len(again) != 0 {
		t.Errorf("what others added is changed: %s %v", signs(again), err)
	}
	patch(`{"spec":{"schedule":"1 1 * * *"}}`)
	_, err := c.Apply(t.Context(), wanted(t, s))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "spec.schedule is managed by ann") || !strings.Contains(fault.HintOf(err), "--force-conflicts") {
		t.Errorf("a field of another: %v; %s", err, fault.HintOf(err))
	}
	w := wanted(t, s)
	w.Force = true
	if got, err := c.Apply(t.Context(), w); err != nil || signs(got) != "~CronJob spec.schedule" {
		t.Errorf("by force: %s %v", signs(got), err)
	}
	got := cluster.Kubectl(t, "get", "cronjob", s.Name, "-n", s.Namespace, "-o", "jsonpath={.spec.schedule}|{.spec.timeZone}|{.metadata.labels.team}")
	if got != syncjob.Usual+"|Etc/UTC|web" {
		t.Errorf("there is %s", got)
	}
}

func foreignObject(t *testing.T, cluster *testkube.Cluster, c *kube.Client, s syncjob.Spec) {
	t.Helper()
	cluster.Kubectl(t, "create", "configmap", s.Name, "-n", s.Namespace, "--from-literal=a=b")
	_, err := c.Apply(t.Context(), wanted(t, s))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "ConfigMap foreign-object/ecr-sync-shop") {
		t.Errorf("%v", err)
	}
	if got := cluster.Kubectl(t, "get", "all,serviceaccounts,networkpolicies", "-n", s.Namespace, "-l", "falkirk/sync", "-o", "name"); got != "" {
		t.Errorf("half of it was made: %s", got)
	}
	gone, err := c.Remove(t.Context(), keys(s), syncjob.Labels(s.App, s.Name))
	if err != nil || len(gone) != 0 {
		t.Errorf("%s %v", signs(gone), err)
	}
	cluster.Kubectl(t, "get", "configmap", s.Name, "-n", s.Namespace)
}

func removed(t *testing.T, cluster *testkube.Cluster, c *kube.Client, s syncjob.Spec) {
	t.Helper()
	other := s
	other.App, other.Name = "desk", "ecr-sync-desk"
	for _, one := range []syncjob.Spec{s, other} {
		if _, err := c.Apply(t.Context(), wanted(t, one)); err != nil {
			t.Fatal(err)
		}
	}
	own := syncjob.Labels(s.App, s.Name)
	there, err := c.Look(t.Context(), keys(s), own)
	if err != nil || len(there.Ours) != 4 || there.Notes["CronJob"][syncjob.AnnotationAWS] != s.Attached {
		t.Errorf("%+v %v", there, err)
	}
	gone, err := c.Remove(t.Context(), keys(s), own)
	if err != nil || len(gone) != 4 {
		t.Errorf("%s %v", signs(gone), err)
	}
	got := cluster.Kubectl(t, "get", "cronjobs,configmaps,serviceaccounts,networkpolicies", "-n", s.Namespace, "-l", "app.kubernetes.io/managed-by=falkirk", "-o", "name")
	if strings.Contains(got, "shop") || strings.Count(got, "ecr-sync-desk") != 4 {
		t.Errorf("left are %s", got)
	}
	if again, err := c.Remove(t.Context(), keys(s), own); err != nil || len(again) != 0 {
		t.Errorf("again: %s %v", signs(again), err)
	}
}

func misspelt(t *testing.T, _ *testkube.Cluster, c *kube.Client, s syncjob.Spec) {
	t.Helper()
	w := wanted(t, s)
	w.Objects[3]["spec"].(map[string]any)["concurencyPolicy"] = "Forbid"
	if _, err := c.Plan(t.Context(), w); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "concurencyPolicy") {
		t.Errorf("%v", err)
	}
	s.Schedule = "61 * * * *"
	if _, err := c.Plan(t.Context(), wanted(t, s)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "spec.schedule") {
		t.Errorf("%v", err)
	}
}
