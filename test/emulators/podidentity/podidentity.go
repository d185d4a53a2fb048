// Package podidentity imitates the five calls of EKS by which a service account
// stands for a role, as no emulator knows them; everything else goes on to the
// emulator behind it. It is ours, and no proof of what AWS does; the AWS CLI reads
// its answers in a test.
// https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
package podidentity

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// association is one as EKS writes it.
type association struct {
	ClusterName    string            `json:"clusterName"`
	Namespace      string            `json:"namespace"`
	ServiceAccount string            `json:"serviceAccount"`
	RoleARN        string            `json:"roleArn"`
	ARN            string            `json:"associationArn"`
	ID             string            `json:"associationId"`
	Tags           map[string]string `json:"tags,omitempty"`
	CreatedAt      float64           `json:"createdAt"`
}

type fake struct {
	mu  sync.Mutex
	all map[string]*association // by ID
	n   int
}

// Before starts a server that knows the associations and leads on to an
// emulator.
func Before(t testing.TB, emulator string) (address string) {
	t.Helper()
	to, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{all: map[string]*association{}}
	mux := http.NewServeMux()
	const path = "/clusters/{cluster}/pod-identity-associations"
	mux.HandleFunc("POST "+path, f.create)
	mux.HandleFunc("GET "+path, f.list)
	mux.HandleFunc("GET "+path+"/{id}", f.one(func(*association, *http.Request) {}))
	mux.HandleFunc("POST "+path+"/{id}", f.one(func(a *association, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(a) // what it does not say stays
	}))
	mux.HandleFunc("DELETE "+path+"/{id}", f.one(func(a *association, _ *http.Request) { delete(f.all, a.ID) }))
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func (f *fake) create(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := &association{ClusterName: r.PathValue("cluster"), CreatedAt: float64(time.Now().Unix())}
	if err := json.NewDecoder(r.Body).Decode(a); err != nil || a.Namespace == "" || a.ServiceAccount == "" || a.RoleARN == "" {
		refuse(w, http.StatusBadRequest, "InvalidParameterException", "namespace, serviceAccount and roleArn are needed")
		return
	}
	for _, b := range f.all {
		if b.ClusterName == a.ClusterName && b.Namespace == a.Namespace && b.ServiceAccount == a.ServiceAccount {
			refuse(w, http.StatusConflict, "ResourceInUseException", "Association already exists: "+b.ID)
			return
		}
	}
	f.n++
	a.ID = fmt.Sprintf("a-%017d", f.n)
	a.ARN = "arn:aws:eks:eu-west-1:123456789012:podidentityassociation/" + a.ClusterName + "/" + a.ID
	f.all[a.ID] = a
	answer(w, map[string]any{"association": a})
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := r.URL.Query()
	found := []*association{}
	for _, a := range f.all {
		if a.ClusterName == r.PathValue("cluster") && (!q.Has("namespace") || q.Get("namespace") == a.Namespace) &&
			(!q.Has("serviceAccount") || q.Get("serviceAccount") == a.ServiceAccount) {
			found = append(found, &association{ClusterName: a.ClusterName, Namespace: a.Namespace, ServiceAccount: a.ServiceAccount, ID: a.ID, ARN: a.ARN})
		}
	}
	answer(w, map[string]any{"associations": found})
}

// one finds the association that is meant and does something with it.
func (f *fake) one(do func(*association, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		a, ok := f.all[r.PathValue("id")]
		if !ok || a.ClusterName != r.PathValue("cluster") {
			refuse(w, http.StatusNotFound, "ResourceNotFoundException", "No association "+r.PathValue("id"))
			return
		}
		do(a, r)
		answer(w, map[string]any{"association": a})
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // a client that has left does not read it
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": message}) // likewise
}
