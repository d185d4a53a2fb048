package app

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/notice"
	"falkirk/internal/notice/slack"
	"falkirk/internal/notice/teams"
	"falkirk/internal/notice/webhook"
	"falkirk/internal/redact"
)

// channel is a kind of channel: its block, and what sends to it.
type channel struct {
	config.Kind
	sender notice.Sender
}

func channels() []channel {
	return []channel{
		{
			config.Kind{Name: "webhook", Doc: "CloudEvents over HTTP, signed after Standard Webhooks.", New: func() any { return &webhook.Settings{} }},
			webhook.Sender{Now: time.Now},
		},
		{
			config.Kind{Name: "slack", Doc: "Messages for an incoming webhook of Slack.", New: func() any { return &notice.Address{} }},
			slack.Sender{},
		},
		{
			config.Kind{Name: "teams", Doc: "Cards for a workflow's webhook of Microsoft Teams.", New: func() any { return &notice.Address{} }},
			teams.Sender{},
		},
	}
}

func senders() map[string]notice.Sender {
	all := map[string]notice.Sender{}
	for _, c := range channels() {
		all[c.Name] = c.sender
	}
	return all
}

// flushLimit is how long the end of a command waits for notices to be sent.
const flushLimit = 10 * time.Second

// crier turns what happens in runs into notices.
type crier struct {
	board  *notice.Board
	redact func(string) string

	mu  sync.Mutex
	ops map[string]*heard // by ID, while they run
}

// heard is what was heard of an operation so far.
type heard struct {
	began  time.Time
	undone bool
	next   string
	anchor *delivery.Anchor // once the operation has ended
}

func newCrier(ctx context.Context, settings []delivery.NoticeSetting, redact func(string) string) *crier {
	return &crier{board: notice.New(ctx, settings, senders()), redact: redact, ops: map[string]*heard{}}
}

// hear takes an event; it never waits.
func (c *crier) hear(ev engine.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := ev.Operation.ID
	op := c.ops[id]
	switch {
	case ev.Kind == engine.Began:
		c.ops[id] = &heard{began: ev.At}
		c.tell(ev, nil, delivery.TopicStarted)
	case op == nil: // it never began, so it had nothing to do or was refused
	case ev.Kind == engine.Undone:
		op.undone = !slices.ContainsFunc(ev.Undo, func(u delivery.Undo) bool { return !u.Back })
	case ev.Kind == engine.Answered:
		op.next = cmp.Or(ev.Verdict.Next, op.next)
	case ev.Kind == engine.Ended:
		delete(c.ops, id)
		c.tell(ev, op, topics(ev, op)...)
	}
}

// anchored hears the last entry of the ledger before the operation's end is told.
func (c *crier) anchored(operation string, a delivery.Anchor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if op := c.ops[operation]; op != nil {
		op.anchor = &a
	}
}

func topics(ev engine.Event, op *heard) []delivery.Topic {
	switch {
	case ev.Result == delivery.ResultWaiting:
		return []delivery.Topic{delivery.TopicWaiting}
	case ev.Result == delivery.ResultDone && ev.Operation.Verb == delivery.VerbRollback:
		return []delivery.Topic{delivery.TopicRolledBack, delivery.TopicFinished}
	case ev.Result == delivery.ResultDone:
		return []delivery.Topic{delivery.TopicFinished}
	case op.undone:
		return []delivery.Topic{delivery.TopicFailed, delivery.TopicRolledBack}
	}
	return []delivery.Topic{delivery.TopicFailed}
}

func (c *crier) tell(ev engine.Event, op *heard, topics ...delivery.Topic) {
	n := delivery.Notice{
		ID: ev.Operation.ID + "-" + string(topics[0]), Topics: topics, At: ev.At, Operation: ev.Operation,
		Result: ev.Result, Error: c.redact(ev.Error), Standing: ev.Standing,
	}
	n.Operation = redact.Operation(n.Operation, c.redact)
	if op != nil {
		n.Anchor = op.anchor
		n.Took, n.Undone, n.Next = ev.At.Sub(op.began), op.undone, nextOf(ev, op)
	}
	c.board.Tell(n)
}

// nextOf is what moves it on: what a gate said, or where to look.
func nextOf(ev engine.Event, op *heard) string {
	switch ev.Result {
	case delivery.ResultDone:
		return ""
	case delivery.ResultWaiting:
		return cmp.Or(op.next, "falkirk status "+ev.Operation.Environment)
	}
	return "falkirk history " + ev.Operation.Environment + " --steps --limit 1"
}

// close says what could not be sent.
func (c *crier) close() []string { return c.board.Close(flushLimit) }

// sample is a notice to try a channel with.
func sample(app, actor string) delivery.Notice {
	now := time.Now().UTC()
	return delivery.Notice{
		ID: "test-" + newID(), Topics: []delivery.Topic{delivery.TopicFinished}, At: now, Result: delivery.ResultDone, Took: 1500 * time.Millisecond,
		Operation: delivery.Operation{ID: "test", Verb: delivery.VerbPromote, App: app, Environment: "nowhere", Version: "0.0.0", Actor: actor, Reason: "this is a test", At: now},
	}
}
