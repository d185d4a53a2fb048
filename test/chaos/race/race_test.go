// Package race has many processes promote different releases into one
// environment at the same time.
package race

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestOneAtATime(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	versions := []string{"1", "2", "3", "4"}
	r.Pack(t, versions...)
	for _, v := range versions {
		r.Must(t, "provision", v, "--to", "prd")
	}
	r.Must(t, "promote", "1", "--to", "prd", "--skip-order", "test")
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	won, lost := 0, 0
	for range rounds {
		w, l := round(t, r, versions)
		won, lost = won+w, lost+l
	}
	t.Logf("%d operations done, %d refused as locked", won, lost)
	if won == 0 || lost == 0 {
		t.Errorf("%d done, %d locked: nobody met", won, lost)
	}
	if done := chain(t, r); done < won {
		t.Errorf("%d commands were done, the ledger knows %d", won, done)
	}
}

// round starts two processes for each release and waits for them; then one
// whole release is live, the one that the ledger says.
func round(t *testing.T, r *harness.App, versions []string) (won, lost int) {
	t.Helper()
	var mu sync.Mutex
	var group sync.WaitGroup
	for _, v := range slices.Concat(versions, versions) {
		group.Go(func() {
			d := r.Run(t, "promote", v, "--to", "prd", "--skip-order", "race")
			mu.Lock()
			defer mu.Unlock()
			switch d.Code {
			case 0:
				if !strings.Contains(d.Out, "nothing to do") {
					won++
				}
			case 5:
				lost++
				for _, part := range []string{"is held by promote ", " by test (operation ", ") since ", "process "} {
					if !strings.Contains(d.Err, part) {
						t.Errorf("the loser is not told %q:\n%s", part, d.Err)
					}
				}
			default:
				t.Errorf("promote %s: exit code %d\n%s%s", v, d.Code, d.Out, d.Err)
			}
		})
	}
	group.Wait()
	rec := r.Record(t, "prd")
	if rec.Open != nil || rec.Way != nil {
		t.Fatalf("open %v, way %v", rec.Open, rec.Way)
	}
	r.Serves(t, "prd", rec.Live())
	return won, lost
}

// chain reads the whole log: numbers without gaps (Entries verifies them and
// the hashes), and no operation begins before the one before has ended.
func chain(t *testing.T, r *harness.App) (done int) {
	t.Helper()
	open := ""
	for e, err := range r.Ledger("prd").Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Event == delivery.Opened && open != "":
			t.Errorf("entry %d opens %s while %s is open", e.Number, e.Operation.ID, open)
		case e.Event == delivery.Opened:
			open = e.Operation.ID
		case open != e.Operation.ID:
			t.Errorf("entry %d is of %s while %s holds the environment", e.Number, e.Operation.ID, open)
		case e.Event == delivery.Closed:
			open = ""
			if e.Result == delivery.ResultDone {
				done++
			}
		}
	}
	return done
}
