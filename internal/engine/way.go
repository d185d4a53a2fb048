package engine

import (
	"slices"

	"falkirk/internal/delivery"
)

// way is the way back: what was live before anything was written.
type way []delivery.Standing

// wayBack is what is live now, but for placements that an earlier run left
// unsettled: those keep the way back that it had recorded.
func wayBack(rec delivery.Record, now sight) way {
	back := way(now.standing())
	for i, s := range back {
		for _, old := range rec.Way {
			if old.Place == s.Place && old.Component == s.Component {
				back[i].Live = old.Live
			}
		}
		back[i].Ready = nil
	}
	return back
}

func (w way) live(p delivery.Place, component string) string {
	i := slices.IndexFunc(w, func(s delivery.Standing) bool {
		return s.Place == p && s.Component == component
	})
	if i < 0 {
		return ""
	}
	return w[i].Live
}
