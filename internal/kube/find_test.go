package kube_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/kube"
)

const (
	prd = "arn:aws:eks:eu-west-1:333333333333:cluster/prd"
	dev = "arn:aws:eks:eu-west-1:111111111111:cluster/dev"
)

// config writes a kubeconfig with contexts, each of the cluster of its value.
func config(t *testing.T, current string, contexts map[string]string) string {
	t.Helper()
	var list, clusters []string
	seen := map[string]bool{}
	for name, cluster := range contexts {
		list = append(list, fmt.Sprintf(`{"name": %q, "context": {"cluster": %q, "user": "me"}}`, name, cluster))
		if seen[cluster] {
			continue
		}
		seen[cluster] = true
		clusters = append(clusters, fmt.Sprintf(`{"name": %q, "cluster": {"server": "https://127.0.0.1:1"}}`, cluster))
	}
	text := fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": %q, "contexts": [%s], "clusters": [%s], "users": [{"name": "me", "user": {"token": "t"}}]}`,
		current, strings.Join(list, ","), strings.Join(clusters, ","))
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTheContextIsThatOfTheCluster(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		current  string
		contexts map[string]string
		asked    kube.Question
		want     string
		kind     fault.Kind
	}{
		"by ARN":             {"d", map[string]string{"d": dev, "p": prd}, kube.Question{Cluster: "prd"}, "p", 0},
		"by name":            {"d", map[string]string{"d": dev, "p": "prd"}, kube.Question{Cluster: "prd", Region: "eu-west-1"}, "p", 0},
		"by eksctl":          {"d", map[string]string{"d": dev, "ann@prd.eu-west-1.eksctl.io": "prd.eu-west-1.eksctl.io"}, kube.Question{Cluster: "prd", Region: "eu-west-1"}, "ann@prd.eu-west-1.eksctl.io", 0},
		"not a part of one":  {"d", map[string]string{"d": "arn:aws:eks:eu-west-1:111111111111:cluster/not-prd"}, kube.Question{Cluster: "prd"}, "", 0},
		"not the current":    {"d", map[string]string{"d": dev}, kube.Question{Cluster: "prd"}, "", 0},
		"another region":     {"p", map[string]string{"p": prd}, kube.Question{Cluster: "prd", Region: "eu-west-2"}, "", 0},
		"several":            {"d", map[string]string{"d": dev, "p": prd, "q": "prd"}, kube.Question{Cluster: "prd"}, "", fault.Invalid},
		"several, one now":   {"q", map[string]string{"d": dev, "p": prd, "q": "prd"}, kube.Question{Cluster: "prd"}, "q", 0},
		"two of one cluster": {"d", map[string]string{"d": dev, "p": prd, "q": prd}, kube.Question{Cluster: "prd"}, "p", 0},
		"named":              {"d", map[string]string{"d": "minikube", "p": prd}, kube.Question{Cluster: "prd", Context: "d"}, "d", 0},
		"named another":      {"d", map[string]string{"d": dev, "p": prd}, kube.Question{Cluster: "prd", Context: "d"}, "", fault.Refused},
		"named none":         {"d", map[string]string{"d": dev}, kube.Question{Cluster: "prd", Context: "x"}, "", fault.NotFound},
	} {
		one.asked.Kubeconfig = config(t, one.current, one.contexts)
		got, ok, err := kube.Find(one.asked)
		if got.Context != one.want || ok != (one.want != "") || (err != nil) != (one.kind != 0) || err != nil && !fault.Is(err, one.kind) {
			t.Errorf("%s: %q %v %v", name, got.Context, ok, err)
		}
		if got.Context == "p" && name == "by ARN" && (got.Account != "333333333333" || got.Region != "eu-west-1") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
