package s3x

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

func open(cfg aws.Config) *s3.Client {
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// noise is n bytes that no two stretches of are alike.
func noise(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		sum := sha256.Sum256(fmt.Append(nil, i))
		b.Write(sum[:])
	}
	return b.Bytes()[:n]
}

func TestParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total, size int64
		parts       int
		last        int64 // bytes of the last
	}{
		{6 << 30, partCopied, 12, partCopied},
		{5<<30 + 1, partCopied, 11, 1},
		{5 << 40, partCopied, 10_000, 5<<40 - 9_999*((5<<40+9_999)/10_000)},
		{17 << 20, partSent, 2, 1 << 20},
		{50 << 30, partSent, 3200, partSent},
	} {
		all := inParts(c.total, c.size)
		if len(all) != c.parts || len(all) > mostParts {
			t.Errorf("%d bytes in %d parts, want %d", c.total, len(all), c.parts)
		}
		next := int64(0)
		for i, p := range all {
			if p.first != next || p.number != int32(i+1) || p.last-p.first > mostCopied {
				t.Fatalf("%d bytes: part %d is %+v, want it to begin at %d", c.total, i, p, next)
			}
			next = p.last
		}
		if last := all[len(all)-1]; next != c.total || last.last-last.first != c.last {
			t.Errorf("%d bytes end with %+v", c.total, last)
		}
	}
}

// A large object is copied and sent in parts, with the headers of a small one.
// The AWS CLI says what came of it.
func TestLargeObjects(t *testing.T) {
	t.Parallel()
	server := emulators.Versity(t)
	c := New(server.Config("us-east-1"), 4, open)
	c.sizes = sizes{copied: 6 << 20, partCopied: 5 << 20, sent: 6 << 20, partSent: 5 << 20}
	cli := server.CLI(t)
	cli.Must(t, "s3api", "create-bucket", "--bucket", "large")
	data := noise(12<<20 + 345)
	item := Item{Size: int64(len(data)), Digest: digestOf(data), Type: "video/mp4", Cache: "no-cache"}

	item.To = Place{"large", "sent/ü +%.mp4"}
	tag, err := c.Upload(t.Context(), bytes.NewReader(data), item)
	if err != nil {
		t.Fatal(err)
	}
	from := item.To
	item.To = Place{"large", "copied/ü +%.mp4"}
	if _, err = c.Copy(t.Context(), from, tag, item); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{from.Key, item.To.Key} {
		var got struct {
			ContentType, CacheControl string
			ContentLength             int64
			Metadata                  map[string]string
		}
		file := t.TempDir() + "/body"
		cli.JSON(t, &got, "s3api", "get-object", "--bucket", "large", "--key", key, file)
		if got.ContentType != item.Type || got.CacheControl != item.Cache || got.ContentLength != item.Size || got.Metadata[MetaDigest] != item.Digest[7:] {
			t.Errorf("%s: the AWS CLI sees %+v", key, got)
		}
		if raw := read(t, file); digestOf(raw) != item.Digest {
			t.Errorf("%s has other bytes", key)
		}
	}
	// What is wrong leaves no parts behind.
	item.To.Key = "wrong"
	if _, err := c.Copy(t.Context(), from, "0123456789abcdef0123456789abcdef", item); err == nil {
		t.Error("a source that has changed was copied")
	}
	if _, err := c.Upload(t.Context(), io.MultiReader(bytes.NewReader(data[:7<<20]), failing{}), item); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("a damaged file was sent: %v", err)
	}
	if left := cli.Must(t, "s3api", "list-multipart-uploads", "--bucket", "large"); strings.Contains(left, "UploadId") {
		t.Errorf("parts are left behind: %s", left)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, fault.New(fault.Internal, "the blob is damaged") }

// The service's own conditions hold: an object that must not be there, a
// pointer that must not have moved.
func TestConditions(t *testing.T) {
	t.Parallel()
	server := emulators.Versity(t)
	c := New(server.Config("us-east-1"), 4, open)
	server.CLI(t).Must(t, "s3api", "create-bucket", "--bucket", "small")
	p := Place{"small", "live.json"}
	one, err := c.Swap(t.Context(), p, []byte("one"), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Swap(t.Context(), p, []byte("two"), "", ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second pointer was made: %v", err)
	}
	if _, err := c.Swap(t.Context(), p, []byte("two"), one, ""); err != nil {
		t.Errorf("the pointer was not moved: %v", err)
	}
	if _, err := c.Swap(t.Context(), p, []byte("three"), one, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("the pointer was moved from where it no longer is: %v", err)
	}
	if _, err := c.Swap(t.Context(), p, []byte("two"), one, ""); err != nil {
		t.Errorf("an answer that got lost is a failure: %v", err)
	}
	if _, err := c.Swap(t.Context(), Place{"small", "gone.json"}, []byte("x"), one, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("a pointer that is gone was moved: %v", err)
	}
	data := []byte("a file")
	item := Item{To: Place{"small", "file"}, Size: 6, Digest: digestOf(data)}
	for range 2 { // the second time is that of an answer that got lost
		if _, err := c.Upload(t.Context(), bytes.NewReader(data), item); err != nil {
			t.Fatal(err)
		}
	}
	other := Item{To: item.To, Size: 5, Digest: digestOf([]byte("other"))}
	if _, err := c.Upload(t.Context(), strings.NewReader("other"), other); err == nil {
		t.Error("an object of somebody else was overwritten")
	}
	wrong := Item{To: Place{"small", "wrong"}, Size: 5, Digest: digestOf(data)}
	if _, err := c.Upload(t.Context(), strings.NewReader("other"), wrong); err == nil {
		t.Error("a file that is not what its digest says was taken")
	}
}

// scripted answers what the function says, and never twice the same connection.
func scripted(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return New(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts, o.Backoff = 3, retry.BackoffDelayerFunc(none)
			})
		},
	}, 64, open)
}

const copied = `<CopyObjectResult><ETag>"0123"</ETag><LastModified>2026-11-20T00:00:00.000Z</LastModified></CopyObjectResult>`

// S3 may say 200 and then that it failed.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
func TestErrorsInA200(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	c := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			fmt.Fprint(w, `<?xml version="1.0"?>`+"\n   <Error><Code>InternalError</Code><Message>try again</Message></Error>")
			return
		}
		fmt.Fprint(w, copied)
	})
	tag, err := c.Copy(t.Context(), Place{"a", "b"}, "", Item{To: Place{"c", "d"}})
	if err != nil || tag != "0123" || n.Load() != 2 {
		t.Errorf("%q after %d requests: %v", tag, n.Load(), err)
	}
	broken := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
	})
	if tag, err := broken.Copy(t.Context(), Place{"a", "b"}, "", Item{To: Place{"c", "d"}}); err == nil {
		t.Errorf("a copy that failed gave %q", tag)
	}
}

// The source's name is encoded, whatever is in it; no ACL is sent along, and
// what is said of encryption is what was asked for.
func TestHeaders(t *testing.T) {
	t.Parallel()
	got := make(chan http.Header, 1)
	c := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header
		fmt.Fprint(w, copied)
	})
	item := Item{To: Place{"to", "k"}, Size: 1, Digest: digestOf(nil), Type: "text/css", Cache: "no-cache", Key: "alias/site"}
	if _, err := c.Copy(t.Context(), Place{"from", "a b+c/100%/ü?#"}, "tag", item); err != nil {
		t.Fatal(err)
	}
	h := <-got
	for name, want := range map[string]string{
		"X-Amz-Copy-Source":                               "from/a%20b%2Bc/100%25/%C3%BC%3F%23",
		"X-Amz-Copy-Source-If-Match":                      "tag",
		"X-Amz-Metadata-Directive":                        "REPLACE",
		"X-Amz-Meta-Falkirk-Sha256":                       item.Digest[7:],
		"Content-Type":                                    "text/css",
		"Cache-Control":                                   "no-cache",
		"If-None-Match":                                   "*",
		"X-Amz-Acl":                                       "",
		"X-Amz-Server-Side-Encryption":                    "aws:kms",
		"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id":     "alias/site",
		"X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "true",
	} {
		if h.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, h.Get(name), want)
		}
	}
	item.Key = ""
	if _, err := c.Copy(t.Context(), Place{"from", "a"}, "", item); err != nil {
		t.Fatal(err)
	}
	for name := range <-got {
		if strings.HasPrefix(name, "X-Amz-Server-Side") || name == "X-Amz-Copy-Source-If-Match" {
			t.Errorf("%s was sent, though nobody asked for it", name)
		}
	}
}

func TestSlowDownIsHeard(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	var refused sync.Map // by object: each is refused once, as the SDK tries three times
	c := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		_, before := refused.Load(r.URL.Path)
		if n.Add(1)%10 == 0 && !before {
			refused.Store(r.URL.Path, true)
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
			return
		}
		fmt.Fprint(w, copied)
	})
	err := c.Each(t.Context(), 100, func(ctx context.Context, i int) error {
		_, err := c.Copy(ctx, Place{"a", "b"}, "", Item{To: Place{"c", fmt.Sprint(i)}})
		return err
	})
	if err != nil || c.limit.Now() >= 64 {
		t.Errorf("%d are under way at once: %v", c.limit.Now(), err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func none(int, error) (time.Duration, error) { return 0, nil }
