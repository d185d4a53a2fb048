package ledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// namesHolder checks that a Locked error says who holds the environment.
func namesHolder(err error) error {
	for _, want := range []string{"promote v-", "by ann@", "(operation ", "since 20", "process ", "lease until 20", "demo/prd"} {
		if !strings.Contains(err.Error(), want) {
			return fmt.Errorf("the error does not say %q: %w", want, err)
		}
	}
	if fault.HintOf(err) == "" {
		return fmt.Errorf("the error says not what to do: %w", err)
	}
	return nil
}

func TestManyProcessesHoldOneAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	locked := make([]int, racers)
	for i := range racers {
		cmd := other(t, dir, "race", fmt.Sprintf("LEDGER_TEST_NAME=r%d", i))
		wg.Go(func() {
			out, err := cmd.Output()
			if _, scanErr := fmt.Sscanf(string(out), "%d\n", &locked[i]); err != nil || scanErr != nil {
				t.Errorf("racer %d: %s %v", i, out, err)
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range locked {
		sum += n
	}
	if sum == 0 {
		t.Error("nobody ever found it locked: that was no race")
	}
	t.Logf("%d times locked", sum)
	wantOneAtATime(t, dir)
	if files, err := os.ReadDir(filepath.Join(dir, "ledger-lease", "demo", "prd")); err != nil || len(files) != 0 {
		t.Errorf("leases are left: %v %v", files, err)
	}
}

// wantOneAtATime reads the log: every operation from opened to closed without
// another in between, and all of them there.
func wantOneAtATime(t *testing.T, dir string) {
	t.Helper()
	count, open, did := map[string]int{}, "", 0
	for e, err := range in(dir).Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		switch e.Event {
		case delivery.Opened:
			if open != "" {
				t.Errorf("entry %d opens %s while %s is open", e.Number, e.Operation.ID, open)
			}
			open, did = e.Operation.ID, 0
		case delivery.Did:
			did++
		case delivery.Closed:
			count[e.Operation.ID]++
			if did != notes {
				t.Errorf("%s has %d entries", e.Operation.ID, did)
			}
			open = ""
		default:
			t.Errorf("entry %d is %s", e.Number, e.Event)
		}
		if e.Event != delivery.Closed && e.Operation.ID != open {
			t.Errorf("entry %d is of %s while %s is open", e.Number, e.Operation.ID, open)
		}
	}
	if len(count) != racers*rounds {
		t.Errorf("%d operations are in the log of %d", len(count), racers*rounds)
	}
	for id, n := range count {
		if n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
}
