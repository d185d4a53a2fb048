// Package demo runs `falkirk demo` as a newcomer does.
package demo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

type report struct {
	Exit   struct{ Code int }
	Result struct {
		Folder       string
		Running      bool
		Environments []struct{ Environment, Live string }
		Requests     struct{ Served, Failed int64 }
	}
}

func TestDemoServesEveryRequest(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	d := r.Must(t, "demo", "--output", "json")
	var got report
	if err := json.Unmarshal([]byte(d.Out), &got); err != nil {
		t.Fatalf("%v\n%s", err, d.Out)
	}
	if got.Result.Requests.Failed != 0 || got.Result.Requests.Served < 100 {
		t.Errorf("requests %+v", got.Result.Requests)
	}
	live := map[string]string{}
	for _, e := range got.Result.Environments {
		live[e.Environment] = e.Live
	}
	if live["dev"] != "1.2.0" || live["sat"] != "1.2.0" || live["prd"] != "1.1.0" {
		t.Errorf("live %v", live)
	}
	gone(t, got.Result.Folder)
}

// gone waits until neither the folder nor a process of it is there.
func gone(t *testing.T, folder string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		_, err := os.Stat(folder)
		left := (&harness.App{Dir: folder}).Processes()
		if os.IsNotExist(err) && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("folder %s: %v; processes %v", folder, err, left)
		}
		time.Sleep(20 * time.Millisecond) // wait for the fact; the deadline fails the test
	}
}

func TestInterruptedDemoLeavesNothing(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	for _, line := range []string{"# Pack once", "# From here on", "switch from 1.0.0 to 1.1.0", "# A rollback"} {
		cmd := r.Command(t.Context(), "demo")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stderr = cmd.Stdout
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		folder, sent := "", false
		for s := bufio.NewScanner(out); s.Scan(); {
			if _, name, ok := strings.Cut(s.Text(), "HTTP service, in "); ok {
				folder = name
			}
			if strings.Contains(s.Text(), `\n`) {
				t.Errorf("the story has an escaped line end: %s", s.Text())
			}
			if !sent && strings.Contains(s.Text(), line) {
				sent = true
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Error(err)
				}
			}
		}
		_ = cmd.Wait() // the exit code is looked at below
		if code := cmd.ProcessState.ExitCode(); code != 130 || !sent {
			t.Errorf("interrupted at %q: exit code %d, sent %v", line, code, sent)
		}
		gone(t, folder)
	}
}

// The reader leaves, as head does: of the result, or of everything that is printed.
func TestDemoThatNobodyReadsLeavesNothing(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	for _, all := range []bool{false, true} {
		cmd := r.Command(t.Context(), "demo")
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = write, &errs
		if all {
			cmd.Stderr = write
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		_ = write.Close() // the child has its own
		folder := readUntil(bufio.NewScanner(read), "From here on")
		_ = read.Close()
		_ = cmd.Wait() // the exit code is looked at below
		if code := cmd.ProcessState.ExitCode(); code != 130 || folder == "" {
			t.Errorf("exit %v in %q\n%s", cmd.ProcessState, folder, errs.String())
		}
		gone(t, folder)
	}
}

// readUntil reads up to a line and gives the folder that the demo named.
func readUntil(s *bufio.Scanner, line string) (folder string) {
	for s.Scan() {
		if _, name, ok := strings.Cut(s.Text(), "HTTP service, in "); ok {
			folder = strings.TrimSpace(name)
		}
		if strings.Contains(s.Text(), line) {
			break
		}
	}
	return folder
}

func TestDemoKeptRunsOn(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	folder := filepath.Join(t.TempDir(), "kept")
	r.Must(t, "demo", "--keep", "--folder", folder)
	down := exec.Command(r.Binary(), "local", "down", "--yes")
	down.Dir = folder
	t.Cleanup(func() { _ = down.Run() })
	if left := (&harness.App{Dir: folder}).Processes(); len(left) < 4 {
		t.Errorf("only %v runs", left)
	}
	if d := r.Run(t, "demo", "--folder", folder); d.Code != 6 || !strings.Contains(d.Err, "is not empty") {
		t.Errorf("a second demo in the folder: %+v", d)
	}
	if out, err := down.CombinedOutput(); err != nil {
		t.Errorf("local down: %v\n%s", err, out)
	}
	for _, p := range (&harness.App{Dir: folder}).Processes() {
		t.Errorf("still there: %s", p)
	}
}
