package cfn

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

// mute is a client of an API that never answers.
func mute(t *testing.T) *Client {
	t.Helper()
	end := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	t.Cleanup(func() {
		close(end)
		s.Close()
	})
	cfg := emulators.Nowhere("eu-central-1")
	cfg.BaseEndpoint = aws.String(s.URL)
	return New(cfg, Options{Where: "prd/eu-central-1", Fast: 10 * time.Millisecond, Slow: 20 * time.Millisecond})
}

// Every kind of work on a stack ends with the time limit, and the error names it;
// an earlier deadline or an interrupt of the caller is not the limit of the stack.
func TestTheLimitCoversAllWork(t *testing.T) {
	t.Parallel()
	for name, work := range map[string]func(context.Context, *Client) error{
		"propose": func(ctx context.Context, c *Client) error {
			_, err := c.Propose(ctx, "shop", Request{}, "one", nil)
			return err
		},
		"execute": func(ctx context.Context, c *Client) error {
			_, err := c.Execute(ctx, "shop", "one", Request{}, nil)
			return err
		},
		"retag":  func(ctx context.Context, c *Client) error { _, err := c.Retag(ctx, "shop", Request{}, nil); return err },
		"settle": func(ctx context.Context, c *Client) error { _, err := c.Settle(ctx, "shop", nil); return err },
		"delete": func(ctx context.Context, c *Client) error { return c.Delete(ctx, "shop", "op", nil) },
		"drop":   func(ctx context.Context, c *Client) error { return c.DeleteChangeSet(ctx, "shop", "one") },
		"list":   func(ctx context.Context, c *Client) error { _, err := c.ChangeSets(ctx, "shop"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
			defer stop()
			c := mute(t)
			err := c.Within(ctx, "shop", 200*time.Millisecond, func(ctx context.Context) error { return work(ctx, c) })
			if !errors.Is(err, errTooLong) || !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "stack shop in prd/eu-central-1: not done within its timeout of 200ms") || ctx.Err() != nil {
				t.Errorf("it ended with %v", err)
			}
			if !strings.Contains(fault.HintOf(err), "repeat the command") {
				t.Errorf("the hint is %q", fault.HintOf(err))
			}
			earlier, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			if err := c.Within(earlier, "shop", time.Hour, func(ctx context.Context) error { return work(ctx, c) }); err == nil || errors.Is(err, errTooLong) {
				t.Errorf("with an earlier deadline it ended with %v", err)
			}
			interrupted, cancel := context.WithCancel(ctx)
			cancel()
			if err := c.Within(interrupted, "shop", time.Hour, func(ctx context.Context) error { return work(ctx, c) }); !errors.Is(err, context.Canceled) {
				t.Errorf("interrupted it ended with %v", err)
			}
		})
	}
}
