package cfn

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"falkirk/test/emulators"
)

// What is written to a stack that exists names its ID and the ARN of the change
// set, so that no later one of the same name is met, and has a token where the
// API has one.
func TestWritesNameARNs(t *testing.T) {
	t.Parallel()
	server := emulators.Ministack(t, "111111111111")
	to, err := url.Parse(server.URL)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	var mu sync.Mutex
	var forms []url.Values
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if form, err := url.ParseQuery(string(body)); err == nil {
			mu.Lock()
			forms = append(forms, form)
			mu.Unlock()
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	behind := *server
	behind.URL = front.URL
	c, ctx := near(&behind), t.Context()
	r := Request{Template: good, Token: "OPERATION"}
	set, err := c.Propose(ctx, "named", r, "one", nil)
	must(t, err)
	_, err = c.Execute(ctx, "named", set.Ref(), r, nil)
	must(t, err)
	r.Tags = map[string]string{"release": "2"}
	_, err = c.Retag(ctx, "named", r, nil)
	must(t, err)
	r.Template = strings.Replace(good, "Default: one", "Default: two", 1)
	set, err = c.Propose(ctx, "named", r, "two", nil)
	must(t, err)
	_ = c.DeleteChangeSet(ctx, "named", set.Ref()) // ministack does it, with an answer that the SDK cannot read
	must(t, c.Delete(ctx, "named", "OPERATION", nil))

	tokens := map[string]string{"CreateChangeSet": "ClientToken", "ExecuteChangeSet": "ClientRequestToken", "UpdateStack": "ClientRequestToken", "DeleteStack": "ClientRequestToken"}
	met := map[string]bool{}
	for _, f := range forms {
		action := f.Get("Action")
		if token, has := tokens[action]; has && f.Get(token) == "" {
			t.Errorf("%s has no token", action)
		}
		switch action {
		case "ExecuteChangeSet", "DeleteChangeSet":
			if !strings.HasPrefix(f.Get("ChangeSetName"), "arn:aws:cloudformation:") {
				t.Errorf("%s names the change set %q", action, f.Get("ChangeSetName"))
			}
		case "UpdateStack", "DeleteStack":
			if !strings.HasPrefix(f.Get("StackName"), "arn:aws:cloudformation:") {
				t.Errorf("%s names the stack %q", action, f.Get("StackName"))
			}
		}
		met[action] = true
	}
	for _, action := range []string{"CreateChangeSet", "ExecuteChangeSet", "UpdateStack", "DeleteChangeSet", "DeleteStack"} {
		if !met[action] {
			t.Errorf("there was no %s", action)
		}
	}
}

func TestTokensDiffer(t *testing.T) {
	t.Parallel()
	long := "arn:aws:cloudformation:eu-central-1:111111111111:changeSet/" + strings.Repeat("n", 120)
	one, two := token("OP", long+"/1"), token("OP", long+"/2")
	if one == two || len(one) > mostToken || len(two) > mostToken {
		t.Errorf("%q and %q", one, two)
	}
	if short := token("OP", "a b"); short != "OP-a-b" {
		t.Errorf("a short token is %q", short)
	}
}
