package site

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"falkirk/internal/aws/s3x"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// This file is about operations that did not end: killed, failed, or paused and
// displaced. A request of one that is paused can still arrive. Its copies name
// the ETag of their source, its deletes the ETag of what they delete. So who
// comes next gives those objects other ETags, and looks again after that.

// anyTag stands for an ETag that is not known yet.
const anyTag = ""

// isOther reports whether an operation is not the one that this is done for.
func (s spot) isOther(operation string) bool { return operation == "" || operation != s.operation.ID }

// left is the promotion of another operation that did not end.
func (v *view) left() *moving {
	if m := v.live.Moving; m != nil && v.isOther(m.Operation) {
		return m
	}
	return nil
}

// takeOver makes sure that no copy of a promotion that did not end takes effect
// any more: it writes the pointer, so that the former operation cannot settle,
// and writes the sources of its copies again, which changes their ETags. Then it
// looks again: what arrived before is seen, and nothing arrives later.
func (t *Target) takeOver(ctx context.Context, v *view) (*view, error) {
	m := v.left()
	if m == nil {
		return v, nil
	}
	sources := v.sources(m)
	mine := *m
	mine.Operation = v.operation.ID
	v.live.Moving = &mine
	v.live.Avoid = v.stillAvoided()
	for path, tag := range m.Remove {
		v.shun(v.set.folder()+path, tag)
	}
	v.live.Renewed = v.stillRenewed()
	for _, f := range sources {
		v.live.Renewed[f.Digest] = anyTag
	}
	var err error
	if v.liveTag, err = v.writePointer(ctx, &v.live, v.liveTag); err != nil {
		return nil, err
	}
	tags := make([]string, len(sources))
	err = v.s3.Each(ctx, len(sources), func(ctx context.Context, i int) (err error) {
		tags[i], err = v.renew(ctx, sources[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	again, err := t.look(ctx, v.spot)
	if err != nil {
		return nil, err
	}
	again.live.Renewed = again.stillRenewed()
	for i, f := range sources {
		again.live.Renewed[f.Digest] = tags[i]
	}
	again.index()
	return again, nil
}

// sources are the files whose copies beside the site a promotion copies to
// their paths, each content once.
func (v *view) sources(m *moving) []laid {
	var all []laid
	seen := map[string]bool{}
	for _, f := range v.records[m.To].Files {
		_, moves := m.Paths[f.Path]
		if _, there := v.staged[f.Digest]; moves && there && !seen[f.Digest] {
			seen[f.Digest] = true
			all = append(all, f)
		}
	}
	return all
}

// renew writes a copy beside the site again, so that it has another ETag.
func (v *view) renew(ctx context.Context, f laid) (string, error) {
	o := v.staged[f.Digest]
	item := v.item(f.File, o.Key)
	item.Size, item.Was, item.Not = o.Size, o.ETag, o.ETag
	return v.s3.Copy(ctx, v.at(o.Key), o.ETag, item)
}

// adopt notes in the pointer which deletes may still arrive of removals that
// did not end: their records do not last.
func (v *view) adopt(ctx context.Context) (err error) {
	v.live.Avoid = v.stillAvoided()
	changed := false
	for _, r := range v.records {
		if r.Removing == nil || !v.isOther(r.Removing.Operation) {
			continue
		}
		for key, tag := range r.Removing.Objects {
			if v.live.Avoid[key].ETag != tag {
				v.shun(key, tag)
				changed = true
			}
		}
	}
	if changed {
		v.liveTag, err = v.writePointer(ctx, &v.live, v.liveTag)
	}
	return err
}

// shun notes an ETag that an object must not get for a while.
func (v *view) shun(key, tag string) {
	v.live.Avoid[key] = avoid{tag, v.when.Add(late).UTC()}
}

// stillAvoided is what the pointer has of ETags to avoid, for as long as it
// matters.
func (v *view) stillAvoided() map[string]avoid {
	all := map[string]avoid{}
	for key, a := range v.live.Avoid {
		if v.when.Before(a.Until) {
			all[key] = a
		}
	}
	return all
}

// avoided are the ETags that objects must not get, by key.
func (v *view) avoided() map[string]string {
	all := map[string]string{}
	for key, a := range v.stillAvoided() {
		all[key] = a.ETag
	}
	for _, r := range v.records {
		if r.Removing != nil && v.isOther(r.Removing.Operation) {
			maps.Copy(all, r.Removing.Objects)
		}
	}
	if m := v.left(); m != nil {
		for path, tag := range m.Remove {
			all[v.set.folder()+path] = tag
		}
	}
	return all
}

// isUnsafe reports whether a late delete may name what the object is.
func (v *view) isUnsafe(o s3x.Object) bool { return o.ETag != "" && v.avoid[o.Key] == o.ETag }

// stillRenewed is what the pointer has of copies that were written again, where
// they are still so.
func (v *view) stillRenewed() map[string]string {
	all := map[string]string{}
	for digest, tag := range v.live.Renewed {
		if o, there := v.staged[digest]; there && (tag == anyTag || tag == o.ETag) {
			all[digest] = o.ETag
		}
	}
	return all
}

// whose says of a write that was refused who else writes here. Where the
// environment is no longer held, that is the reason.
func (s spot) whose(ctx context.Context, err error) error {
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	if lost := fence.Check(ctx); lost != nil {
		return fmt.Errorf("%w (%w)", lost, err)
	}
	p, _, readErr := s.pointer(ctx)
	if readErr == nil && p.By != nil && s.isOther(p.By.Operation) {
		err = fmt.Errorf("%w; the last operation that wrote to the site was %s", err, p.By)
	}
	if fault.HintOf(err) == "" {
		err = fault.Hint(err, "falkirk status %s, then repeat the command: it looks at the bucket again", s.Place.Environment)
	}
	return err
}

// String describes an operation as the ledger does.
func (a *author) String() string {
	what := string(a.Verb)
	if a.Version != "" {
		what += " " + a.Version
	}
	return fmt.Sprintf("%s by %s (operation %s)", what, strings.Join(strings.Fields(a.Actor), " "), a.Operation)
}
