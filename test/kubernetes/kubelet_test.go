package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pod is what the test needs of one to be its kubelet.
type pod struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		AutomountServiceAccountToken bool
		SecurityContext              struct{ RunAsUser, RunAsGroup, FSGroup uint32 }
		Containers                   []struct {
			Name, Image, WorkingDir string
			Command, Args           []string
			Env                     []struct{ Name, Value string }
			SecurityContext         struct{ ReadOnlyRootFilesystem bool }
			VolumeMounts            []struct{ Name, MountPath string }
		}
		Volumes []struct {
			Name      string
			ConfigMap *struct{ Name string }
		}
	}
	Status struct{ Phase string }
}

// ran is how a pod's program ended.
type ran struct {
	code      int
	out, errs string
}

// pending waits for the pod of a job that nobody runs yet.
func (s *stage) pending(t *testing.T, why string) pod {
	t.Helper()
	var list struct{ Items []pod }
	for deadline := time.Now().Add(100 * time.Second); time.Now().Before(deadline); {
		s.cluster.Get(t, &list, "pods", "-n", s.namespace, "-l", "falkirk/sync", "--field-selector", "status.phase=Pending")
		if len(list.Items) > 0 {
			return list.Items[0]
		}
		<-time.After(200 * time.Millisecond) // the deadline fails the test
	}
	t.Fatalf("no pod of %s", why)
	return pod{}
}

// runPod does what a kubelet does with a pod: it lays out the file system of the
// image and the volumes, and runs exactly its command, with its environment and
// as its user. As root it does so in a root of its own that nobody but root may
// write in, as the pod's is; the image is the program, as in a release. more is the
// environment that the cluster adds.
func (s *stage) runPod(t *testing.T, p pod, more ...string) ran {
	t.Helper()
	c := p.Spec.Containers[0]
	root := t.TempDir()
	program, err := os.ReadFile(s.falkirk)
	if err != nil {
		t.Fatal(err)
	}
	lay(t, root, "usr/bin/falkirk", program, 0o755)
	for _, m := range c.VolumeMounts {
		for file, text := range s.volume(t, p, m.Name) {
			lay(t, root, filepath.Join(m.MountPath, file), []byte(text), 0o644)
		}
	}
	args := slices.Concat(c.Command, c.Args)
	if len(c.Command) == 0 {
		args = append([]string{"/usr/bin/falkirk"}, args...) // the image's own
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(more, "PATH=/usr/bin", "HOSTNAME="+p.Metadata.Name, "HOME=/")
	for _, e := range c.Env {
		cmd.Env = append(cmd.Env, e.Name+"="+e.Value)
	}
	u := p.Spec.SecurityContext
	if os.Geteuid() == 0 {
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: u.RunAsUser, Gid: u.RunAsGroup, Groups: []uint32{u.FSGroup}}}
	} else {
		cmd.Path, cmd.Dir = s.falkirk, root
		for i, a := range cmd.Args {
			if strings.HasPrefix(a, "/etc/") {
				cmd.Args[i] = filepath.Join(root, a)
			}
		}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// volume is what lies in a volume of a pod: files of a config map.
func (s *stage) volume(t *testing.T, p pod, name string) map[string]string {
	t.Helper()
	for _, v := range p.Spec.Volumes {
		if v.Name == name && v.ConfigMap != nil {
			var found struct{ Data map[string]string }
			s.cluster.Get(t, &found, "configmap", v.ConfigMap.Name, "-n", p.Metadata.Namespace)
			return found.Data
		}
	}
	t.Fatalf("pod %s has no volume %s that a test can lay out", p.Metadata.Name, name)
	return nil
}

// lay writes a file that everybody may read, in folders that only their owner
// may write in.
func lay(t *testing.T, root, name string, text []byte, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o755); err != nil { //nolint:gosec // the pod's user is another
		t.Fatal(err)
	}
}

// ended tells the cluster how a pod has ended.
func (s *stage) ended(t *testing.T, p pod, code int) {
	t.Helper()
	phase, reason := "Succeeded", "Completed"
	if code != 0 {
		phase, reason = "Failed", "Error"
	}
	now := time.Now().UTC().Format(time.RFC3339)
	status := map[string]any{"status": map[string]any{
		"phase": phase,
		"containerStatuses": []any{map[string]any{
			"name": p.Spec.Containers[0].Name, "image": p.Spec.Containers[0].Image, "imageID": "", "ready": false, "restartCount": 0,
			"state": map[string]any{"terminated": map[string]any{"exitCode": code, "reason": reason, "startedAt": now, "finishedAt": now}},
		}},
	}}
	raw, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	s.cluster.Kubectl(t, "patch", "pod", p.Metadata.Name, "-n", p.Metadata.Namespace, "--subresource=status", "--type=merge", "-p", string(raw))
}

// job waits until a job has come to an end, and gives its name.
func (s *stage) job(t *testing.T, condition, owner string) {
	t.Helper()
	s.cluster.Kubectl(t, "wait", "-n", s.namespace, "--for=condition="+condition, "--timeout=60s", owner)
}

func (s *stage) jobOf(t *testing.T, p pod) string {
	t.Helper()
	return "job/" + s.cluster.Kubectl(t, "get", "pod", p.Metadata.Name, "-n", s.namespace, "-o", "jsonpath={.metadata.ownerReferences[0].name}")
}

// safe fails the test where a pod may do more than it must.
func (p pod) safe() error {
	c := p.Spec.Containers[0]
	if p.Spec.SecurityContext.RunAsUser == 0 || !c.SecurityContext.ReadOnlyRootFilesystem || p.Spec.AutomountServiceAccountToken {
		return fmt.Errorf("the pod may do more than it must: %+v", p.Spec)
	}
	return nil
}
