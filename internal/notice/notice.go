// Package notice tells people what happens, without holding it up: notices are
// queued, sent one after the other by each channel, and what cannot be sent is
// said at the end and fails nothing. It knows no kind of channel.
package notice

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Sender sends to one kind of channel. Its errors hold no address and no
// secret.
type Sender interface {
	Send(ctx context.Context, settings json.RawMessage, n delivery.Notice) error
}

// Board hands notices to those who asked for them.
type Board struct {
	channels []*channel
	all      sync.WaitGroup
	stop     context.CancelFunc
}

// channel is one entry of the app file and what waits for it.
type channel struct {
	delivery.NoticeSetting
	sender Sender

	mu     sync.Mutex
	wake   *sync.Cond
	queue  []delivery.Notice
	closed bool
	failed []string
}

// New makes a board; senders are by kind. An interrupt does not end it, for
// that is worth a notice; Close must be called.
func New(ctx context.Context, settings []delivery.NoticeSetting, senders map[string]Sender) *Board {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	b := &Board{stop: stop}
	for _, s := range settings {
		c := &channel{NoticeSetting: s, sender: senders[s.Kind]}
		c.wake = sync.NewCond(&c.mu)
		b.channels = append(b.channels, c)
		b.all.Go(func() { c.work(ctx) })
	}
	return b
}

// Tell hands a notice over. It does not wait for anybody.
func (b *Board) Tell(n delivery.Notice) {
	for _, c := range b.channels {
		if c.Wants(n) {
			c.put(n)
		}
	}
}

func (c *channel) put(n delivery.Notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, n)
	c.wake.Signal()
}

// Close waits until everything is sent, but no longer than the limit, and says
// what could not be.
func (b *Board) Close(limit time.Duration) []string {
	for _, c := range b.channels {
		c.mu.Lock()
		c.closed = true
		c.wake.Signal()
		c.mu.Unlock()
	}
	end := time.AfterFunc(limit, b.stop)
	b.all.Wait()
	end.Stop()
	b.stop()
	var failed []string
	for _, c := range b.channels {
		failed = append(failed, c.failed...)
	}
	return failed
}

// work sends until the board is closed and the queue is empty.
func (c *channel) work(ctx context.Context) {
	for {
		c.mu.Lock()
		for len(c.queue) == 0 && !c.closed {
			c.wake.Wait()
		}
		if len(c.queue) == 0 {
			c.mu.Unlock()
			return
		}
		n := c.queue[0]
		c.queue = c.queue[1:]
		c.mu.Unlock()
		if err := c.send(ctx, n); err != nil {
			line := fmt.Sprintf("notice %s could not be sent (%s of %s in %s): %s", c.Name, n.Topics[0], n.Operation.Verb, n.Operation.Environment, err)
			if hint := fault.HintOf(err); hint != "" {
				line += "; next: " + hint
			}
			c.failed = append(c.failed, line)
		}
	}
}

func (c *channel) send(ctx context.Context, n delivery.Notice) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fault.New(fault.Internal, "panic in the channel %s: %v", c.Kind, x)
		}
	}()
	if err := c.Unusable.Err("it has no settings"); err != nil {
		return err
	}
	if c.sender == nil {
		return fault.New(fault.Internal, "there is no channel of the kind %s", c.Kind)
	}
	return c.sender.Send(ctx, c.Settings, n)
}

// Try sends one notice at once and says whether it arrived.
func Try(ctx context.Context, s delivery.NoticeSetting, sender Sender, n delivery.Notice) error {
	if err := s.Unusable.Err("notice " + s.Name); err != nil {
		return err
	}
	if err := sender.Send(ctx, s.Settings, n); err != nil {
		return fmt.Errorf("notice %s: %w", s.Name, err)
	}
	return nil
}
