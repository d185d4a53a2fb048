package site

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"falkirk/internal/delivery"
)

// facts is what Plan needs beyond the state's own fields.
type facts struct {
	Place  int64 `json:"place,omitempty"` // files to copy to their paths
	Stage  int64 `json:"stage,omitempty"` // files to copy beside the site
	Bytes  int64 `json:"bytes,omitempty"`
	Record bool  `json:"record,omitempty"` // the release's record is to be written

	Changed   int64 `json:"changed,omitempty"` // files under names that stay
	Entries   int64 `json:"entries,omitempty"`
	Surplus   int64 `json:"surplus,omitempty"` // entry points to be removed
	Foreign   int64 `json:"foreign,omitempty"` // objects of others that are overwritten
	MoveBytes int64 `json:"moveBytes,omitempty"`
	Moving    bool  `json:"moving,omitempty"` // a promotion has begun and not ended
	Stale     int64 `json:"stale,omitempty"`  // paths that CloudFront has to forget

	Only map[string]count `json:"only,omitempty"` // what goes with a version
}

type count struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func factsOf(s delivery.State) facts {
	var f facts
	if len(s.Facts) > 0 && json.Unmarshal(s.Facts, &f) != nil {
		return facts{} // not ours; each step looks again
	}
	return f
}

// Observe looks at one placement: one listing of its folder, and the state
// objects that have changed since the last look.
func (t *Target) Observe(ctx context.Context, p delivery.Placement) (delivery.State, error) {
	s, err := t.spot(ctx, p)
	if err != nil {
		return delivery.State{}, err
	}
	v, err := t.look(ctx, s)
	if err != nil {
		return delivery.State{}, s.explain("look at the site", err)
	}
	t.keep(v)
	return v.state()
}

// fresh is how long a step may go by the last look.
const fresh = time.Minute

func (t *Target) keep(v *view) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen[viewKey{v.Place, v.Component}] = v
}

// view is the last look, once, or a new one.
func (t *Target) view(ctx context.Context, s spot) (*view, error) {
	key := viewKey{s.Place, s.Component}
	t.mu.Lock()
	v, ok := t.seen[key]
	delete(t.seen, key)
	t.mu.Unlock()
	if !ok || t.opt.Now().Sub(v.when) > fresh || v.Version != s.Version || v.Artifact != s.Artifact || v.set != s.set {
		return t.look(ctx, s)
	}
	v.spot = s
	return v, nil
}

func (v *view) state() (delivery.State, error) {
	st := delivery.State{
		Live: v.live.Version, Digest: v.records[v.live.Version].Digest, Present: v.versions(), Drift: v.drift(),
		Endpoint: delivery.Endpoint{URL: v.set.URL},
	}
	for _, version := range st.Present {
		if v.isReady(v.records[version]) {
			st.Ready = append(st.Ready, version)
		}
	}
	var err error
	st.Facts, err = json.Marshal(v.facts(st))
	return st, err
}

func (v *view) facts(st delivery.State) facts {
	f := facts{Moving: v.live.Moving != nil, Stale: int64(len(v.live.Stale)), Only: map[string]count{}}
	if v.Version != "" {
		l := v.layout()
		f.Place, f.Stage = int64(len(l.place)), int64(len(l.stage)+len(l.save))
		for _, i := range slices.Concat(l.place, l.stage) {
			f.Bytes += l.files[i].Size
		}
		for _, s := range l.save {
			f.Bytes += s.size
		}
		f.Record = !slices.Contains(st.Ready, v.Version) || v.records[v.Version].Digest != v.Artifact.Digest
	}
	m := v.move(v.Version)
	f.Changed, f.Entries, f.Surplus = int64(len(m.changed)), int64(len(m.entries)), int64(len(m.remove))
	f.Foreign, f.MoveBytes = int64(m.foreign), m.bytes()
	for _, version := range st.Present {
		if version != v.live.Version {
			f.Only[version] = v.count(version)
		}
	}
	return f
}

func (v *view) count(version string) (c count) {
	paths, digests := v.only(version)
	c.Objects = int64(len(paths) + len(digests))
	for _, p := range paths {
		c.Bytes += v.objects[p].Size
	}
	for _, d := range digests {
		c.Bytes += v.staged[d].Size
	}
	return c
}

// named is how many paths a line of drift names.
const named = 5

// drift says what is not as it was left.
func (v *view) drift() []string {
	if v.missing {
		return []string{"the bucket " + v.set.Bucket + " is not there yet"}
	}
	var changed, missing, lacking []string
	for _, f := range v.records[v.live.Version].Files {
		_, there := v.objects[f.Path]
		c, known := v.holds(f.Path)
		switch {
		case v.isMoving(f.Path):
		case !there:
			missing = append(missing, f.Path)
		case !known || c != contentOf(f.File):
			changed = append(changed, f.Path)
		}
	}
	for _, version := range v.versions() {
		if r := v.records[version]; r.Ready && version != v.live.Version {
			for _, f := range v.lacking(r) {
				lacking = append(lacking, version+": "+f.Path)
			}
		}
	}
	var all []string
	say := func(what string, list []string) {
		if len(list) > 0 {
			all = append(all, what+": "+some(list))
		}
	}
	if v.live.Version != "" && v.records[v.live.Version].Version == "" {
		all = append(all, "what belongs to "+v.live.Version+" is not known any more: its record is gone")
	}
	if key := v.records[v.live.Version].Key; key != "" && key != v.set.noted() {
		all = append(all, fmt.Sprintf("the files of %s are encrypted with %s and not with %s; "+
			"that changes with the next release only, and for the files that differ in it", v.live.Version, key, v.set.noted()))
	}
	if m := v.live.Moving; m != nil {
		all = append(all, fmt.Sprintf("a promotion to %s has begun and not ended", orNothing(m.To)))
	} else {
		say("not part of what is live", v.surplus(v.records[v.live.Version]))
	}
	say("changed by other hands", changed)
	say("missing", missing)
	say("no longer whole beside what is live", lacking)
	return all
}

func some(list []string) string {
	text := ""
	for i, s := range list {
		if i == named {
			return text + fmt.Sprintf(" and %d more", len(list)-named)
		}
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%q", s)
	}
	return text
}

func orNothing(v string) string {
	if v == "" {
		return "nothing"
	}
	return v
}
