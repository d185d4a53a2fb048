//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"falkirk/internal/aws/account"
	s3bucket "falkirk/internal/bucket/s3"
	"falkirk/internal/delivery"
	"falkirk/internal/release"
	sitetarget "falkirk/internal/target/site"
)

// cloudServer is an S3 in memory that counts requests and can be far away.
type cloudServer struct {
	http *httptest.Server
	mem  *s3mem.Backend

	mu    sync.Mutex
	made  int // buckets
	far   time.Duration
	asked tally
}

// tally counts requests by what they ask.
type tally map[string]int

func (t tally) String() string {
	n := 0
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(t)) {
		n += t[k]
		parts = append(parts, fmt.Sprintf("%d %s", t[k], k))
	}
	return fmt.Sprintf("%d (%s)", n, strings.Join(parts, ", "))
}

func startCloud() (*cloudServer, error) {
	s := &cloudServer{mem: s3mem.New(), asked: tally{}}
	fake := gofakes3.New(s.mem, gofakes3.WithTimeSkewLimit(0)).Server()
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		far := s.far
		s.asked[asks(r)]++
		s.mu.Unlock()
		if far > 0 {
			time.Sleep(far)
		}
		fake.ServeHTTP(w, r)
	}))
	return s, s.mem.CreateBucket("builds")
}

func (s *cloudServer) stop() { s.http.Close() }

// asks says what a request asks for.
func asks(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Header.Get("X-Amz-Copy-Source") != "":
		return "copy"
	case r.Method == http.MethodGet && (q.Has("list-type") || q.Has("prefix") || q.Has("delimiter")):
		return "list"
	case r.Method == http.MethodPost && q.Has("delete"), r.Method == http.MethodDelete:
		return "delete"
	}
	return strings.ToLower(r.Method)
}

func (s *cloudServer) begin(far time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.far, s.asked = far, tally{}
}

func (s *cloudServer) end() tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.asked
	s.far, s.asked = 0, tally{}
	return n
}

// bucket makes a new one, and drop forgets what is in it.
func (s *cloudServer) bucket() (string, error) {
	s.mu.Lock()
	s.made++
	name := fmt.Sprintf("env-%d", s.made)
	s.mu.Unlock()
	return name, s.mem.CreateBucket(name)
}

func (s *cloudServer) drop(name string) { _ = s.mem.ForceDeleteBucket(name) }

// environment leads all programs to the server, until the function given is called.
func (s *cloudServer) environment() func() {
	set := map[string]string{
		"AWS_ENDPOINT_URL": s.http.URL, "S3_ENDPOINT_URL": s.http.URL, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
		"AWS_ACCESS_KEY_ID": "AKIABENCH", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"RCLONE_CONFIG": "", "RCLONE_S3_PROVIDER": "Other", "RCLONE_S3_ENDPOINT": s.http.URL, "RCLONE_S3_REGION": "us-east-1",
		"RCLONE_S3_ACCESS_KEY_ID": "AKIABENCH", "RCLONE_S3_SECRET_ACCESS_KEY": "bench", "RCLONE_S3_NO_CHECK_BUCKET": "true",
	}
	before := map[string]string{}
	for k, v := range set {
		before[k] = os.Getenv(k)
		_ = os.Setenv(k, v) // these names are good
	}
	return func() {
		for k, v := range before {
			_ = os.Setenv(k, v)
		}
	}
}

// upload puts a folder below a prefix of the bucket of builds, with types.
func (s *cloudServer) upload(dir, prefix string) error {
	return files(dir, func(name string, data []byte) error {
		meta := map[string]string{"Content-Type": mime.TypeByExtension(filepath.Ext(name)), "Cache-Control": "no-cache"}
		_, err := s.mem.PutObject("builds", prefix+"/"+name, meta, bytes.NewReader(data), int64(len(data)), nil)
		return err
	})
}

// check fails unless a bucket holds just what a folder does.
func (s *cloudServer) check(dir, bucket string) error {
	want := 0
	err := files(dir, func(name string, data []byte) error {
		want++
		o, err := s.mem.GetObject(bucket, name, nil)
		if err != nil {
			return err
		}
		got, err := io.ReadAll(o.Contents)
		if err == nil && !bytes.Equal(got, data) {
			err = fmt.Errorf("%s/%s has other bytes than the build", bucket, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	list, err := s.mem.ListBucket(bucket, nil, gofakes3.ListBucketPage{})
	if err != nil {
		return err
	}
	got := 0
	for _, o := range list.Contents {
		if !strings.HasPrefix(o.Key, ".falkirk/") {
			got++
		}
	}
	if got != want {
		return fmt.Errorf("%s holds %d objects, the build %d", bucket, got, want)
	}
	return nil
}

func files(dir string, f func(name string, data []byte) error) error {
	return filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(at)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, at)
		if err != nil {
			return err
		}
		return f(filepath.ToSlash(name), data)
	})
}

func found(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// moveSite is the target alone: it lays a release out, makes it live, and
// removes the one before.
func moveSite(ctx context.Context, version, to string) error {
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(os.Getenv("AWS_ENDPOINT_URL")),
		Credentials: credentials.NewStaticCredentialsProvider("AKIABENCH", "bench", ""),
	}
	store := release.New(s3bucket.New(account.S3(cfg), "builds", "store"))
	rel, err := store.Get(ctx, "bench", version)
	if err != nil {
		return err
	}
	p := delivery.Placement{
		App: "bench", Place: delivery.Place{Environment: "prd", Region: cfg.Region}, Component: "web", Target: sitetarget.Kind,
		Settings: fmt.Appendf(nil, `{"bucket":%q}`, to), Version: version, Artifact: rel.Artifacts[0],
	}
	t := sitetarget.New(sitetarget.Options{Store: store, Accounts: fixed(cfg)})
	for _, phase := range []delivery.Phase{delivery.Provision, delivery.Promote, delivery.Prune} {
		st, err := t.Observe(ctx, p)
		if err != nil {
			return err
		}
		p.Remove = slices.DeleteFunc(slices.Clone(st.Present), func(v string) bool { return v == st.Live || v == version })
		steps := t.Plan(phase, p, st)
		for _, s := range steps {
			if _, err := t.Do(ctx, p, s, nil); err != nil {
				return err
			}
		}
		if phase == delivery.Provision && len(steps)+len(t.Plan(delivery.Promote, p, st))+len(p.Remove) == 0 {
			return nil // nothing to do: one look is enough
		}
	}
	return nil
}

type fixed aws.Config

func (f fixed) Config(context.Context, string, string) (aws.Config, error) { return aws.Config(f), nil }
