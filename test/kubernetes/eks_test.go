package kubernetes

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"falkirk/test/emulators"
)

// TestAClusterThatKubeconfigDoesNotHaveIsAskedOfEKS: EKS tells the address and
// who signs for it; the cluster asks STS who shows the token, as EKS's do. What
// stands for the two halves of EKS here is ours.
func TestAClusterThatKubeconfigDoesNotHaveIsAskedOfEKS(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	hook := filepath.Join(t.TempDir(), "webhook")
	config := `{"apiVersion": "v1", "kind": "Config", "current-context": "sts", "contexts": [{"name": "sts", "context": {"cluster": "sts", "user": "api"}}],
 "clusters": [{"name": "sts", "cluster": {"server": "` + authenticator(t, moto.URL) + `"}}], "users": [{"name": "api", "user": {}}]}`
	if err := os.WriteFile(hook, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cluster := Start(t, "--authentication-token-webhook-config-file="+hook, "--authentication-token-webhook-version=v1")
	s := newStageOn(t, cluster, "asked-of-eks", moto)
	s.aws = moto.At(describing(t, moto.URL, cluster))
	create := append([]string{"create", "ecr-sync", "--yes"}, source()...)
	// The current context is another cluster's, and nobody is asked there.
	s.write(t, "kubeconfig", strings.Replace(cluster.Kubeconfig("dev", "dev"), cluster.URL, "https://127.0.0.1:1", 1))
	s.must(t, create...)
	if got := s.ours(t); strings.Count(got, "/ecr-sync-shop\n") != 4 {
		t.Errorf("there is %s", got)
	}
	if again := s.must(t, create...); again.Result.Changed {
		t.Errorf("again: %s", again.signs())
	}
	s.prd.Must(t, "eks", "delete-nodegroup", "--region", region, "--cluster-name", "prd", "--nodegroup-name", "one")
	s.prd.Must(t, "eks", "delete-cluster", "--region", region, "--name", "prd")
	gone := s.must(t, append([]string{"delete", "ecr-sync", "--yes", "--node-role", s.arn("nodes")}, source()...)...)
	if s.policyOf(t, "nodes") != "" || strings.Contains(s.sourcePolicy(t, "shop"), "falkirk") || len(gone.Result.Notes) != 1 {
		t.Errorf("after the cluster has gone: %+v", gone.Result)
	}
}

// describing leads to an emulator, and says of cluster prd how it is reached.
func describing(t *testing.T, emulator string, c *Cluster) string {
	t.Helper()
	to, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(res *http.Response) error {
			if res.Request.Method != http.MethodGet || res.Request.URL.Path != "/clusters/prd" || res.StatusCode != http.StatusOK {
				return nil
			}
			var doc struct {
				Cluster map[string]any `json:"cluster"`
			}
			if err := json.NewDecoder(res.Body).Decode(&doc); err != nil {
				return err
			}
			doc.Cluster["endpoint"] = c.URL
			doc.Cluster["certificateAuthority"] = map[string]string{"data": base64.StdEncoding.EncodeToString(c.CA)}
			raw, err := json.Marshal(doc)
			res.Body = io.NopCloser(bytes.NewReader(raw))
			res.ContentLength = int64(len(raw))
			res.Header.Set("Content-Length", strconv.Itoa(len(raw)))
			return err
		},
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL
}

// authenticator answers a cluster that asks who shows a token, by asking STS with
// it, for cluster prd.
func authenticator(t *testing.T, sts string) string {
	t.Helper()
	arn := regexp.MustCompile(`<Arn>([^<]+)</Arn>`)
	who := func(r *http.Request) string {
		var review struct{ Spec struct{ Token string } }
		if json.NewDecoder(r.Body).Decode(&review) != nil {
			return ""
		}
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(review.Spec.Token, "k8s-aws-v1."))
		if err != nil || !strings.Contains(string(raw), "Action=GetCallerIdentity") || !strings.Contains(string(raw), "x-k8s-aws-id") {
			return ""
		}
		signed, err := url.Parse(string(raw))
		if err != nil {
			return ""
		}
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, sts+"/?"+signed.RawQuery, nil)
		if err != nil {
			return ""
		}
		// moto knows from a header what is asked, and does not look into the query.
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+signed.Query().Get("X-Amz-Credential")+", SignedHeaders=host, Signature=0")
		req.Header.Set("X-K8s-Aws-Id", "prd")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return ""
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if m := arn.FindSubmatch(text); err == nil && res.StatusCode == http.StatusOK && m != nil {
			return string(m[1])
		}
		return ""
	}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := who(r)
		status := map[string]any{"authenticated": name != ""}
		if name != "" {
			status["user"] = map[string]any{"username": name, "groups": []string{"system:masters"}}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}) // the cluster asks again
	}))
	t.Cleanup(hook.Close)
	return hook.URL
}
