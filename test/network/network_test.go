// Package network tries every client of the program against networks that do not
// work: whatever is wrong, its cause is on the screen within five seconds.
package network

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"k8s.io/client-go/rest"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/cfn"
	"falkirk/internal/aws/ecr"
	"falkirk/internal/aws/eks"
	"falkirk/internal/aws/kms"
	"falkirk/internal/aws/s3x"
	"falkirk/internal/bucket/s3"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	httpgate "falkirk/internal/gate/http"
	"falkirk/internal/kube"
	"falkirk/internal/network"
	"falkirk/internal/notice"
	"falkirk/internal/notice/slack"
	"falkirk/internal/notice/teams"
	"falkirk/internal/notice/webhook"
	"falkirk/internal/registries"
)

// client asks a server at an address, "http://127.0.0.1:5000", for anything.
type client func(ctx context.Context, address string) error

// at makes a client of AWS by the program's own pool.
func at(ask func(ctx context.Context, cfg aws.Config) error) client {
	return func(ctx context.Context, address string) error {
		pool := account.New(account.Options{Start: func(context.Context) (aws.Config, error) {
			return aws.Config{Region: "eu-central-1", BaseEndpoint: aws.String(address), Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "never-shown", "")}, nil
		}})
		cfg, err := pool.Config(ctx, "", "eu-central-1")
		if err != nil {
			return err
		}
		return ask(ctx, cfg)
	}
}

// told sends a notice.
func told(sender notice.Sender) client {
	return func(ctx context.Context, address string) error {
		settings, err := json.Marshal(map[string]string{"url": address + "/hook"})
		if err != nil {
			return err
		}
		return notice.Try(ctx, delivery.NoticeSetting{Name: "team", Settings: settings}, sender, delivery.Notice{Topics: []delivery.Topic{delivery.TopicStarted}})
	}
}

// clients are all clients of the program, by what they are.
var clients = map[string]client{
	"STS": at(func(ctx context.Context, cfg aws.Config) error {
		_, err := account.Whose(ctx, cfg)
		return err
	}),
	"store": at(func(ctx context.Context, cfg aws.Config) error {
		r, _, err := s3.New(account.S3(cfg), "builds", "shop").Get(ctx, "x")
		if err == nil {
			_, err = io.ReadAll(r)
			err = errors.Join(err, r.Close())
		}
		return err
	}),
	"store, list": at(func(ctx context.Context, cfg aws.Config) error {
		for _, err := range s3.New(account.S3(cfg), "builds", "shop").List(ctx, "", "") {
			return err
		}
		return nil
	}),
	"S3 of a site": at(func(ctx context.Context, cfg aws.Config) error {
		c := s3x.New(cfg, 4, func(cfg aws.Config) *awss3.Client { return account.S3(cfg) })
		_, _, err := c.Get(ctx, s3x.Place{Bucket: "site", Key: "state.json"})
		return account.Classify(err)
	}),
	"CloudFormation": at(func(ctx context.Context, cfg aws.Config) error {
		_, err := cfn.New(cfg, cfn.Options{}).Describe(ctx, "shop")
		return err
	}),
	"change set": at(func(ctx context.Context, cfg aws.Config) error {
		_, err := cfn.New(cfg, cfn.Options{}).ChangeSet(ctx, "shop", "one")
		return err
	}),
	"ECR": at(func(ctx context.Context, cfg aws.Config) error {
		_, err := ecr.New(cfg, "prd", "").Repositories(ctx)
		return err
	}),
	"KMS": at(func(ctx context.Context, cfg aws.Config) error {
		_, err := kms.Open(ctx, cfg, "arn:aws:kms:eu-central-1:111111111111:key/1")
		return err
	}),
	"EKS": at(func(ctx context.Context, cfg aws.Config) error {
		_, err := eks.New(cfg).Cluster(ctx, "one")
		return err
	}),
	"registry": func(ctx context.Context, address string) error {
		scheme, host, _ := strings.Cut(address, "://")
		_, err := registries.New(nil).Catalog(ctx, registries.Where{Host: host, Insecure: scheme == "http"})
		return err
	},
	"cluster": func(ctx context.Context, address string) error {
		c, err := kube.New(&rest.Config{Host: address}, "one")
		if err == nil {
			_, err = c.Look(ctx, []kube.Key{{Kind: "ConfigMap", Namespace: "a", Name: "b"}}, nil)
		}
		return err
	},
	"http gate": func(ctx context.Context, address string) error {
		settings, err := json.Marshal(map[string]string{"url": address})
		if err != nil {
			return err
		}
		v, err := httpgate.New(nil).Ask(ctx, delivery.Question{Gate: "smoke", Settings: settings})
		if err == nil && v.Answer == delivery.Shut {
			err = fault.Hint(fault.New(fault.Closed, "%s", v.Reason), "%s", v.Next)
		}
		return err
	},
	"webhook": told(webhook.Sender{Now: time.Now}),
	"slack":   told(slack.Sender{}),
	"teams":   told(teams.Sender{}),
}

// server is one that nobody is answered by as he should be.
func server(t *testing.T, h http.HandlerFunc, secure bool) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(func() {
		s.CloseClientConnections() // what looks for all who ask goes on after an interrupt
		s.Close()
	})
	return s.URL
}

// listener accepts connections, or none, and answers nothing.
func listener(t *testing.T, accepts bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if accepts {
		t.Cleanup(func() { _ = l.Close() })
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// stalled begins an answer and does not go on.
func stalled(end <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, "<")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}
}

// half ends the connection in the middle of an answer.
func half(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100000")
	_, _ = io.WriteString(w, " ") // a beginning of JSON and of XML
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// Each client tells each cause within five seconds: in its error, with a next step,
// or in a line that says until when it is tried. An interrupt ends what is tried.
func TestEachClientTellsEachCause(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	causes := map[string]struct{ address, text string }{
		"refused":    {"http://" + listener(t, false), "refuses the connection"},
		"no name":    {"https://server.example.onion", "cannot resolve server.example.onion"},
		"TLS":        {server(t, http.NotFound, true), "is signed by an unknown authority"},
		"no TLS":     {strings.Replace(server(t, http.NotFound, false), "http:", "https:", 1), "answers without TLS"},
		"cut":        {server(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false), "closes the connection without an answer"},
		"half":       {server(t, half, false), "is cut off"},
		"silent":     {"http://" + listener(t, true), "no answer from"},
		"silent TLS": {"https://" + listener(t, true), "connecting to"},
		"stalled":    {server(t, stalled(end), false), "does not go on"},
	}
	t.Cleanup(func() { close(end) }) // before the servers are
	var all sync.WaitGroup           // they mostly wait: go test would run as many at once as there are cores
	defer all.Wait()
	for cause, c := range causes {
		for name, ask := range clients {
			if (cause == "stalled" || cause == "half") && (name == "webhook" || name == "teams") {
				continue // the status counts
			}
			all.Go(func() { tells(t, cause+", "+name, ask, c.address, c.text) })
		}
	}
}

// tells asks, and waits for the cause on the screen.
func tells(t *testing.T, name string, ask client, address, text string) {
	t.Helper()
	lines, done := make(chan string, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(network.WithTeller(t.Context(), func(line string) { lines <- line }))
	defer cancel()
	begun := time.Now()
	go func() { done <- ask(ctx, address) }()
	select {
	case line := <-lines:
		if !strings.Contains(line, text) || !strings.Contains(line, " until ") {
			t.Errorf("%s: the line is %s", name, line)
		}
		cancel()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: an interrupt does not end it", name)
		}
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), text) || fault.HintOf(err) == "" {
			t.Errorf("%s: it ended with %v (%s)", name, err, fault.HintOf(err))
		} else if s := err.Error(); strings.Contains(s, "dial tcp") || strings.Contains(s, "x509:") || strings.Contains(s, "lookup ") {
			t.Errorf("%s: the error is that of the library: %s", name, s)
		}
	case <-time.After(20 * time.Second):
		t.Errorf("%s: nothing is told", name)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("%s: it was told after %s", name, took)
	}
}

// throughProxy is the variable by which the test runs itself: Go reads the
// variables of proxies once.
const throughProxy = "FALKIRK_TEST_THROUGH_PROXY"

// A proxy that wants a login is named by each client.
func TestEachClientNamesTheProxy(t *testing.T) {
	t.Parallel()
	if os.Getenv(throughProxy) != "" {
		for name, ask := range clients {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tells(t, name, ask, "https://server.example.onion", "wants a login before it connects to server.example.onion")
			})
		}
		return
	}
	proxy := server(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }, false)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEachClientNamesTheProxy$", "-test.v")
	cmd.Env = append(os.Environ(), throughProxy+"=1", "HTTPS_PROXY="+proxy, "NO_PROXY=")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS: TestEachClientNamesTheProxy/") != len(clients) {
		t.Errorf("%v\n%s", err, out)
	}
}
