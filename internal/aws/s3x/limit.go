package s3x

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// limit is how many requests are under way at once: more while that makes them
// pass faster, half as many when the service asks to be slower.
type limit struct {
	mu    sync.Mutex
	free  *sync.Cond
	now   int // allowed
	most  int
	busy  int
	done  int       // requests that have ended
	calm  int       // done at which the next request to be slower counts
	since time.Time // the window began
	from  int       // done when it began
	best  float64   // requests per second so far
}

func newLimit(start, most int) *limit {
	l := &limit{now: min(max(start, 1), most), most: most}
	l.free = sync.NewCond(&l.mu)
	return l
}

func (l *limit) take(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.free.Broadcast()
	})
	defer stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.busy >= l.now && ctx.Err() == nil {
		l.free.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.busy++
	return nil
}

func (l *limit) give() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.done++
	l.climb(time.Now())
	l.free.Signal()
}

// climb looks at the rate once for every four rounds of requests.
func (l *limit) climb(now time.Time) {
	switch {
	case l.since.IsZero():
		l.since, l.from = now, l.done
		return
	case l.done-l.from < 4*l.now:
		return
	}
	rate := float64(l.done-l.from) / max(now.Sub(l.since).Seconds(), 1e-6)
	l.since, l.from = now, l.done
	if rate > l.best*1.1 && l.done >= l.calm {
		l.best = rate
		l.now = min(l.now+l.now/4+1, l.most)
		l.free.Broadcast()
	}
}

// slower halves the limit. What was under way then may say so too: that is the
// same news.
func (l *limit) slower() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done < l.calm {
		return
	}
	l.calm = l.done + l.busy
	l.now = max(l.now/2, 1)
	l.best = 0
	l.since = time.Time{}
}

// Each calls f for 0 to n-1, as many at once as the limit lets. The first error
// lets no further one begin; all that began are waited for.
func (c *Client) Each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	work := func() {
		for c.limit.take(ctx) == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				c.limit.give()
				return
			}
			err := f(ctx, i)
			c.limit.give()
			if err != nil {
				cancel(err)
			}
		}
	}
	var group sync.WaitGroup
	for range min(n, c.limit.most) {
		group.Go(work)
	}
	group.Wait()
	return context.Cause(ctx)
}

// room bounds the bytes that uploads hold in memory.
type room struct {
	mu   sync.Mutex
	cond *sync.Cond
	left int64
}

// inMemory is how many bytes uploads hold at most, all together.
const inMemory = 128 << 20

func newRoom(n int64) *room {
	r := &room{left: n}
	r.cond = sync.NewCond(&r.mu)
	return r
}

var errTooLarge = errors.New("larger than what may be held")

// take waits until n bytes may be held, and gives what lets them go.
func (r *room) take(n int64) (func(), error) {
	if n > inMemory {
		return nil, errTooLarge
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.left < n {
		r.cond.Wait()
	}
	r.left -= n
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.left += n
		r.cond.Broadcast()
	}, nil
}
