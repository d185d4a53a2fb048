package ledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
)

// TestMain is also the other process of some tests.
func TestMain(m *testing.M) {
	dir := os.Getenv("LEDGER_TEST_DIR")
	switch role := os.Getenv("LEDGER_TEST_ROLE"); role {
	case "":
		os.Exit(m.Run())
	case "hold":
		if err := holdForever(dir); err != nil {
			fmt.Println(err)
		}
	case "race":
		if err := raceOn(dir); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
}

func operation(id string) delivery.Operation {
	return delivery.Operation{
		ID: id, Verb: delivery.VerbPromote, App: "demo", Environment: "prd", Version: "v-" + id,
		Actor: "ann@" + id, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

// in is the ledger of this process, which writes nothing over a network.
func in(dir string) *ledger.Ledger {
	return ledger.New(file.New(dir), "demo", "prd", ledger.Options{Request: -1})
}

// other runs this test binary as another process.
func other(t *testing.T, dir, role string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "LEDGER_TEST_DIR="+dir, "LEDGER_TEST_ROLE="+role)
	cmd.Env = append(cmd.Env, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// holdForever takes the environment, says so and waits to be killed.
func holdForever(dir string) error {
	h, _, err := in(dir).Begin(context.Background(), operation("killed"))
	if err != nil {
		return err
	}
	fmt.Println("holds")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, h.Close(context.Background(), delivery.Entry{Result: delivery.ResultDone}))
}

// startHolder starts a process that holds the environment, and waits until it does.
func startHolder(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := other(t, dir, "hold")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "holds\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return cmd
}

const (
	racers = 8
	rounds = 12 // operations of each racer
	notes  = 3  // entries of each operation
)

// raceOn does its operations one after the other. While it holds, it makes a
// file that nobody else may have made: the witness.
func raceOn(dir string) error {
	ctx, me := context.Background(), os.Getenv("LEDGER_TEST_NAME")
	locked := 0
	for n := 0; n < rounds; {
		l := in(dir)
		h, rec, err := l.Begin(ctx, operation(me+"-"+strconv.Itoa(n)))
		if fault.Is(err, fault.Locked) {
			if err := namesHolder(err); err != nil {
				return err
			}
			locked++
			continue
		}
		if err != nil {
			return err
		}
		if err := holdAlone(ctx, dir, h, rec); err != nil {
			return err
		}
		n++
	}
	fmt.Printf("%d\n", locked)
	return nil
}

func holdAlone(ctx context.Context, dir string, h *ledger.Hold, rec delivery.Record) error {
	witness := filepath.Join(dir, "witness")
	f, err := os.OpenFile(witness, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("not alone: %w", err)
	}
	if rec.Open == nil || rec.Open.Number != h.Token() {
		return fmt.Errorf("the record's open operation is %v", rec.Open)
	}
	for range notes {
		if err := h.Append(ctx, delivery.Entry{Event: delivery.Did}); err != nil {
			return err
		}
		if err := checked(ctx, h); err != nil {
			return err
		}
	}
	if err := errors.Join(f.Close(), os.Remove(witness)); err != nil {
		return err
	}
	return h.Close(ctx, delivery.Entry{Result: delivery.ResultDone})
}

// checked is what a check says, without the record.
func checked(ctx context.Context, h *ledger.Hold) error {
	_, err := h.Check(ctx)
	return err
}
