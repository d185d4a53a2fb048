package cli

import (
	"sync"
	"time"

	"falkirk/internal/usecase"
)

// call is a request of the command line for a use case.
func (f *face) call() *usecase.Call { return f.callWith(f.heard) }

// callWith is a call whose events go to tell, which hands on what it does not show
// itself to heard.
func (f *face) callWith(tell func(usecase.Event)) *usecase.Call {
	c := &usecase.Call{
		Actor: f.Actor, Tell: tell,
		File: f.openFile, Accounts: f.accounts, Open: f.open, OpenJobs: f.openJobs, Decisions: f.decisions,
	}
	if f.Via != nil {
		inner := *c
		c.Via = f.Via(&inner)
	}
	return c
}

// held is a call whose events are shown later, below the result.
func (f *face) held() (c *usecase.Call, show func()) {
	var mu sync.Mutex
	var all []usecase.Event
	c = f.callWith(func(ev usecase.Event) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, ev)
	})
	return c, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, ev := range all {
			f.heard(ev)
		}
		all = nil
	}
}

// heard shows what a use case tells beside its result.
func (f *face) heard(ev usecase.Event) {
	switch {
	case ev.Orphaned != nil:
		f.showOrphans(*ev.Orphaned)
	case ev.Warning != "":
		f.warn("%s", ev.Warning)
	case ev.Waiting != "":
		fprintf(f.Err, "%s %s; looking on for %s\n", f.paint(yellow, "waiting:"), ev.Waiting, took(time.Duration(ev.Left)))
	case ev.Note != "" && !f.quiet && !f.isJSON():
		fprintln(f.Err, ev.Note)
	}
}
