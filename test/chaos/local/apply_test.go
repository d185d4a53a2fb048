package local

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/test/chaos"
	"falkirk/test/harness"
)

// hooks go around the promotion to prd. Each writes a line at its end, so that
// the file tells how often it came there.
const hooks = `    hooks:
      - {name: before, when: before promote, once: true, command: {shell: "sleep 0.02; echo $FALKIRK_VERSION before >> told"}}
      - {name: each, when: after promote, command: {shell: "sleep 0.02; echo $FALKIRK_VERSION after $FALKIRK_REGION >> told"}}
`

// TestAppliedThroughKills applies saved plans that are killed at random times,
// and repeats each until it says done: what a hook had done, and the ledger
// knows, is not done again.
func TestAppliedThroughKills(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	app := filepath.Join(r.Dir, "falkirk.yml")
	raw, err := os.ReadFile(app)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(app, append(raw, hooks...), 0o600); err != nil {
		t.Fatal(err)
	}
	dice := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	kills := 0
	for i := range chaos.Count(7, 14) {
		v := fmt.Sprint(i + 1)
		r.Pack(t, v)
		r.Must(t, "train", v, "--to", "dev")
		r.Must(t, "provision", v, "--to", "prd")
		r.Must(t, "plan", v, "--to", "prd", "--phase", "promote", "--save", "plan.json")
		for killAfter(t, r.Command(t.Context(), "apply", "plan.json"), 10*time.Millisecond+time.Duration(dice.Int64N(int64(110*time.Millisecond)))) {
			if kills++; kills%4 == 3 {
				break // and let one come to its end
			}
		}
		r.Must(t, "apply", "plan.json")
		r.Serves(t, "prd", v)
		if rec := r.Record(t, "prd"); rec.Live() != v || rec.Way != nil || rec.Open != nil || rec.Bound != nil || rec.Move != nil || len(rec.Tenures) != i+1 {
			t.Errorf("%s: live %q, way %v, open %v, bound %v, %v, %d tenures", v, rec.Live(), rec.Way, rec.Open, rec.Bound, rec.Move, len(rec.Tenures))
		}
		told(t, r, v)
	}
	t.Logf("%d kills", kills)
}

// told compares what the hooks wrote with what the ledger says that passed. A
// hook that was killed itself may have written and is run again; one that is in
// the ledger is there once.
func told(t *testing.T, r *harness.App, version string) {
	t.Helper()
	passed, begun := map[string]int{}, 0
	for e, err := range r.Ledger("prd").Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Operation.Version != version {
			continue
		}
		switch e.Event {
		case delivery.Hooked:
			passed[e.Gate+" "+e.Note]++
		case delivery.Opened:
			begun++
		}
	}
	for _, hook := range []string{"before prd", "each prd/eu", "each prd/us"} {
		if passed[hook] != 1 {
			t.Errorf("%s: hook %s passed %d times by the ledger", version, hook, passed[hook])
		}
	}
	raw, err := os.ReadFile(filepath.Join(r.Dir, "told"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{" before\n", " after eu\n", " after us\n"} {
		n := bytes.Count(append([]byte("\n"), raw...), []byte("\n"+version+line))
		if n < 1 || n > begun {
			t.Errorf("%s: hook%s came to its end %d times in %d runs", version, strings.TrimSpace(line), n, begun)
		}
	}
}
