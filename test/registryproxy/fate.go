package registryproxy

import (
	"net/http"
	"strconv"
	"time"
)

// fate is what becomes of a request.
type fate int

const (
	fine fate = iota
	throttled
	failed
	reset
	lost
	cut
	wrong
	expired
	slow
)

// applies says whether something can happen to a request at all.
func (f fate) applies(q Request, login string) bool {
	switch f {
	case wrong:
		return q.Kind == "get blob" || q.Kind == "get manifest"
	case expired:
		return login != ""
	}
	return true
}

// decide counts a request and says what becomes of it.
func (p *Proxy) decide(q Request, login string) (fate, Rules) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Kinds[q.Kind]++
	p.counts.Requests++
	p.history = append(p.history, q)
	if p.struck++; p.strike != nil && p.struck == p.nth {
		p.strike()
	}
	f := p.draw(q, login)
	if f == expired {
		p.void[login] = true
	}
	return f, p.rules
}

func (p *Proxy) draw(q Request, login string) fate {
	x, r := p.random.Float64(), p.rules
	if r.Only != nil && !r.Only(q) || r.Once && p.done[q.key()] {
		return fine
	}
	shares := []float64{throttled: r.Throttle, failed: r.Error, reset: r.Reset, lost: r.Lost, cut: r.Cut, wrong: r.Wrong, expired: r.Expired, slow: r.Slow}
	for f, share := range shares {
		if x < share {
			if !fate(f).applies(q, login) {
				return fine
			}
			p.done[q.key()] = true
			return fate(f)
		}
		x -= share
	}
	return fine
}

// login is what a request comes with, or nothing when that counts no more: the
// registry itself then asks for another.
func (p *Proxy) login(r *http.Request) string {
	login := r.Header.Get("Authorization")
	p.mu.Lock()
	defer p.mu.Unlock()
	if login != "" {
		p.seen[login] = true
	}
	if p.void[login] {
		return ""
	}
	return login
}

func refuse(w http.ResponseWriter, r Rules, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	if r.RetryAfter > 0 && status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"errors":[{"code":"` + code + `","message":"by the test"}]}`)) // whoever asked may have gone
}

// pause waits, unless whoever asked is gone first.
func pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}
