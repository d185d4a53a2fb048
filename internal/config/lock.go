package config

import (
	"fmt"
	"time"

	"falkirk/internal/delivery"
)

// lock checks the times of the lock. A lease must outlive the pauses between
// two renewals, and a request must be able to come to its end.
func (b *builder) lock(n *node, l lock) delivery.Lease {
	check := func(key string, d delivery.Duration, least, most time.Duration) {
		if v := n.get(key); v != nil && (d.Std() < least || d.Std() > most) {
			b.rep.add(v.pos, Problem{
				Text: fmt.Sprintf("lock.%s is %s", key, d), Got: v.got(),
				Want: fmt.Sprintf("from %s to %s", delivery.Duration(least), delivery.Duration(most)),
			})
		}
	}
	if n != nil {
		check("lease", l.Lease, time.Second, 10*time.Minute)
		check("request", l.Request, 100*time.Millisecond, 10*time.Minute)
	}
	return delivery.Lease(l)
}
