package kube

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"falkirk/internal/fault"
)

// Question says which cluster is meant.
type Question struct {
	Kubeconfig string // file; empty: KUBECONFIG, or that of the home folder
	Context    string // empty: that of the cluster
	Cluster    string // name of an EKS cluster; may be empty where Context is given
	Region     string // of the EKS cluster; may be empty
}

// Found is a context of kubeconfig.
type Found struct {
	Context string
	Account string // 12 digits, where the ARN of the cluster tells
	Region  string // likewise
	Config  *rest.Config
}

// Find looks for the context of a cluster in kubeconfig; false if it has none.
// The current context is not taken for another cluster's.
func Find(q Question) (Found, bool, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = q.Kubeconfig
	raw, err := rules.Load()
	if err != nil {
		kind := fault.Invalid
		if errors.Is(err, fs.ErrNotExist) {
			kind = fault.NotFound
		}
		return Found{}, false, fault.New(kind, "read kubeconfig: %w", err)
	}
	name, err := choose(*raw, q)
	if err != nil || name == "" {
		return Found{}, false, err
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*raw, name, &clientcmd.ConfigOverrides{}, rules).ClientConfig()
	if err != nil {
		return Found{}, false, fault.New(fault.Invalid, "context %s of kubeconfig: %w", name, err)
	}
	out := Found{Context: name, Config: config}
	if a, ok := parse(raw.Contexts[name].Cluster); ok {
		out.Account, out.Region = a.account, a.region
	}
	return out, true, nil
}

// choose finds the context; "" if none is the cluster's.
func choose(c api.Config, q Question) (string, error) {
	if q.Context != "" {
		return chosen(c, q)
	}
	var fits []string
	for name, one := range c.Contexts {
		if one != nil && (isOf(one.Cluster, q) || isOf(name, q)) {
			fits = append(fits, name)
		}
	}
	slices.Sort(fits)
	switch {
	case len(fits) == 0:
		return "", nil
	case len(fits) == 1 || oneCluster(c, fits):
		return fits[0], nil
	case slices.Contains(fits, c.CurrentContext):
		return c.CurrentContext, nil
	}
	err := fault.New(fault.Invalid, "kubeconfig has several contexts of cluster %s: %s", q.Cluster, strings.Join(fits, ", "))
	return "", fault.Hint(err, "say which with --context")
}

// chosen takes the context that was named, unless it is plainly another
// cluster's.
func chosen(c api.Config, q Question) (string, error) {
	one, ok := c.Contexts[q.Context]
	if !ok || one == nil {
		err := fault.New(fault.NotFound, "kubeconfig has no context %q", q.Context)
		return "", fault.Hint(err, "kubectl config get-contexts lists them")
	}
	if a, ok := parse(one.Cluster); ok && q.Cluster != "" && (a.name != q.Cluster || q.Region != "" && a.region != q.Region) {
		err := fault.New(fault.Refused, "context %s is of cluster %s, and %s in %s is meant", q.Context, one.Cluster, q.Cluster, orAny(q.Region))
		return "", fault.Hint(err, "leave --context out, or correct clusterName and region")
	}
	return q.Context, nil
}

func orAny(region string) string {
	if region == "" {
		return "any region"
	}
	return region
}

// oneCluster reports whether contexts lead to the same cluster as the same user.
func oneCluster(c api.Config, names []string) bool {
	first := c.Contexts[names[0]]
	return !slices.ContainsFunc(names, func(n string) bool {
		return c.Contexts[n].Cluster != first.Cluster || c.Contexts[n].AuthInfo != first.AuthInfo
	})
}

type eksARN struct{ region, account, name string }

// parse reads arn:aws:eks:REGION:ACCOUNT:cluster/NAME.
func parse(s string) (eksARN, bool) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[2] != "eks" {
		return eksARN{}, false
	}
	name, ok := strings.CutPrefix(p[5], "cluster/")
	return eksARN{p[3], p[4], name}, ok
}

// isOf reports whether a name in kubeconfig is of the cluster: its ARN, as the
// AWS CLI writes it; its name; or NAME.REGION.eksctl.io, as eksctl does, perhaps
// behind a user's name.
func isOf(s string, q Question) bool {
	if q.Cluster == "" {
		return false
	}
	if a, ok := parse(s); ok {
		return a.name == q.Cluster && (q.Region == "" || a.region == q.Region)
	}
	if i := strings.LastIndex(s, "@"); i >= 0 {
		s = s[i+1:]
	}
	if s == q.Cluster {
		return true
	}
	rest, ok := strings.CutPrefix(s, q.Cluster+".")
	return ok && strings.HasSuffix(rest, ".eksctl.io") && (q.Region == "" || strings.HasPrefix(rest, q.Region+"."))
}
