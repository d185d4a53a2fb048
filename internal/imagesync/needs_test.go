package imagesync_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/policy"
	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
	"falkirk/test/emulators"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

// watched is ECR on ministack, with what is asked of it in the words of IAM.
type watched struct {
	server *emulators.Server
	url    string

	mu    sync.Mutex
	asked map[string]bool // "ecr:PutImage repository"
}

func watch(t *testing.T, account string) *watched {
	t.Helper()
	w := &watched{server: emulators.Ministack(t, account), asked: map[string]bool{}}
	to, err := url.Parse(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	s := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		w.note(req)
		pass.ServeHTTP(res, req)
	}))
	t.Cleanup(s.Close)
	w.url = s.URL
	return w
}

func (w *watched) Config(_ context.Context, _, region string) (aws.Config, error) {
	cfg := w.server.Config(region)
	cfg.BaseEndpoint = aws.String(w.url)
	return cfg, nil
}

// note takes down what a request asks for. What the registry's own protocol asks
// for is, in IAM, what docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
// and its neighbours say.
func (w *watched) note(req *http.Request) {
	var actions []string
	repository := ""
	if _, call, ok := strings.Cut(req.Header.Get("X-Amz-Target"), "."); ok {
		var body struct {
			Name  string   `json:"repositoryName"`
			Names []string `json:"repositoryNames"`
		}
		raw, err := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(raw))
		if err == nil && json.Unmarshal(raw, &body) == nil {
			actions, repository = []string{"ecr:" + call}, strings.Join(append(body.Names, body.Name), "")
		}
	} else if q := registryproxy.Of(req); strings.HasPrefix(req.URL.Path, "/v2/") && q.Kind != "ping" {
		actions, repository = inIAM(q.Kind), q.Repository
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range actions {
		w.asked[a+" "+repository] = true
	}
}

func inIAM(kind string) []string {
	switch kind {
	case "get manifest", "head manifest":
		return []string{"ecr:BatchGetImage"}
	case "put manifest":
		return []string{"ecr:PutImage"}
	case "get blob":
		return []string{"ecr:GetDownloadUrlForLayer"}
	case "head blob":
		return []string{"ecr:BatchCheckLayerAvailability"}
	case "begin upload", "mount":
		return []string{"ecr:InitiateLayerUpload"}
	case "write part":
		return []string{"ecr:UploadLayerPart"}
	case "end upload": // with the last bytes
		return []string{"ecr:UploadLayerPart", "ecr:CompleteLayerUpload"}
	}
	return []string{"unknown: " + kind}
}

// A sync between two repositories of ECR asks for nothing that its policy does
// not allow: neither the first, nor one without news, nor one of a tag that moved.
func TestWhatASyncAsksForIsAllowed(t *testing.T) {
	t.Parallel()
	const account = "222222222222"
	w := watch(t, account)
	set := imagesync.Defaults()
	set.Source, set.Destination, set.Repositories = "ecr:us-east-1/from", "ecr:us-east-1/to", []string{"web", "api"}
	set.DeleteMissing, set.Create.Lifecycle = true, `{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}`
	source := images.Registry{URL: w.server.URL}
	for n, name := range set.Repositories {
		w.server.CLI(t).Must(t, "ecr", "create-repository", "--repository-name", "from/"+name)
		if _, err := source.Index(t.Context(), "from/"+name, "test", 2, uint64(n)); err != nil {
			t.Fatal(err)
		}
	}
	run := func() {
		t.Helper()
		j, err := imagesync.New(set, imagesync.Options{Registries: registries.New(w)})
		if err == nil {
			_, err = j.Run(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run()
	run()
	if _, err := source.Index(t.Context(), "from/web", "test", 2, 7); err != nil {
		t.Fatal(err)
	}
	run()
	w.server.CLI(t).Must(t, "ecr", "batch-delete-image", "--repository-name", "from/api", "--image-ids", "imageTag=test")
	if _, err := source.Index(t.Context(), "from/api", "other", 2, 8); err != nil {
		t.Fatal(err)
	}
	run()

	needs := policy.Images{
		From: policy.Registry{Account: account, Region: "us-east-1", Prefix: "from"}, To: policy.Registry{Account: account, Region: "us-east-1", Prefix: "to"},
		Repositories: set.Repositories, Create: true, Lifecycle: true, Delete: true,
	}.Needs()
	for asked := range w.asked {
		action, repository, _ := strings.Cut(asked, " ")
		if action == "ecr:DescribeRepositories" && strings.HasPrefix(repository, "from/") {
			continue // where that is not allowed it goes on without: internal/registries
		}
		resource := "*"
		if repository != "" {
			resource = "arn:aws:ecr:us-east-1:" + account + ":repository/" + repository
		}
		if !allowed(needs, action, resource) {
			t.Errorf("%s on %s is asked for, and not allowed", action, resource)
		}
	}
	for _, want := range []string{"ecr:PutImage to/web", "ecr:CreateRepository to/api", "ecr:BatchDeleteImage to/api", "ecr:GetDownloadUrlForLayer from/web"} {
		if !w.asked[want] {
			t.Errorf("%s was not asked for: %v", want, w.asked)
		}
	}
}

func allowed(all []policy.Statement, action, resource string) bool {
	return slices.ContainsFunc(all, func(s policy.Statement) bool {
		return slices.Contains(s.Actions, action) && slices.ContainsFunc(s.Resources, func(r string) bool {
			ok, err := path.Match(r, resource)
			return ok && err == nil
		})
	})
}
