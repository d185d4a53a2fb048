package imagesync_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/test/images"
)

// people lets some writes happen and then says stop.
type people struct{ left atomic.Int64 }

func (p *people) Ask(context.Context, string) error {
	if p.left.Add(-1) < 0 {
		return fault.New(fault.Refused, "everything is stopped by bea")
	}
	return nil
}

func (p *people) HasBans() bool                                   { return false }
func (p *people) AskImage(ctx context.Context, _ ...string) error { return p.Ask(ctx, "") }

// TestAStopEndsASyncBetweenImages: whenever the stop comes, no image is begun
// after it, and the next run brings what was left.
func TestAStopEndsASyncBetweenImages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "service-*")
	load := images.Workload{Repositories: 1, Tags: 8, Platforms: 1, Base: 6_000, Middle: 2_000, Top: 500}
	if _, err := load.Write(t.Context(), w.source); err != nil {
		t.Fatal(err)
	}
	brought := 0
	for allowed := range 5 {
		p := &people{}
		p.left.Store(int64(allowed))
		w.opt.People = p
		r, err := w.run()
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "stopped by bea") || !r.IsHeld() {
			t.Fatalf("after %d questions: %v", allowed, err)
		}
		if r.Counts[imagesync.Absent] > allowed {
			t.Errorf("after %d questions %d images were begun", allowed, r.Counts[imagesync.Absent])
		}
		if allowed == 0 && w.to.Counts().Requests > 0 {
			t.Errorf("all was stopped before, and the destination was asked: %s", w.to.Counts())
		}
		brought += r.Counts[imagesync.Absent]
	}
	w.opt.People = nil
	if r := w.must(); brought == 0 || brought+r.Counts[imagesync.Absent] != 8 {
		t.Errorf("%d were brought before the stop and %d after", brought, r.Counts[imagesync.Absent])
	}
}
