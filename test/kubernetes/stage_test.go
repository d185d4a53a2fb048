package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

const (
	nonprod = "111111111111"
	region  = "eu-west-1"
)

// stage is a production account with a cluster, another account that images come
// from, and a folder of an app.
type stage struct {
	dir       string
	falkirk   string
	cluster   *Cluster
	namespace string
	aws       *emulators.Server
	prd       emulators.CLI // of the production account: moto's own
	src       emulators.CLI // of the account that images come from
}

// newStage has a cluster with one node group, an empty namespace, and the repository that images
// come from.
func newStage(t *testing.T, cluster *Cluster, namespace string) *stage {
	t.Helper()
	return newStageOn(t, cluster, namespace, emulators.Moto(t))
}

func newStageOn(t *testing.T, cluster *Cluster, namespace string, moto *emulators.Server) *stage {
	t.Helper()
	falkirk, _ := harness.Programs(t)
	s := &stage{dir: t.TempDir(), falkirk: falkirk, cluster: cluster, namespace: namespace, aws: moto}
	s.prd, s.src = s.aws.CLI(t), s.aws.As(t, nonprod)
	s.role(t, "nodes")
	s.prd.Must(t, "eks", "create-cluster", "--region", region, "--name", "prd", "--role-arn", s.arn("cluster"), "--resources-vpc-config", "subnetIds=subnet-1")
	s.group(t, "one", "nodes")
	s.src.Must(t, "ecr", "create-repository", "--region", region, "--repository-name", "shop")
	s.write(t, "ecr-sync-values.yml", "appName: shop\nregion: eu-west-1\naccount: 111111111111\nclusterName: prd\nnamespace: "+namespace+"\nimage: registry.example/falkirk:1\n")
	s.write(t, "kubeconfig", s.cluster.Kubeconfig("prd", "arn:aws:eks:eu-west-1:"+emulators.Root+":cluster/prd"))
	s.cluster.Kubectl(t, "create", "namespace", namespace)
	s.cluster.Kubectl(t, "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted") // the strictest that there is
	return s
}

func (s *stage) arn(role string) string { return "arn:aws:iam::" + emulators.Root + ":role/" + role }

func (s *stage) role(t *testing.T, name string) {
	t.Helper()
	s.prd.Must(t, "iam", "create-role", "--role-name", name, "--assume-role-policy-document", `{"Version":"2012-10-17","Statement":[]}`)
}

func (s *stage) group(t *testing.T, name, role string) {
	t.Helper()
	s.prd.Must(t, "eks", "create-nodegroup", "--region", region, "--cluster-name", "prd", "--nodegroup-name", name, "--node-role", s.arn(role), "--subnets", "subnet-1")
}

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// result is what a command says in JSON.
type result struct {
	Exit  struct{ Code int }
	Error struct{ Kind, Message, Hint string }
	// Result is that of create and delete ecr-sync.
	Result struct {
		Changed      bool
		Roles        []string
		Repositories []string
		PodIdentity  string
		Decisions    string
		Policies     []struct {
			Resource   string
			Statements []struct{ Sign, Sid string }
		}
		Objects []struct {
			Sign, Kind, Name string
			Fields           []struct{ Path, From, To string }
		}
		Elsewhere []struct{ Account, Repository, Policy, Command string }
		Documents []struct{ For, Policy string }
		Manifests string
		Notes     []string
	}
}

// signs is what changes, in short.
func (r result) signs() string {
	var all []string
	for _, one := range r.Result.Repositories {
		all = append(all, "+"+one[strings.LastIndex(one, ":")+1:])
	}
	for _, p := range r.Result.Policies {
		for _, st := range p.Statements {
			sid := st.Sid
			if strings.HasPrefix(sid, "falkirk") {
				sid = "falkirk…" + sid[len(sid)-4:]
			}
			all = append(all, p.Resource[strings.LastIndexAny(p.Resource, ":/")+1:]+st.Sign+sid)
		}
	}
	for _, o := range r.Result.Objects {
		one := o.Sign + o.Kind
		for _, f := range o.Fields {
			one += " " + f.Path
		}
		all = append(all, one)
	}
	return strings.Join(all, ", ")
}

// run runs one command of falkirk in the folder.
func (s *stage) run(t *testing.T, args ...string) result {
	t.Helper()
	out, text := s.exec(t, append(args, "--output", "json")...)
	var r result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("falkirk %s: %v\n%s\n%s", strings.Join(args, " "), err, out, text)
	}
	return r
}

// must is run for what ends well.
func (s *stage) must(t *testing.T, args ...string) result {
	t.Helper()
	r := s.run(t, args...)
	if r.Exit.Code != 0 {
		t.Fatalf("falkirk %s: %+v", strings.Join(args, " "), r)
	}
	return r
}

func (s *stage) exec(t *testing.T, args ...string) (out, errs string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), s.falkirk, args...)
	cmd.Dir = s.dir
	cmd.Env = append(s.aws.Env(), "KUBECONFIG="+filepath.Join(s.dir, "kubeconfig"), "HOME="+s.dir)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return o.String(), e.String()
}

// policyOf is our policy in a role; "" if there is none.
func (s *stage) policyOf(t *testing.T, role string) string {
	t.Helper()
	var names struct{ PolicyNames []string }
	s.prd.JSON(t, &names, "iam", "list-role-policies", "--role-name", role)
	var all []string
	for _, n := range names.PolicyNames {
		all = append(all, n+" "+s.prd.Must(t, "iam", "get-role-policy", "--role-name", role, "--policy-name", n))
	}
	return strings.Join(all, "\n")
}

// sourcePolicy is the policy of the repository that images come from.
func (s *stage) sourcePolicy(t *testing.T, repository string) string {
	t.Helper()
	out, err := s.src.Try("ecr", "get-repository-policy", "--region", region, "--repository-name", repository, "--query", "policyText", "--output", "text")
	if err != nil && !strings.Contains(err.Error(), "RepositoryPolicyNotFound") {
		t.Fatal(err)
	}
	return out
}

// ours are the objects in the cluster that have Falkirk's labels, as kubectl
// tells.
func (s *stage) ours(t *testing.T) string {
	t.Helper()
	return s.cluster.Kubectl(t, "get", "cronjobs,configmaps,serviceaccounts,networkpolicies", "-n", s.namespace, "-l", "app.kubernetes.io/managed-by=falkirk", "-o", "name")
}
