package s3

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/buckettest"
	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

func client(s *emulators.Server) *s3.Client {
	return s3.NewFromConfig(s.Config("us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
}

// fresh makes empty buckets, one for each call.
func fresh(c *s3.Client) func(t *testing.T) bucket.Bucket {
	var count atomic.Int64
	return func(t *testing.T) bucket.Bucket {
		t.Helper()
		return made(t, c, fmt.Sprintf("bucket-%d", count.Add(1)))
	}
}

func made(t *testing.T, c *s3.Client, name string) *Bucket {
	t.Helper()
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	return New(c, name, "some/prefix")
}

func TestMoto(t *testing.T) {
	t.Parallel()
	buckettest.Run(t, fresh(client(emulators.Moto(t))))
}

func TestMinistack(t *testing.T) {
	t.Parallel()
	buckettest.Run(t, fresh(client(emulators.Ministack(t, "111111111111"))))
}

// What is larger than a part goes in parts, is copied to its key on the
// server's side, and leaves nothing else behind.
func TestLargeObjects(t *testing.T) {
	t.Parallel()
	server := emulators.Moto(t)
	b := made(t, client(server), "large")
	b.part, b.copied = 5<<20, 6<<20
	content := make([]byte, 13<<20)
	for i := range content {
		content[i] = byte(i >> 8)
	}
	staged, err := b.Stage(t.Context())
	if err == nil {
		_, err = staged.Write(content)
	}
	if err == nil {
		err = staged.Commit(t.Context(), "staged")
	}
	if err := errors.Join(err,
		b.Create(t.Context(), "created", bytes.NewReader(content)),
		b.Put(t.Context(), "put", bytes.NewReader(content)),
		b.Put(t.Context(), "put", bytes.NewReader(content))); err != nil {
		t.Fatal(err)
	}
	if err := b.Create(t.Context(), "created", bytes.NewReader(content)); fault.KindOf(err) != fault.Conflict {
		t.Errorf("created twice: %v", err)
	}
	dropped, err := b.Stage(t.Context())
	if err == nil {
		_, err = dropped.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
	dropped.Discard()
	for _, key := range []string{"staged", "created", "put"} {
		r, _, err := b.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s comes back with %d bytes: %v", key, len(got), err)
		}
		_ = r.Close()
	}
	aws := server.CLI(t)
	if out := aws.Must(t, "s3api", "list-objects-v2", "--bucket", "large", "--query", "Contents[].Key"); strings.Count(out, "some/prefix/") != 3 {
		t.Errorf("there are %s", out)
	}
	if out := aws.Must(t, "s3api", "list-multipart-uploads", "--bucket", "large", "--query", "Uploads"); strings.Contains(out, "UploadId") {
		t.Errorf("left behind: %s", out)
	}
}

// What killed writers left is swept when it is old.
// What a blob, an entry or a manifest is written with says that there must be
// none yet, whatever its size: the generated policy of the bucket denies it
// otherwise.
func TestWhatIsCreatedIsConditional(t *testing.T) {
	t.Parallel()
	server := emulators.Moto(t)
	made(t, client(server), "conditional")
	var mu sync.Mutex
	var bare []string
	watched := s3.NewFromConfig(server.Config("us-east-1"), func(o *s3.Options) {
		o.UsePathStyle = true
		o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
			q := r.URL.Query()
			makes := r.Method == http.MethodPut && !q.Has("partNumber") || r.Method == http.MethodPost && q.Has("uploadId")
			if makes && !strings.Contains(r.URL.Path, "/.staging/") && r.Header.Get("If-None-Match") != "*" {
				mu.Lock()
				defer mu.Unlock()
				bare = append(bare, r.Method+" "+r.URL.String())
			}
			return http.DefaultClient.Do(r)
		})
	})
	b := New(watched, "conditional", "some/prefix")
	b.part = 5 << 20
	for _, size := range []int{10, 12 << 20} {
		name := fmt.Sprint(size)
		if err := b.Create(t.Context(), "created/"+name, bytes.NewReader(make([]byte, size))); err != nil {
			t.Fatal(err)
		}
		staged, err := b.Stage(t.Context())
		if err == nil {
			_, err = staged.Write(make([]byte, size))
		}
		if err == nil {
			err = staged.Commit(t.Context(), "staged/"+name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(bare) > 0 {
		t.Errorf("these take the place of what is there: %v", bare)
	}
}

// doer sends requests.
type doer func(*http.Request) (*http.Response, error)

// Do sends one.
func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestSweep(t *testing.T) {
	t.Parallel()
	b := made(t, client(emulators.Moto(t)), "swept")
	b.part = 5 << 20
	left, err := b.Stage(t.Context())
	if err == nil {
		_, err = left.Write(make([]byte, 6<<20)) // a part is sent, nothing ends it
	}
	if err == nil {
		_, err = b.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.name, Key: aws.String("some/prefix/.staging/old"), Body: strings.NewReader("x")})
	}
	if err == nil {
		err = b.Create(t.Context(), "kept", strings.NewReader("x"))
	}
	if err = errors.Join(err, b.Sweep(t.Context(), time.Unix(0, 0))); err != nil {
		t.Fatal(err)
	}
	count := func() (objects, uploads int) {
		list, err := b.client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &b.name})
		if err != nil {
			t.Fatal(err)
		}
		ups, err := b.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.name})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Contents), len(ups.Uploads)
	}
	if objects, uploads := count(); objects != 2 || uploads != 1 {
		t.Errorf("what is new is swept: %d objects, %d uploads", objects, uploads)
	}
	if err := b.Sweep(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if objects, uploads := count(); objects != 1 || uploads != 0 {
		t.Errorf("what is old stays: %d objects, %d uploads", objects, uploads)
	}
}

// The error says what is missing and what to do.
func TestErrors(t *testing.T) {
	t.Parallel()
	b := New(client(emulators.Moto(t)), "nowhere", "x")
	_, _, err := b.Get(t.Context(), "a")
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "s3://nowhere/x/a") || !strings.Contains(fault.HintOf(err), "falkirk create account") {
		t.Errorf("a bucket that is not there: %v (%s)", err, fault.HintOf(err))
	}
	if err := b.Create(t.Context(), "a", strings.NewReader("x")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("writing to a bucket that is not there: %v", err)
	}
}
