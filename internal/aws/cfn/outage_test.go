package cfn

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/test/emulators"
	"falkirk/test/emulators/cfnfake"
)

// broken is a fake behind a door that answers 500 while it is shut.
func broken(t *testing.T, takes time.Duration) (f *cfnfake.Fake, c *Client, shut *atomic.Bool) {
	t.Helper()
	f, shut = cfnfake.New(t, cfnfake.Options{Takes: takes}), &atomic.Bool{}
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if shut.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		f.ServeHTTP(w, r)
	}))
	t.Cleanup(door.Close)
	cfg := emulators.Nowhere("eu-central-1")
	cfg.BaseEndpoint = aws.String(door.URL)
	return f, New(cfg, Options{Where: "prd/eu-central-1", Fast: 10 * time.Millisecond, Slow: 20 * time.Millisecond, PerCall: 1000}), shut
}

// That the API does not answer is said, with its cause and until when it is
// asked; when it answers again the wait ends as it would have. An interrupt ends
// the wait at once.
func TestAnOutageIsSaid(t *testing.T) {
	t.Parallel()
	for name, interrupted := range map[string]bool{"it answers again": false, "interrupted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, c, shut := broken(t, time.Second)
			r := Request{Template: good}
			_, err := c.Propose(t.Context(), "shop", r, "one", nil)
			must(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			said := make(chan string, 100)
			begun := time.Now()
			done := make(chan error, 1)
			go func() {
				_, err := c.Execute(ctx, "shop", "one", r, func(e Event) {
					if e.Note != "" {
						said <- e.String()
					}
				})
				done <- err
			}()
			for s, ok := f.Get("shop"); !ok || s.Status != "CREATE_IN_PROGRESS"; s, ok = f.Get("shop") {
				if time.Since(begun) > 20*time.Second {
					t.Fatal("nothing is executed")
				}
			}
			shut.Store(true)
			select {
			case line := <-said:
				for _, want := range []string{"CloudFormation in prd/eu-central-1 has not told the state of stack shop since", "it is asked again until", "500"} {
					if !strings.Contains(line, want) {
						t.Errorf("%q is not in %q", want, line)
					}
				}
			case <-time.After(20 * time.Second):
				t.Fatal("nothing is said")
			}
			if interrupted {
				cancel()
			} else {
				shut.Store(false)
			}
			select {
			case err := <-done:
				if interrupted != errors.Is(err, context.Canceled) || !interrupted && err != nil {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("it does not end")
			}
		})
	}
}

// A stack that could not be deleted before, and cannot be now, ends the wait: it
// looks as it did before the request.
func TestADeletionThatFailsAgainEnds(t *testing.T) {
	t.Parallel()
	f, c, _ := broken(t, 0)
	f.Put(cfnfake.Stack{Name: "shop", Status: "DELETE_FAILED", Reason: "the bucket is not empty", Sticky: true})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := c.Delete(ctx, "shop", "op", nil)
	if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "is DELETE_FAILED") || !strings.Contains(err.Error(), "the bucket is not empty") {
		t.Errorf("it ended with %v", err)
	}
}
