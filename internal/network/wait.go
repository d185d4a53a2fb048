package network

import (
	"context"
	"sync"
	"time"
)

// Quiet is how long a request may fail, or get no connection, before the user is
// told. A message must come within five seconds.
const Quiet = 3 * time.Second

// again is how long the same line is not told another time.
const again = 30 * time.Second

type tellerKey struct{}

// teller tells a line; the same one only after a pause, as many requests that run
// side by side fail in the same way.
type teller struct {
	tell func(line string)

	mu   sync.Mutex
	told map[string]time.Time
}

// WithTeller gives a context whose requests tell the user what they wait for.
func WithTeller(ctx context.Context, tell func(line string)) context.Context {
	return context.WithValue(ctx, tellerKey{}, &teller{tell: tell, told: map[string]time.Time{}})
}

// Wait is one request that may be sent several times.
type Wait struct {
	teller *teller

	mu      sync.Mutex
	timer   *time.Timer
	cause   string    // "" where nothing is wrong
	since   time.Time // that
	verb    string    // what the program does about it
	failed  bool      // an attempt failed; a connection alone does not mean that all is well
	until   time.Time // when it is given up
	stopped bool
}

// NewWait begins to look at a request.
func NewWait(ctx context.Context) *Wait {
	t, _ := ctx.Value(tellerKey{}).(*teller)
	return &Wait{teller: t}
}

// What a line says that the program does.
const (
	tries      = "it is tried"
	triesAgain = "it is tried again"
	waits      = "falkirk waits"
)

// Connecting notes that the request needs a connection; cause says to which host.
func (w *Wait) Connecting(cause string, until time.Time) { w.note(tries, cause, until) }

// Waiting notes that the request waits for the server.
func (w *Wait) Waiting(cause string, until time.Time) { w.note(waits, cause, until) }

// Connected notes that it has what it waited for.
func (w *Wait) Connected() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.failed {
		w.cause = ""
	}
}

// Failed notes that an attempt failed and that the next ones follow until then.
func (w *Wait) Failed(cause string, until time.Time) { w.note(triesAgain, cause, until) }

func (w *Wait) note(verb, cause string, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	failed := verb == triesAgain
	if w.teller == nil || w.stopped || w.failed && !failed {
		return
	}
	if !w.failed { // of several failures, the first counts
		w.since = time.Now()
	}
	w.failed, w.verb, w.cause, w.until = failed, verb, cause, until
	if w.timer == nil {
		w.timer = time.AfterFunc(Quiet, w.tell)
	}
}

// tell says what is wrong, and says it again while it goes on.
func (w *Wait) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch early := Quiet - time.Since(w.since); {
	case w.stopped:
	case w.cause == "":
		w.timer = nil
	case early > 0: // it began later than the timer
		w.timer.Reset(early)
	default:
		w.teller.say(w.cause, w.verb, w.until)
		w.timer.Reset(again)
	}
}

// Stop ends it.
func (w *Wait) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (t *teller) say(cause, verb string, until time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if last, ok := t.told[cause]; ok && now.Sub(last) < again {
		return
	}
	t.told[cause] = now
	t.tell(cause + "; " + verb + " until " + until.Format(time.TimeOnly) + ", Ctrl-C stops the command")
}
