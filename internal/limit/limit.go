// Package limit learns how many requests a service takes at once.
package limit

import (
	"context"
	"sync"
	"time"
)

// Limit is how many requests are under way at once: more while that makes them
// pass faster, half as many when the service asks to be slower. It may be used
// from many goroutines.
type Limit struct {
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
	rest  time.Time // before it nothing begins
}

// New begins with start at once, and never lets more than most.
func New(start, most int) *Limit {
	l := &Limit{now: min(max(start, 1), most), most: most}
	l.free = sync.NewCond(&l.mu)
	return l
}

// Now is how many may be under way at the moment.
func (l *Limit) Now() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Most is how many there are at most.
func (l *Limit) Most() int { return l.most }

// Take waits until another request may begin; Give ends it.
func (l *Limit) Take(ctx context.Context) error {
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, l.wake)
		defer stop()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for ctx.Err() == nil && (l.busy >= l.now || l.resting()) {
		l.free.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.busy++
	return nil
}

// resting reports whether nothing may begin yet, and sees to it that those that
// wait look again.
func (l *Limit) resting() bool {
	left := time.Until(l.rest)
	if left <= 0 {
		return false
	}
	time.AfterFunc(left, l.wake)
	return true
}

func (l *Limit) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free.Broadcast()
}

// Give ends a request.
func (l *Limit) Give() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy--
	l.done++
	l.climb(time.Now())
	l.free.Signal()
}

// climb looks at the rate once for every four rounds of requests.
func (l *Limit) climb(now time.Time) {
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

// Slower halves the limit, and lets nothing begin for as long as the service
// asked. What was under way then may say so too: that is the same news.
func (l *Limit) Slower(rest time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(rest); until.After(l.rest) {
		l.rest = until
	}
	if l.done < l.calm {
		return
	}
	l.calm = l.done + l.busy
	l.now = max(l.now/2, 1)
	l.best = 0
	l.since = time.Time{}
}
