package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"falkirk/internal/network"
)

// A call is sent again, and the user is told so, until the limit of whoever asks
// and no longer.
func TestACallIsSentAgainUntilTheLimitOfItsContext(t *testing.T) {
	t.Parallel()
	for limit, want := range map[time.Duration]bool{time.Second: false, time.Minute: true} {
		p := &Pool{}
		p.reached.Store(true)
		c := &call{pool: p, began: time.Now(), wait: network.NewWait(t.Context())}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		if err := c.again(ctx, errors.New("500")); (err == nil) != want || err != nil && !IsLimited(err) {
			t.Errorf("limit %s: %v", limit, err)
		}
		cancel()
	}
}
