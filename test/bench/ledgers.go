//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
)

// questions are the commands that read a ledger.
func questions(last string) [][]string {
	return [][]string{{"status", "dev"}, {"history", "dev"}, {"why", last, "dev"}}
}

// ledgers measures reading at several lengths of the log.
func (b *bench) ledgers(p *page) error {
	var all []*contender
	for _, n := range b.size.ledgers {
		dir := b.path("ledger", fmt.Sprint(n))
		fmt.Fprintf(os.Stderr, "bench: a ledger of %d entries\n", n)
		if err := b.ledgerApp(dir, n); err != nil {
			return err
		}
		last, err := os.ReadFile(filepath.Join(dir, "last"))
		if err != nil {
			return err
		}
		for _, q := range questions(string(last)) {
			argv := append([]string{b.falkirk()}, q...)
			c := &contender{name: fmt.Sprintf("%d entries: %s", n, q[0]), command: func() command { return command{dir, argv} }}
			c.prepare = func() error {
				if strings.Contains(output(b.ctx, []string{b.falkirk(), q[0], "--help"}), "unknown command") {
					return &unknown{"command " + q[0]}
				}
				return nil
			}
			all = append(all, c)
		}
	}
	if err := b.compete(b.size.rounds, all); err != nil {
		return err
	}
	p.say("### Reading a ledger\n")
	p.say("Nine releases in ten go well; one is rolled back. Each entry is a file; the chain of hashes is checked.\n")
	var rows [][]string
	for i, c := range all {
		n, q := b.size.ledgers[i/3], questions("VERSION")[i%3]
		row := append([]string{fmt.Sprint(n), "`falkirk " + strings.Join(q, " ") + "`"}, c.cells()...)
		rows = append(rows, row)
	}
	p.table([]string{"Entries", "Command", "Median", "Fastest – slowest", "CPU", "Peak memory"}, rows)
	p.leftOut(all)
	return nil
}

// ledgerApp makes an app with one release and a ledger of n entries.
func (b *bench) ledgerApp(dir string, n int) error {
	if err := newMaterial(3).write(filepath.Join(dir, "web", "index.html"), 1000, false); err != nil {
		return err
	}
	if err := b.appFile(dir, "  web:\n    site: {path: web}\n    target: {local: {}}\n"); err != nil {
		return err
	}
	_, err := b.measure(command{dir, []string{b.path("bench"), "ledger", dir, fmt.Sprint(n)}})
	if err != nil {
		return err
	}
	last, err := os.ReadFile(filepath.Join(dir, "last"))
	if err != nil {
		return err
	}
	_, err = b.measure(b.packCommand(dir, string(last)))
	return err
}

const cycle = 10 // releases until the story repeats

// writeLedger makes the ledger of dev in the app in dir: the first releases by
// the ledger itself, the following ones as copies of those with other names, and
// the last operation by the ledger again, which checks all of the chain.
func writeLedger(ctx context.Context, dir string, n int) error {
	store := file.New(filepath.Join(dir, ".falkirk"))
	at := time.Now().Add(-time.Duration(n) * time.Minute)
	l := ledger.New(store, "bench", "dev", ledger.Options{Now: func() time.Time { at = at.Add(time.Second); return at }})
	for i := range cycle {
		if err := tell(ctx, l, i); err != nil {
			return err
		}
	}
	var entries []delivery.Entry
	var raw []byte
	for e, err := range l.Entries(ctx) {
		if err != nil {
			return err
		}
		if raw, err = json.Marshal(e); err != nil {
			return err
		}
		entries = append(entries, e)
	}
	const closing = 9 // entries of the last operation
	release, count := cycle, len(entries)
	for ; count < n-closing; release += cycle {
		for _, e := range entries {
			if count >= n-closing && e.Event == delivery.Opened {
				break
			}
			sum := sha256.Sum256(raw)
			e.Number, e.Prev = count+1, fmt.Sprintf("sha256:%x", sum)
			at = at.Add(time.Second)
			e.At = at
			var err error
			if raw, err = json.Marshal(e); err != nil {
				return err
			}
			raw = rename(raw, release)
			count++
			path := filepath.Join(dir, ".falkirk", "ledger", "bench", "dev", fmt.Sprintf("%010d.json", count))
			if err := os.WriteFile(path, raw, 0o644); err != nil {
				return err
			}
		}
	}
	if err := operation(ctx, l, release, delivery.VerbProvision, 6); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "last"), []byte(version(release)), 0o644)
}

// rename makes the releases of the first cycle those that begin with number from.
func rename(raw []byte, from int) []byte {
	for i := range cycle {
		raw = bytes.ReplaceAll(raw, []byte(version(i)), []byte("@"+version(i)))
	}
	for i := range cycle {
		raw = bytes.ReplaceAll(raw, []byte("@"+version(i)), []byte(version(from+i)))
	}
	return raw
}

func version(i int) string { return fmt.Sprintf("1.%07d.0", i) }

// tell writes the life of one release.
func tell(ctx context.Context, l *ledger.Ledger, i int) error {
	verbs := []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote}
	if i == cycle-1 {
		verbs = append(verbs, delivery.VerbRollback)
	}
	verbs = append(verbs, delivery.VerbPrune)
	for _, verb := range verbs {
		steps := map[delivery.Verb]int{delivery.VerbProvision: 6, delivery.VerbPromote: 4, delivery.VerbRollback: 4, delivery.VerbPrune: 2}[verb]
		of := i
		if verb == delivery.VerbRollback {
			of = i - 1
		}
		if err := operation(ctx, l, of, verb, steps); err != nil {
			return err
		}
	}
	return nil
}

// operation writes one operation as the engine does: opened, planned, the gates,
// the steps, closed.
func operation(ctx context.Context, l *ledger.Ledger, i int, verb delivery.Verb, steps int) error {
	op := delivery.Operation{
		ID: fmt.Sprintf("op-%s-%s", version(i), verb), Verb: verb, App: "bench", Environment: "dev",
		Version: version(i), Actor: "ann@laptop", At: time.Now().UTC(),
	}
	if verb == delivery.VerbPrune {
		op.Version = ""
	}
	hold, _, err := l.Begin(ctx, op)
	if err != nil {
		return err
	}
	standing := []delivery.Standing{{Place: delivery.Place{Environment: "dev", Region: "local"}, Component: "web", Live: version(i), Ready: []string{version(i)}}}
	entries := []delivery.Entry{{Event: delivery.Planned, Plan: fmt.Sprintf("sha256:%064x", i), Before: standing}}
	if verb == delivery.VerbPromote {
		verdict := delivery.Verdict{Answer: delivery.Open, Reason: "GET http://127.0.0.1:8091/ answered 200 in 1ms"}
		entries = append(entries, delivery.Entry{Event: delivery.Asked, Gate: "smoke", Note: "dev/local", Verdict: &verdict})
	}
	for s := range steps {
		step := delivery.Step{
			Place: standing[0].Place, Component: fmt.Sprintf("part%d", s), Target: "local", Phase: delivery.Provision,
			Version: version(i), Action: "copy", Sign: delivery.Add, Summary: "lay out 12 of 340 files of " + version(i), Count: 12, Bytes: 48_000,
		}
		entries = append(entries, delivery.Entry{Event: delivery.Did, Step: &step})
	}
	for _, e := range entries {
		if err := hold.Append(ctx, e); err != nil {
			return err
		}
	}
	return hold.Close(ctx, delivery.Entry{Result: delivery.ResultDone, Settled: true, After: standing})
}
