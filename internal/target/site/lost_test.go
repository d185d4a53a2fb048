package site_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"falkirk/internal/target/site"
	"falkirk/test/s3proxy"
)

// impatient sends again at once.
type impatient struct{ endpoint }

func (i impatient) Config(ctx context.Context, account, region string) (aws.Config, error) {
	cfg, err := i.endpoint.Config(ctx, account, region)
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.RateLimiter = 5, nothing{}
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	return cfg, err
}

// nothing limits nothing.
type nothing struct{}

func (nothing) GetToken(context.Context, uint) (func() error, error) {
	return func() error { return nil }, nil
}
func (nothing) AddTokens(uint) error { return nil }

// An answer that is lost makes the SDK send a conditional write again, which its
// own first attempt has made untrue; and S3 answers 409 where two writes meet.
// Neither is a failure: every write of a life is tried with both.
func TestLostAnswersAreNoConflicts(t *testing.T) {
	t.Parallel()
	for name, fate := range map[string]s3proxy.Fate{"lost": s3proxy.Lose, "409": s3proxy.Conflict, "broken": s3proxy.Break} {
		for _, located := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := newPair(t, s3proxy.Memory(t))
				p.located = located
				p.packAll()
				target := site.New(site.Options{Store: p.store(), Accounts: impatient{endpoint{p.world, p.proxy.Client("one")}}})
				_, ctx := p.as("one")
				var mu sync.Mutex
				before := map[string]bool{}
				p.proxy.Hook(func(q s3proxy.Request) s3proxy.Fate {
					mu.Lock()
					defer mu.Unlock()
					what := q.Operation + " " + q.Key() + q.Condition
					if !q.IsWrite() || before[what] {
						return s3proxy.Pass
					}
					before[what] = true
					return fate
				})
				for _, j := range []job{provision("1"), promote("1"), provision("2"), promote("2"), promote("1"), promote("2"), pruned("1"), provision("4"), promote("4")} {
					if err := p.run(ctx, target, j.phase, j.version, j.remove...); err != nil {
						t.Fatalf("%s %s: %v", j.phase, j.version, err)
					}
				}
				p.proxy.Hook(nil)
				p.shows("4", name)
				p.expectIdle("4")
				if len(before) < 20 {
					t.Errorf("only %d writes were tried", len(before))
				}
			})
		}
	}
}
