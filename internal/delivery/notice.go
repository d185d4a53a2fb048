package delivery

import (
	"encoding/json"
	"slices"
	"time"
)

// NoticeSetting says who is told of what.
type NoticeSetting struct {
	Name         string          `json:"name"`
	Kind         string          `json:"kind"`
	On           []Topic         `json:"on,omitempty"`           // empty: all
	Environments []string        `json:"environments,omitempty"` // empty: all
	Settings     json.RawMessage `json:"settings"`               // may hold secrets
	Unusable     Unusable        `json:"-"`                      // then there are no settings
}

// Topic is what a notice can be about.
type Topic string

// The topics.
const (
	TopicStarted    Topic = "started"
	TopicFinished   Topic = "finished"
	TopicFailed     Topic = "failed"
	TopicWaiting    Topic = "waiting"     // for a gate
	TopicRolledBack Topic = "rolled-back" // by somebody, or because it failed
)

// Topics lists all of them, in the order of a release's life.
func Topics() []Topic {
	return []Topic{TopicStarted, TopicFinished, TopicFailed, TopicWaiting, TopicRolledBack}
}

// Notice is one thing that happened, for people. It holds no secret.
type Notice struct {
	ID        string        `json:"id"` // the same whenever it is sent again
	Topics    []Topic       `json:"topics"`
	At        time.Time     `json:"at"` // UTC
	Operation Operation     `json:"operation"`
	Result    Result        `json:"result,omitempty"` // empty: it has begun
	Took      time.Duration `json:"took,omitempty"`   // nanoseconds
	Error     string        `json:"error,omitempty"`  // the first cause
	Undone    bool          `json:"undone,omitempty"` // what it had changed was taken back
	Standing  []Standing    `json:"standing,omitempty"`
	Next      string        `json:"next,omitempty"`   // the command that moves it on
	Anchor    *Anchor       `json:"anchor,omitempty"` // the last entry of the ledger, at the end
}

// Wants reports whether the notice is one that was asked for.
func (s NoticeSetting) Wants(n Notice) bool {
	if len(s.Environments) > 0 && !slices.Contains(s.Environments, n.Operation.Environment) {
		return false
	}
	return len(s.On) == 0 || slices.ContainsFunc(n.Topics, func(t Topic) bool { return slices.Contains(s.On, t) })
}
