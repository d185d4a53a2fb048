package engine

import (
	"context"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
)

// elsewhere corrects the next step of a partial environment where it would be refused:
// the version that it names is live in a place with other content, because it was
// packed with another store.
func (e *Engine) elsewhere(ctx context.Context, st *Status, rec delivery.Record) {
	if st.Condition != Partial || rec.Bound == nil {
		return
	}
	version := rec.Bound.Version
	i := slices.IndexFunc(st.Components, func(c ComponentStatus) bool { return c.Live == version && c.Digest != "" })
	if version == "" || i < 0 {
		return
	}
	rel, err := e.Releases.Get(ctx, e.App.Name, version)
	if err != nil {
		return // what it holds is not known
	}
	for _, c := range st.Components[i:] {
		a, ok := rel.Artifact(c.Component)
		if !ok || c.Live != version || c.Digest == "" || c.Digest == a.Digest {
			continue
		}
		st.Partial += fmt.Sprintf(", with other content than %s of this store (%s, not %s)", version, c.Digest, a.Digest)
		st.Next = "falkirk pack --version ANOTHER, then falkirk train ANOTHER --to " + st.Environment
		return
	}
}
