// Package local kills the real command with SIGKILL, at every boundary that it
// reports and at random times, and looks whether repeating it finishes the job.
package local

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"falkirk/test/chaos"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// act is a command, and the releases that dev and prd are on once it is done.
type act struct {
	args     []string
	dev, prd string
}

// life goes up to release 2 and back to release 1 without a trace of 2.
func life() []act {
	return []act{
		{[]string{"provision", "2", "--to", "dev"}, "1", "1"},
		{[]string{"train", "2", "--to", "prd"}, "2", "2"},
		{[]string{"rollback", "prd", "--to", "1"}, "2", "1"},
		{[]string{"rollback", "dev", "--to", "1"}, "1", "1"},
		{[]string{"prune", "prd"}, "1", "1"},
		{[]string{"prune", "dev"}, "1", "1"},
	}
}

func started(t *testing.T) *harness.App {
	t.Helper()
	r := harness.New(t)
	r.Pack(t, "1", "2")
	r.Must(t, "train", "1", "--to", "prd")
	return r
}

// settled repeats a killed command, which must succeed at once, and looks at
// everything that the command should have brought about.
func settled(t *testing.T, r *harness.App, a act) {
	t.Helper()
	r.Must(t, a.args...)
	for env, want := range map[string]string{"dev": a.dev, "prd": a.prd} {
		if rec := r.Record(t, env); rec.Open != nil || rec.Way != nil || rec.Live() != want {
			t.Errorf("%s after %v: live %q, open %v, way %v; want %s", env, a.args, rec.Live(), rec.Open, rec.Way, want)
		}
	}
}

// whole looks at what serves, what runs and what lies around, at the end of a life.
func whole(t *testing.T, r *harness.App) {
	t.Helper()
	r.Serves(t, "dev", "1")
	r.Serves(t, "prd", "1")
	r.Tidy(t)
	// Each of the three places has its supervisor and one process of release 1.
	if left := r.Processes(); len(left) != 6 {
		t.Errorf("%d processes run, want 6: %s", len(left), strings.Join(left, "\n"))
	}
}

func TestKilledAtEveryBoundary(t *testing.T) {
	t.Parallel()
	r := started(t)
	kills := 0
	for k := 0; ; k += chaos.Count(3, 1) {
		alive := false
		for _, a := range life() {
			if killAfterLine(t, r, a, k) {
				alive = true
				kills++
			}
			settled(t, r, a)
		}
		whole(t, r)
		if t.Failed() {
			t.Fatalf("killed after line %d", k)
		}
		if !alive {
			break
		}
	}
	t.Logf("%d kills", kills)
	if kills < 20 {
		t.Errorf("only %d kills: the commands tell too little", kills)
	}
}

// killAfterLine runs a command until it has told k events, and kills it then;
// false when it ended before.
func killAfterLine(t *testing.T, r *harness.App, a act, k int) bool {
	t.Helper()
	cmd := r.Command(t.Context(), append(a.args, "--output", "json", "--follow")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for range k {
		if !lines.Scan() {
			break
		}
	}
	_ = cmd.Process.Kill() // it may have ended by itself
	_ = cmd.Wait()         // how it ended is asked next
	return !cmd.ProcessState.Exited()
}

func TestKilledAtRandomTimes(t *testing.T) {
	t.Parallel()
	r := started(t)
	dice := rand.New(rand.NewPCG(chaos.Seed(t), 1))
	kills := 0
	for want := chaos.Count(18, 240); kills < want; {
		for _, a := range life() {
			longest := 400 * time.Millisecond
			if a.args[0] == "train" {
				longest = time.Second
			}
			if killAfter(t, r.Command(t.Context(), a.args...), time.Duration(dice.Int64N(int64(longest)))) {
				kills++
			}
			settled(t, r, a)
		}
		whole(t, r)
		if t.Failed() {
			t.Fatalf("after %d kills", kills)
		}
	}
}

// killAfter kills a command after a time; false when it ended before.
func killAfter(t *testing.T, cmd *exec.Cmd, after time.Duration) bool {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // how it ended is asked next
	timer.Stop()
	return !cmd.ProcessState.Exited()
}

// TestAnotherCommandAfterAKill: whatever comes after a killed promotion finds
// its way to a whole state.
func TestAnotherCommandAfterAKill(t *testing.T) {
	t.Parallel()
	r := started(t)
	r.Pack(t, "3")
	for _, v := range []string{"2", "3"} {
		r.Must(t, "provision", v, "--to", "prd")
	}
	for k := 2; k <= 14; k += 3 {
		promote := act{args: []string{"promote", "2", "--to", "prd", "--skip-order", "test"}}
		killAfterLine(t, r, promote, k)
		next, want := []string{"rollback", "prd"}, "1"
		if k%2 == 1 {
			next, want = []string{"promote", "3", "--to", "prd", "--skip-order", "test"}, "3"
		}
		if rec := r.Record(t, "prd"); rec.Way == nil && want == "1" {
			next = append(next, "--to", "1") // it had not moved anything yet, or was done
		}
		r.Must(t, next...)
		r.Serves(t, "prd", want)
		r.Must(t, "provision", "1", "--to", "prd")
		r.Must(t, "promote", "1", "--to", "prd", "--skip-order", "test")
	}
}

func TestSupervisorKilledDuringPromotion(t *testing.T) {
	t.Parallel()
	r := started(t)
	for i := range chaos.Count(4, 16) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := r.Command(ctx, "train", "2", "--to", "prd")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(60*i+20)*time.Millisecond, func() { killSupervisors(r) })
		_ = cmd.Wait() // it may fail; the repetition may not
		timer.Stop()
		cancel()
		r.Must(t, "local", "up")
		a := life()[1]
		settled(t, r, a)
		r.Serves(t, "dev", "2")
		r.Serves(t, "prd", "2")
		for _, a := range life()[2:] {
			r.Must(t, a.args...)
		}
		whole(t, r)
	}
}

func killSupervisors(r *harness.App) {
	for _, p := range r.Processes() {
		pid, args, _ := strings.Cut(p, " ")
		if strings.Contains(args, "local-process serve") {
			if n, err := strconv.Atoi(pid); err == nil {
				if p, err := os.FindProcess(n); err == nil {
					_ = p.Kill() // it may have gone
				}
			}
		}
	}
}
