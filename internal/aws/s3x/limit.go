package s3x

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"falkirk/internal/fence"
)

// Each calls f for 0 to n-1, as many at once as the limit lets, each only while
// the environment is held. After the first error no further one begins; all that
// began are waited for.
func (c *Client) Each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	work := func() {
		for c.limit.Take(ctx) == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				c.limit.Give()
				return
			}
			err := fence.Check(ctx)
			if err == nil {
				err = f(ctx, i)
			}
			c.limit.Give()
			if err != nil {
				cancel(err)
			}
		}
	}
	var group sync.WaitGroup
	for range min(n, c.limit.Most()) {
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
