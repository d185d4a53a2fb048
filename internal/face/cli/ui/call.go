package ui

import (
	"sync"
	"time"

	"falkirk/internal/usecase"
)

// Call is a request of the command line for a use case.
func (f *Face) Call() *usecase.Call { return f.CallWith(f.Heard) }

// CallWith is a call whose events go to tell, which hands on what it does not show
// itself to heard.
func (f *Face) CallWith(tell func(usecase.Event)) *usecase.Call {
	c := &usecase.Call{
		Actor: f.Actor, Tell: tell,
		File: f.openFile, Accounts: f.accounts, Open: f.OpenApp, OpenJobs: f.openJobs, Decisions: f.decisions,
	}
	if f.Via != nil {
		inner := *c
		c.Via = f.Via(&inner)
	}
	return c
}

// Held is a call whose events are shown later, below the result.
func (f *Face) Held() (c *usecase.Call, show func()) {
	var mu sync.Mutex
	var all []usecase.Event
	c = f.CallWith(func(ev usecase.Event) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, ev)
	})
	return c, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, ev := range all {
			f.Heard(ev)
		}
		all = nil
	}
}

// Heard shows what a use case tells beside its result.
func (f *Face) Heard(ev usecase.Event) {
	switch {
	case ev.Orphaned != nil:
		f.showOrphans(*ev.Orphaned)
	case ev.Warning != "":
		f.Warn("%s", ev.Warning)
	case ev.Waiting != "":
		Fprintf(f.Err, "%s %s; looking on for %s\n", f.Paint(Yellow, "waiting:"), ev.Waiting, Took(time.Duration(ev.Left)))
	case ev.Note != "" && !f.Quiet && !f.IsJSON():
		Fprintln(f.Err, ev.Note)
	}
}
