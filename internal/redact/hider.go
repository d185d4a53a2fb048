// Package redact hides the values of ${env:…} in texts and in what is written to a
// ledger. Names are no secrets.
package redact

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"falkirk/internal/delivery"
	"falkirk/internal/network"
	"falkirk/internal/release"
)

// mark stands for a value that is not shown.
const mark = "***"

// Hider hides the values that came from ${env:…} in texts. A value that is the name
// of something (a release, an app, an environment, a component, a region, an
// account, an actor) is no secret, and a name that contains such a value stays whole.
type Hider struct {
	secrets  []string
	releases func() []string // versions of the releases in the store; nil: there are none

	asked sync.Once
	mu    sync.Mutex
	names map[string]bool
	now   *redaction // nil: the names have changed since it was made
}

// New hides secrets, and leaves the names of an app and others whole.
func New(secrets []string, app delivery.App, names ...string) *Hider {
	h := &Hider{secrets: secrets, names: map[string]bool{}}
	h.Show(namesOf(app)...)
	h.Show(names...)
	return h
}

// LookUpReleases lets the versions of the app's releases be names. They are asked for
// only when a text has something to hide that can be a part of one.
func (h *Hider) LookUpReleases(ctx context.Context, app string, store *release.Store) {
	ctx = network.WithTeller(context.WithoutCancel(ctx), func(string) {}) // what it tells would be hidden again
	h.releases = func() []string {
		ctx, cancel := context.WithTimeout(ctx, longestLookup)
		defer cancel()
		all, err := store.Versions(ctx, app)
		if err != nil {
			return nil // then they are hidden
		}
		return all
	}
}

// longestLookup bounds how long a text waits for the versions of releases.
const longestLookup = 5 * time.Second

// namesOf are the names in an app file that are shown everywhere.
func namesOf(a delivery.App) []string {
	all := []string{a.Name}
	for _, x := range a.Accounts {
		all = append(all, x.Name, x.ID)
	}
	for _, c := range a.Components {
		all = append(all, c.Name)
	}
	for _, e := range a.Environments {
		all = append(all, e.Name)
		for _, p := range e.Places {
			all = append(all, p.Region, p.Account)
		}
	}
	return all
}

// Show notes names that are not hidden from now on.
func (h *Hider) Show(names ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range names {
		if n != "" && !h.names[n] {
			h.names[n], h.now = true, nil
		}
	}
}

// showRecord notes the names in the ledger of an environment.
func (h *Hider) showRecord(r delivery.Record) {
	for _, t := range r.Tenures {
		h.Show(t.Version, t.By)
	}
	for _, op := range slices.Concat(r.Recent, r.Bans) {
		h.showOperation(op)
	}
	for _, op := range []*delivery.Operation{r.Hold, r.Stop} {
		if op != nil {
			h.showOperation(*op)
		}
	}
	for _, s := range r.Standing {
		h.Show(s.Component, s.Live, s.Place.Environment, s.Place.Region, s.Place.Account)
	}
	for _, s := range r.Approvals {
		h.Show(s.By, s.Actor)
	}
}

// showEntry notes the names in one entry of a ledger.
func (h *Hider) showEntry(e delivery.Entry) {
	h.showOperation(e.Operation)
	if e.Approval != nil {
		h.Show(e.Approval.By)
	}
}

// showRelease notes the names in the manifest of a release.
func (h *Hider) showRelease(r delivery.Release) {
	h.Show(r.Version, r.PackedBy, r.Source.Commit)
}

func (h *Hider) showOperation(op delivery.Operation) {
	h.Show(op.App, op.Environment, op.Actor)
	if delivery.CheckVersion(op.Version) == nil {
		h.Show(op.Version)
	}
}

// Redact is a text without secrets.
func (h *Hider) Redact(text string) string {
	out := h.current().hide(text)
	if out == text || h.releases == nil {
		return out
	}
	h.asked.Do(func() {
		if slices.ContainsFunc(h.secrets, func(s string) bool { return delivery.CheckVersion("v"+s) == nil }) {
			h.Show(h.releases()...)
		}
	})
	return h.current().hide(text)
}

func (h *Hider) current() *redaction {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now == nil {
		h.now = newRedaction(h.secrets, h.names)
	}
	return h.now
}

// redaction hides secrets, given the names that are known.
type redaction struct {
	forms   []string // of the secrets, the longest first
	replace *strings.Replacer
	whole   []string // names that contain a form
}

func newRedaction(secrets []string, names map[string]bool) *redaction {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return names[s] })
	r := &redaction{forms: allForms(secrets)}
	var pairs []string
	for _, form := range r.forms {
		pairs = append(pairs, form, mark)
	}
	r.replace = strings.NewReplacer(pairs...)
	for n := range names {
		if r.replace.Replace(n) != n {
			r.whole = append(r.whole, n)
		}
	}
	return r
}

func (r *redaction) hide(text string) string {
	if len(r.whole) == 0 || !slices.ContainsFunc(r.whole, func(n string) bool { return strings.Contains(text, n) }) {
		return unsigned(withoutBeginnings(r.replace.Replace(text), r.forms))
	}
	return unsigned(withoutBeginnings(r.around(text), r.forms))
}

// span is a part of a text.
type span struct{ from, to int }

// around hides each secret that is not a part of a name.
func (r *redaction) around(text string) string {
	var names, hidden []span
	for _, n := range r.whole {
		for _, s := range occurrences(text, n) {
			if !isWord(utf8.DecodeLastRuneInString(text[:s.from])) && !isWord(utf8.DecodeRuneInString(text[s.to:])) {
				names = append(names, s)
			}
		}
	}
	for _, form := range r.forms {
		for _, s := range occurrences(text, form) {
			if !slices.ContainsFunc(names, func(n span) bool { return n.from <= s.from && s.to <= n.to }) {
				hidden = append(hidden, s)
			}
		}
	}
	slices.SortFunc(hidden, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for i, s := range hidden {
		if i == 0 || s.from >= at {
			b.WriteString(text[at:s.from] + mark)
		}
		at = max(at, s.to)
	}
	return b.String() + text[at:]
}

// occurrences are all places of a part in a text, also those that overlap.
func occurrences(text, part string) []span {
	var all []span
	for at := 0; ; {
		i := strings.Index(text[at:], part)
		if i < 0 {
			return all
		}
		all = append(all, span{at + i, at + i + len(part)})
		at += i + 1
	}
}

func isWord(r rune, size int) bool {
	return size > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
