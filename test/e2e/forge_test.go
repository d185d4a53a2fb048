package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
)

// forge is `forge ENVIRONMENT HOW [ARG]`: what somebody does who may write
// everything in the store and knows how a ledger is made. All hashes and the
// head fit afterwards.
//
//	forge dev backdate 48h  every entry is that much older
//	forge dev thin N        entry N is gone, the later ones have its numbers
//	forge dev truncate N    the entries after N are gone
//	forge dev rehead        the last entry says something else
//	forge dev strip         no entry is signed
//	forge dev add           one more entry, closed, as somebody else
//	forge dev decide hold 1 one more entry, a decision about a release
//	forge dev hooked        one more entry, a hook of the last operation that is not run again
func forge(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: forge ENVIRONMENT HOW [ARG]")
	}
	dir := ts.MkAbs(filepath.Join(".falkirk", "ledger", "shop", args[0]))
	all := forgedEntries(ts, dir, args[1], strings.Join(args[2:], " "))
	ts.Check(os.RemoveAll(dir))
	ts.Check(os.MkdirAll(dir, 0o755))
	prev := ""
	for i, e := range all {
		e.Number, e.Prev = i+1, prev
		raw, err := json.Marshal(e)
		ts.Check(err)
		sum := sha256.Sum256(raw)
		prev = "sha256:" + hex.EncodeToString(sum[:])
		ts.Check(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%010d.json", e.Number)), raw, 0o600))
	}
	head := fmt.Sprintf(`{"last":%d,"hash":%q}`, len(all), prev)
	ts.Check(os.WriteFile(ts.MkAbs(filepath.Join(".falkirk", "ledger-head", "shop", args[0]+".json")), []byte(head), 0o600))
}

func forgedEntries(ts *testscript.TestScript, dir, how, arg string) []delivery.Entry {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	ts.Check(err)
	var all []delivery.Entry
	for _, f := range files {
		raw, err := os.ReadFile(f)
		ts.Check(err)
		e, err := ledger.Decode(raw)
		ts.Check(err)
		all = append(all, e)
	}
	number := func() int {
		n, err := strconv.Atoi(arg)
		ts.Check(err)
		return n
	}
	last := &all[len(all)-1]
	switch how {
	case "backdate":
		by, err := time.ParseDuration(arg)
		ts.Check(err)
		for i := range all {
			all[i].At = all[i].At.Add(-by)
		}
	case "thin":
		all = slices.Delete(all, number()-1, number())
	case "truncate":
		all = all[:number()]
	case "rehead":
		last.Operation.Actor = "eve"
	case "strip":
		for i := range all {
			all[i].Signature = nil
		}
	case "add":
		e := *last
		e.Operation.ID, e.Operation.Actor, e.Signature = "forged", "eve", nil
		all = append(all, e)
	case "hooked":
		all = append(all, delivery.Entry{
			Schema: delivery.EntrySchema, At: last.At, Event: delivery.Hooked, Operation: last.Operation,
			Gate: "scan", Note: "dev/local", Repeat: delivery.RepeatNever,
		})
	case "decide":
		verb, version, _ := strings.Cut(arg, " ")
		e := delivery.Entry{Schema: delivery.EntrySchema, At: last.At, Event: delivery.Decided, Operation: last.Operation}
		e.Operation.ID, e.Operation.Actor, e.Operation.Verb, e.Operation.Version = "forged", "eve", delivery.Verb(verb), version
		all = append(all, e)
	default:
		ts.Fatalf("no way %q to forge", how)
	}
	return all
}

// copyStore makes the ledgers of one folder those of another: `keep` and
// `restore`.
func copyStore(ts *testscript.TestScript, from, to string) {
	for _, part := range []string{"ledger", "ledger-head", "ledger-snapshot", "releases", "blobs"} {
		ts.Check(os.RemoveAll(ts.MkAbs(filepath.Join(to, part))))
		source := ts.MkAbs(filepath.Join(from, part))
		if _, err := os.Stat(source); err == nil {
			ts.Check(os.CopyFS(ts.MkAbs(filepath.Join(to, part)), os.DirFS(source)))
		}
	}
}

// transplant is `transplant FROM TO`: the ledger of one environment is put in
// the place of another.
func transplant(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(filepath.Join(".falkirk", "ledger", "shop"))
	ts.Check(os.RemoveAll(filepath.Join(dir, args[1])))
	ts.Check(os.CopyFS(filepath.Join(dir, args[1]), os.DirFS(filepath.Join(dir, args[0]))))
	heads := ts.MkAbs(filepath.Join(".falkirk", "ledger-head", "shop"))
	raw, err := os.ReadFile(filepath.Join(heads, args[0]+".json"))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(heads, args[1]+".json"), raw, 0o600))
}

// forgeSnapshot is `snapshot ENVIRONMENT`: a snapshot of the true log in which
// every release is live for two days longer.
func forgeSnapshot(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(filepath.Join(".falkirk", "ledger", "shop", args[0]))
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	ts.Check(err)
	var rec delivery.Record
	for _, f := range files {
		raw, err := os.ReadFile(f)
		ts.Check(err)
		e, err := ledger.Decode(raw)
		ts.Check(err)
		sum := sha256.Sum256(raw)
		rec = rec.Fold(e, "sha256:"+hex.EncodeToString(sum[:]))
	}
	for i := range rec.Tenures {
		rec.Tenures[i].Since = rec.Tenures[i].Since.Add(-48 * time.Hour)
	}
	raw, err := json.Marshal(map[string]any{"version": delivery.RecordVersion, "record": rec})
	ts.Check(err)
	under := ts.MkAbs(filepath.Join(".falkirk", "ledger-snapshot", "shop"))
	ts.Check(os.MkdirAll(under, 0o755))
	ts.Check(os.WriteFile(filepath.Join(under, args[0]+".json"), raw, 0o600))
}
