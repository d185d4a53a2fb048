package cfn

import (
	"context"
	"sync"

	"golang.org/x/time/rate"
)

// pace keeps each kind of call below its limit, whoever makes it, so that the
// API need not refuse any. AWS publishes no figures; about ten calls a second
// and kind are known to be borne.
type pace struct {
	limit rate.Limit
	mu    sync.Mutex
	kinds map[string]*rate.Limiter
}

func (p *pace) wait(ctx context.Context, kind string) error {
	p.mu.Lock()
	if p.kinds == nil {
		p.kinds = map[string]*rate.Limiter{}
	}
	l, ok := p.kinds[kind]
	if !ok {
		l = rate.NewLimiter(p.limit, max(1, int(p.limit)))
		p.kinds[kind] = l
	}
	p.mu.Unlock()
	if err := l.Wait(ctx); err != nil && ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		return context.DeadlineExceeded // the wait would have been longer than the time left
	}
	return nil
}
