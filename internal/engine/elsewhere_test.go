package engine

import (
	"context"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// foreign is a target where each version is live with the content of another store.
type foreign struct{ *world }

func (f foreign) Observe(ctx context.Context, p delivery.Placement) (delivery.State, error) {
	now, err := f.world.Observe(ctx, p)
	if now.Live != "" {
		now.Digest = "other"
	}
	return now, err
}

// A version that another store has put in a place with other content cannot be
// provisioned, so neither status nor a refusal says to do that.
func TestWhatIsElsewhereIsNotAdvised(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.broken = map[string]error{"dev/here web lay": fault.New(fault.Conflict, "1 is there with other content")}
	e := w.engine()
	e.Targets["world"] = foreign{w}
	if _, err := e.Run(t.Context(), Request{Verb: delivery.VerbProvision, Version: "1", Environment: "dev", Actor: "ann"}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("provisioned: %v", err)
	}
	for _, s := range w.spots {
		s.live = "1"
	}
	all, err := e.Status(t.Context(), "dev")
	if err != nil || len(all) != 1 || all[0].Condition != Partial || strings.Contains(all[0].Next, "provision") || !strings.Contains(all[0].Next, "pack --version ANOTHER") ||
		!strings.Contains(all[0].Partial, "other content than 1 of this store") {
		t.Errorf("%v: %+v", err, all)
	}
	_, err = e.Run(t.Context(), Request{Verb: delivery.VerbPromote, Version: "1", Environment: "dev", Actor: "ann"})
	if err == nil || strings.Contains(fault.HintOf(err), "provision") {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
}
