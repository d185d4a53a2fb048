package s3x

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/test/emulators"
	"falkirk/test/s3proxy"
)

func put(t *testing.T, c *Client, key, text, was string) string {
	t.Helper()
	tag, err := c.Upload(t.Context(), strings.NewReader(text), item(key, text, was))
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func item(key, text, was string) Item {
	return Item{To: Place{"small", key}, Size: int64(len(text)), Digest: digestOf([]byte(text)), Was: was}
}

// servers are a strict server, and one behind the proxy that enforces what no
// server does.
func servers(t *testing.T) map[string]*Client {
	t.Helper()
	versity := emulators.Versity(t)
	versity.CLI(t).Must(t, "s3api", "create-bucket", "--bucket", "small")
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s3proxy.Memory(t)),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAFALKIRKTESTS0000", "test", ""),
	}
	cfg.BaseEndpoint = aws.String(s3proxy.New(t, cfg).Client("one"))
	(&emulators.Server{URL: *cfg.BaseEndpoint}).At(*cfg.BaseEndpoint).CLI(t).Must(t, "s3api", "create-bucket", "--bucket", "small")
	return map[string]*Client{"versity": New(versity.Config("us-east-1"), 4, open), "proxy": New(cfg, 4, open)}
}

// An object is written and deleted only where it is as the listing had it; the
// same object again is no conflict, whichever way it is written.
func TestWritesNameWhatIsThere(t *testing.T) {
	t.Parallel()
	for name, c := range servers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one := put(t, c, "a", "one", "")
			two := put(t, c, "a", "two", one)
			if again := put(t, c, "a", "two", one); again != two {
				t.Errorf("a write that was sent again gave %q, want %q", again, two)
			}
			if _, err := c.Upload(t.Context(), strings.NewReader("three"), item("a", "three", one)); !fault.Is(err, fault.Conflict) {
				t.Errorf("an object that has changed was replaced: %v", err)
			}
			if _, err := c.Upload(t.Context(), strings.NewReader("x"), item("gone", "x", one)); !fault.Is(err, fault.Conflict) {
				t.Errorf("an object that is gone was replaced: %v", err)
			}
			if name == "versity" { // it looks at no ETag of DeleteObjects
				two = put(t, c, "a", "two", two)
			} else if gone, err := c.Delete(t.Context(), "small", []Object{{Key: "a", ETag: one}}); !fault.Is(err, fault.Conflict) || gone != 0 {
				t.Errorf("an object that has changed was deleted: %d, %v", gone, err)
			}
			for range 2 { // the second time it is gone
				if gone, err := c.Delete(t.Context(), "small", []Object{{Key: "a", ETag: two}}); err != nil || gone != 1 {
					t.Errorf("%d were deleted: %v", gone, err)
				}
			}
		})
	}
}

// The same bytes get another ETag where that must be so, whatever they had
// before, by copy and from here, also where there are none.
func TestTheOtherForm(t *testing.T) {
	t.Parallel()
	for name, c := range servers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			texts := []string{"some"}
			if name == "versity" { // gofakes3 takes no empty part
				texts = append(texts, "")
			}
			for _, text := range texts {
				first := put(t, c, "from", text, listed(t, c, "from"))
				was := ""
				for round := range 4 {
					i := item("to", text, listed(t, c, "to"))
					i.Not = was
					var tag string
					var err error
					if round%2 == 0 {
						tag, err = c.Copy(t.Context(), Place{"small", "from"}, first, i)
					} else {
						tag, err = c.Upload(t.Context(), strings.NewReader(text), i)
					}
					if err != nil || tag == was || tag != listed(t, c, "to") {
						t.Errorf("%q, round %d: %q after %q, listed as %q: %v", text, round, tag, was, listed(t, c, "to"), err)
					}
					was = tag
				}
			}
		})
	}
}

func listed(t *testing.T, c *Client, key string) string {
	t.Helper()
	for o, err := range c.List(t.Context(), "small", key) {
		if err != nil {
			t.Fatal(err)
		}
		if o.Key == key {
			return o.ETag
		}
	}
	return ""
}

// What S3 could not delete at that moment is asked for again, and nothing else.
func TestDeletesAreAskedAgain(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	c := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		switch n.Add(1) {
		case 1:
			fmt.Fprint(w, "<DeleteResult><Error><Key>b</Key><Code>ConditionalRequestConflict</Code></Error><Error><Key>c</Key><Code>NoSuchKey</Code></Error></DeleteResult>")
		default:
			if strings.Contains(b.String(), "<Key>a</Key>") || !strings.Contains(b.String(), "<Key>b</Key>") {
				t.Errorf("asked for again: %s", b.String())
			}
			fmt.Fprint(w, "<DeleteResult></DeleteResult>")
		}
	})
	gone, err := c.Delete(t.Context(), "x", []Object{{Key: "a", ETag: "1"}, {Key: "b", ETag: "2"}, {Key: "c", ETag: "3"}})
	if err != nil || gone != 3 || n.Load() != 2 {
		t.Errorf("%d deleted after %d requests: %v", gone, n.Load(), err)
	}
}

// A process that no longer holds the environment sends no write.
func TestNothingIsSentOnceTheHoldIsLost(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	c := scripted(t, func(w http.ResponseWriter, _ *http.Request) {
		n.Add(1)
		fmt.Fprint(w, copied)
	})
	f := fence.New(nil, fence.SinceBoot()+1<<50, "promote 2")
	ctx := fence.With(t.Context(), f)
	_ = f.Close("by the test")
	_, deleted := c.Delete(ctx, "x", []Object{{Key: "a", ETag: "1"}})
	_, swapped := c.Swap(ctx, Place{"x", "p"}, []byte("{}"), "", "")
	each := c.Each(ctx, 3, func(ctx context.Context, i int) error {
		_, err := c.Copy(ctx, Place{"a", "b"}, "", item(fmt.Sprint(i), "", ""))
		return err
	})
	for what, err := range map[string]error{"delete": deleted, "swap": swapped, "copies": each} {
		if !fault.Is(err, fault.Locked) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n.Load() > 0 {
		t.Errorf("%d requests were sent", n.Load())
	}
}
