// Package kubernetes starts a real Kubernetes control plane on loopback for tests:
// etcd, kube-apiserver and kube-controller-manager, with kubectl as the witness.
// There is no kubelet: a test that wants a pod to run plays it. The
// programs are those of test/peers.
package kubernetes

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/test/peers"
)

// token is what the cluster's administrator shows.
const token = "falkirk-test-admin"

// Cluster is a control plane that listens on loopback.
type Cluster struct {
	URL string
	CA  []byte // PEM of who signs for it
	dir string
}

// Start starts a control plane of the test's own and waits until it answers.
// Further flags are kube-apiserver's.
func Start(t testing.TB, flags ...string) *Cluster {
	t.Helper()
	c := &Cluster{dir: t.TempDir()}
	etcd := c.etcd(t)
	port := freePort(t)
	c.URL = "https://127.0.0.1:" + port
	c.write(t, "tokens.csv", token+",admin,admin,system:masters\n")
	c.write(t, "service.key", serviceKey(t))
	c.run(t, "kube-apiserver", append(flags,
		"--etcd-servers="+etcd, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--secure-port="+port,
		"--cert-dir="+c.path("certs"), "--token-auth-file="+c.path("tokens.csv"),
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+c.path("service.key"),
		"--service-account-signing-key-file="+c.path("service.key"), "--service-cluster-ip-range=10.0.0.0/24",
		"--disable-admission-plugins=ServiceAccount", "--authorization-mode=RBAC", "--allow-privileged=false")...)
	c.await(t, "kube-apiserver", func() bool { return c.ready(t.Context()) })
	c.write(t, "kubeconfig", c.Kubeconfig("admin", "local"))
	c.run(t, "kube-controller-manager",
		"--kubeconfig="+c.path("kubeconfig"), "--bind-address=127.0.0.1", "--secure-port="+freePort(t), "--cert-dir="+c.path("certs"),
		"--controllers=cronjob,job,garbagecollector,namespace,ttl-after-finished", "--leader-elect=false",
		"--service-account-private-key-file="+c.path("service.key"))
	return c
}

func (c *Cluster) etcd(t testing.TB) string {
	t.Helper()
	client, peer := "http://127.0.0.1:"+freePort(t), "http://127.0.0.1:"+freePort(t)
	c.run(t, "etcd", "--data-dir="+c.path("etcd"), "--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=default="+peer, "--unsafe-no-fsync")
	c.await(t, "etcd", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, client+"/health", nil)
		return err == nil && answers(http.DefaultClient, req)
	})
	return client
}

// ready also reads the certificate that the server has made for itself.
func (c *Cluster) ready(ctx context.Context) bool {
	ca, err := os.ReadFile(c.path("certs/apiserver.crt"))
	if err != nil {
		return false
	}
	c.CA = ca
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/readyz", nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return answers(client, req)
}

func answers(client *http.Client, req *http.Request) bool {
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

// Kubeconfig is a configuration whose only and current context has the given
// name, and leads to a cluster of the given name.
func (c *Cluster) Kubeconfig(context, cluster string) string {
	return fmt.Sprintf(`{"apiVersion": "v1", "kind": "Config", "current-context": %[1]q,
 "contexts": [{"name": %[1]q, "context": {"cluster": %[2]q, "user": "admin"}}],
 "clusters": [{"name": %[2]q, "cluster": {"server": %[3]q, "certificate-authority": %[4]q}}],
 "users": [{"name": "admin", "user": {"token": %[5]q}}]}
`, context, cluster, c.URL, c.path("certs/apiserver.crt"), token)
}

// Token is what the cluster's administrator shows.
func (c *Cluster) Token() string { return token }

// Kubectl runs kubectl as the administrator and gives what it printed.
func (c *Cluster) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.Try(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Try is Kubectl for what may fail.
func (c *Cluster) Try(t testing.TB, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(peers.Program(t, "kubectl"), append([]string{"--kubeconfig", c.path("kubeconfig"), "--cache-dir", c.path("cache")}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String(), nil
}

// Get reads an object as kubectl tells it.
func (c *Cluster) Get(t testing.TB, into any, args ...string) {
	t.Helper()
	out := c.Kubectl(t, append([]string{"get", "-o", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("kubectl get %s: %v", strings.Join(args, " "), err)
	}
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *Cluster) write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts a program until the test has ended.
func (c *Cluster) run(t testing.TB, name string, args ...string) {
	t.Helper()
	log, err := os.Create(c.path(name + ".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(peers.Program(t, name), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have gone
		_ = cmd.Wait()         // it was killed
		log.Close()
	})
}

// await waits for a fact, and fails the test with the end of a program's log.
func (c *Cluster) await(t testing.TB, name string, fact func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !fact(); {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(c.path(name + ".log"))
			t.Fatalf("%s does not answer:\n%s", name, log[max(0, len(log)-4000):])
		}
		<-time.After(50 * time.Millisecond) // the deadline fails the test
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// serviceKey is the key that the cluster signs tokens of service accounts with.
func serviceKey(t testing.TB) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}))
}
