package imagesync

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"falkirk/internal/fault"
)

// State is what became of a tag, or is to become of it.
type State string

// What is new or has moved is copied; what is gone at the source is removed
// where the job says so.
const (
	Same    State = "same"
	Absent  State = "new"
	Moved   State = "moved"
	Gone    State = "gone"    // to be removed
	Removed State = "removed" // it was
	Kept    State = "kept"    // it should have been removed, and the registry cannot
	Refused State = "refused" // by the policy of signatures, or by a registry
	Failed  State = "failed"
)

// Item is one tag of one repository.
type Item struct {
	Repository string    `json:"repository"` // at the destination
	Tag        string    `json:"tag"`
	State      State     `json:"state"`
	Digest     string    `json:"digest,omitempty"` // at the source
	Was        string    `json:"was,omitempty"`    // at the destination, before
	Bytes      int64     `json:"bytes,omitempty"`  // moved, or to be moved
	Blobs      int       `json:"blobs,omitempty"`
	Mounted    int       `json:"mounted,omitempty"`
	Referrers  int       `json:"referrers,omitempty"`
	Pushed     time.Time `json:"pushed,omitzero"` // when the image came to the source, where that is told
	Lag        string    `json:"lag,omitempty"`   // how long it has been there, and not here
	Key        string    `json:"key,omitempty"`   // fingerprint of the one that has signed, where that is asked for
	Reason     string    `json:"reason,omitempty"`

	err error
}

// Result is what a run came to.
type Result struct {
	Name        string        `json:"name"`
	Source      string        `json:"source"`
	Destination string        `json:"destination"`
	DryRun      bool          `json:"dryRun,omitempty"`
	By          string        `json:"by,omitempty"` // who has run it
	Error       string        `json:"error,omitempty"`
	Began       time.Time     `json:"began"`
	Seconds     float64       `json:"seconds"`
	Tags        int           `json:"tags"` // chosen
	Counts      map[State]int `json:"counts"`
	Items       []Item        `json:"items"`                // all but those that are the same
	Made        []string      `json:"made,omitempty"`       // repositories
	Uploaded    int           `json:"uploaded"`             // blobs
	Mounted     int           `json:"mounted"`              // blobs
	Manifests   int           `json:"manifests"`            // written
	Bytes       int64         `json:"bytes"`                // of the blobs uploaded, or to be moved
	Unfinished  int           `json:"unfinished,omitempty"` // tags that were not come to before the interrupt
	Unmatched   []string      `json:"unmatched,omitempty"`  // patterns and ranges that match nothing at the source

	mu      sync.Mutex
	stopped error // why nothing more was written
}

func (r *Result) add(i Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Tags++
	r.Counts[i.State]++
	if i.State != Same {
		r.Items = append(r.Items, i)
	}
	r.Bytes += i.Bytes
	r.Uploaded += i.Blobs
	r.Mounted += i.Mounted
}

func (r *Result) sort() {
	slices.SortFunc(r.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.Tag, b.Tag))
	})
}

// err is what went wrong in all, if anything did: the kind is that of the first.
func (r *Result) err() error {
	var first error
	n := 0
	for _, i := range r.Items {
		if i.err != nil {
			n++
			if first == nil {
				first = i.err
			}
		}
	}
	switch {
	case r.Unfinished > 0:
		err := fault.New(fault.Interrupted, "%s: interrupted before %d of %s", r.Name, r.Unfinished, fault.Count(r.Tags+r.Unfinished, "tag", "tags"))
		return fault.Hint(err, "run it again: what has arrived is not sent again")
	case n == 1:
		return r.begun(first)
	case n > 1:
		return fault.New(fault.KindOf(r.begun(first)), "%s: %d of %d tags were not synced, the first: %w", r.Name, n, r.Tags, first)
	}
	return nil
}

// begun is err, with the kind of work that had begun where anything was written.
func (r *Result) begun(err error) error {
	if r.Manifests+r.Uploaded+r.Mounted+len(r.Made)+r.Counts[Removed] > 0 && !r.DryRun {
		return fault.Begun(err)
	}
	return err
}

// Event is something that a run tells of while it goes on.
type Event struct {
	Item   *Item `json:"item,omitempty"` // what became of a tag
	Done   int   `json:"done"`           // tags
	Total  int   `json:"total"`
	Passed int64 `json:"passed"` // bytes
	Bytes  int64 `json:"bytes"`  // that are known to be on their way or done
}

// reporter counts, and tells one event at a time.
type reporter struct {
	to func(Event)

	mu  sync.Mutex
	now Event
}

func (r *reporter) tell(change func(*Event), item *Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.now)
	if r.to != nil {
		ev := r.now
		ev.Item = item
		r.to(ev)
	}
}

func (r *Result) wrote(manifests int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Manifests += manifests
}

// left counts a tag that was not come to its end, with what came of it.
func (r *Result) left(i Item) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Unfinished++
	r.Bytes += i.Bytes
	r.Uploaded += i.Blobs
	r.Mounted += i.Mounted
}
