package ledger_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/internal/signing"
)

// signer is a person with a key.
type signer struct {
	name   string
	key    ed25519.PrivateKey
	option string // of its line in the list, such as valid-before="20261128"
}

func newSigner(t *testing.T, name string) signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return signer{name: name, key: key}
}

// ring signs as one person and trusts some.
func ring(t *testing.T, as signer, trusted ...signer) *signing.Ring {
	t.Helper()
	var list bytes.Buffer
	for _, s := range trusted {
		public, err := ssh.NewPublicKey(s.key.Public())
		must(t, err)
		fmt.Fprintf(&list, "%s namespaces=%q%s %s", s.name, delivery.LedgerNamespace, s.option, ssh.MarshalAuthorizedKey(public))
	}
	path := filepath.Join(t.TempDir(), "signers")
	must(t, os.WriteFile(path, list.Bytes(), 0o600))
	return signing.New(signing.Options{
		Path: path, Name: "signers", Namespace: delivery.LedgerNamespace, Now: time.Now,
		Key: func(context.Context) (signing.Key, error) {
			if as.key == nil {
				return nil, fault.New(fault.NotFound, "no key")
			}
			return signing.NewRemote(func(context.Context) (ssh.Signer, error) { return ssh.NewSignerFromKey(as.key) }), nil
		},
	})
}

func signedIn(dir string, keys ledger.Keys) *ledger.Ledger {
	return ledger.New(file.New(dir), "demo", "prd", ledger.Options{Keys: keys})
}

// chainedAgain writes entries with numbers, hashes and a head that fit.
func chainedAgain(t *testing.T, dir string, all [][]byte) {
	t.Helper()
	folder := filepath.Join(dir, "ledger", "demo", "prd")
	must(t, os.RemoveAll(folder))
	must(t, os.MkdirAll(folder, 0o700))
	prev := ""
	for i, raw := range all {
		var e struct {
			Number int    `json:"number"`
			Prev   string `json:"prev"`
		}
		must(t, json.Unmarshal(raw, &e))
		raw = bytes.Replace(raw, fmt.Appendf(nil, `"number":%d,"prev":%q`, e.Number, e.Prev), fmt.Appendf(nil, `"number":%d,"prev":%q`, i+1, prev), 1)
		sum := sha256.Sum256(raw)
		prev = "sha256:" + hex.EncodeToString(sum[:])
		must(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%010d.json", i+1)), raw, 0o600))
	}
	must(t, os.WriteFile(headOf(dir), fmt.Appendf(nil, `{"last":%d,"hash":%q}`, len(all), prev), 0o600))
	_ = os.Remove(snapshotOf(dir))
}

func rawEntries(t *testing.T, dir string) [][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "ledger", "demo", "prd", "*.json"))
	must(t, err)
	var all [][]byte
	for _, f := range files {
		raw, err := os.ReadFile(f)
		must(t, err)
		all = append(all, raw)
	}
	return all
}

// oneOperation writes an entry of each kind that an operation has.
func oneOperation(t *testing.T, l *ledger.Ledger, id string) {
	t.Helper()
	h, _ := begin(t, l, id)
	for _, e := range []delivery.Event{delivery.Planned, delivery.Hooked, delivery.Did, delivery.Asked, delivery.Proved} {
		must(t, h.Append(t.Context(), delivery.Entry{Event: e, Note: "n"}))
	}
	must(t, h.Close(t.Context(), done()))
}

func decision(verb delivery.Verb) delivery.Entry {
	op := operation("decided-" + string(verb))
	op.Verb = verb
	return delivery.Entry{Event: delivery.Decided, Operation: op}
}

func TestWhichEntriesAreSigned(t *testing.T) {
	t.Parallel()
	dir, ann := t.TempDir(), newSigner(t, "ann")
	l := signedIn(dir, ring(t, ann, ann))
	oneOperation(t, l, "a")
	_, err := l.Decide(t.Context(), decision(delivery.VerbHold))
	must(t, err)
	_, err = l.Decide(t.Context(), decision(delivery.VerbRelease))
	must(t, err)
	h, _ := begin(t, l, "stale")
	_, err = l.Steal(t.Context(), "bea", "it hangs")
	must(t, err)
	_ = h.Close(t.Context(), done())
	var signed []delivery.Event
	for e, err := range l.Entries(t.Context()) {
		must(t, err)
		if e.Signature != nil && e.Signature.By == "ann" && e.Doubt == "" {
			signed = append(signed, e.Event)
		}
	}
	want := []delivery.Event{
		delivery.Opened, delivery.Planned, delivery.Closed, delivery.Decided, delivery.Decided, delivery.Opened, delivery.Taken,
	}
	if !slices.Equal(signed, want) {
		t.Errorf("signed are %v, want %v", signed, want)
	}
	p, err := l.Verify(t.Context())
	must(t, err)
	if !p.IsSound() || len(p.Signers) != 1 || p.Signers[0] != (delivery.SignedBy{By: "ann", Entries: 7}) {
		t.Errorf("the proof is %+v", p)
	}
}

// TestEveryChangeUnderASignatureIsFound changes one byte of one entry, or
// removes, doubles or swaps entries, and makes all hashes and the head fit: what
// comes before the last signed entry is found in each case.
func TestEveryChangeUnderASignatureIsFound(t *testing.T) {
	t.Parallel()
	dir, ann, bea := t.TempDir(), newSigner(t, "ann"), newSigner(t, "bea")
	keys := ring(t, ann, ann, bea)
	oneOperation(t, signedIn(dir, keys), "a")
	oneOperation(t, signedIn(dir, ring(t, bea, ann, bea)), "b")
	good := rawEntries(t, dir)
	r := mathrand.New(mathrand.NewPCG(7, 11))
	found := 0
	for range 600 {
		all := slices.Clone(good)
		i := r.IntN(len(all))
		what := ""
		switch r.IntN(6) {
		case 0:
			all, what = slices.Delete(all, i, i+1), "removed"
			if i == len(good)-1 {
				continue // truncated: no signature finds that
			}
		case 1:
			all, what = slices.Insert(all, i, all[i]), "doubled"
		case 2:
			j := r.IntN(len(all))
			if all[i], all[j], what = all[j], all[i], "swapped"; i == j {
				continue
			}
		default:
			b := bytes.Clone(all[i])
			at := r.IntN(len(b))
			b[at] ^= byte(1 << r.IntN(7))
			if _, err := ledger.Decode(b); err != nil {
				continue // found without a signature
			}
			all[i], what = b, fmt.Sprintf("byte %d", at)
		}
		chainedAgain(t, dir, all)
		if slices.EqualFunc(rawEntries(t, dir), good, bytes.Equal) {
			continue // it was in what fits again
		}
		rec, err := signedIn(dir, keys).Read(t.Context(), delivery.Record{})
		if err == nil && rec.Doubt == nil {
			t.Fatalf("%s of entry %d is not found: %s", what, i+1, all[min(i, len(all)-1)])
		}
		p, err := signedIn(dir, keys).Verify(t.Context())
		if must(t, err); p.IsSound() {
			t.Fatalf("%s of entry %d is not found by verify", what, i+1)
		}
		found++
	}
	if found < 200 {
		t.Errorf("only %d changes were tried", found)
	}
	chainedAgain(t, dir, good)
	rec, err := signedIn(dir, keys).Read(t.Context(), delivery.Record{})
	if must(t, err); rec.Doubt != nil {
		t.Errorf("the log as it was: %+v", rec.Doubt)
	}
}

// TestSignaturesOfOthersDoNotCount is about keys and ledgers, not bytes.
func TestSignaturesOfOthersDoNotCount(t *testing.T) {
	t.Parallel()
	ann, eve := newSigner(t, "ann"), newSigner(t, "eve")
	for what, c := range map[string]struct {
		writes ledger.Keys
		says   string
	}{
		"nobody":        {nil, "is not signed"},
		"a key unknown": {ring(t, eve, eve), `is signed as "eve", and signers does not list its key for eve`},
		"under a name":  {ring(t, signer{name: "ann", key: eve.key}, signer{name: "ann", key: eve.key}), `is signed as "ann", and signers does not list its key for ann`},
		"ann":           {ring(t, ann, ann), ""},
	} {
		dir := t.TempDir()
		oneOperation(t, signedIn(dir, c.writes), "a")
		rec, err := signedIn(dir, ring(t, ann, ann)).Read(t.Context(), delivery.Record{})
		must(t, err)
		switch {
		case c.says == "" && rec.Doubt != nil, c.says != "" && rec.Doubt == nil:
			t.Errorf("%s: %+v", what, rec.Doubt)
		case c.says != "" && !strings.Contains(rec.Doubt.Text, c.says):
			t.Errorf("%s: %q, want %q", what, rec.Doubt.Text, c.says)
		}
		// The same folder as the ledger of another environment.
		must(t, os.CopyFS(filepath.Join(dir, "ledger", "demo", "other"), os.DirFS(filepath.Join(dir, "ledger", "demo", "prd"))))
		rec, err = ledger.New(file.New(dir), "demo", "other", ledger.Options{Keys: ring(t, ann, ann)}).Read(t.Context(), delivery.Record{})
		if must(t, err); rec.Doubt == nil {
			t.Errorf("%s: the ledger of another environment counts", what)
		}
	}
}

func TestALedgerIsSignedAsItIs(t *testing.T) {
	t.Parallel()
	dir, ann, eve := t.TempDir(), newSigner(t, "ann"), newSigner(t, "eve")
	oneOperation(t, in(dir), "old")
	_, err := signedIn(dir, ring(t, eve, eve)).Decide(t.Context(), decision(delivery.VerbSignLedger))
	must(t, err)
	l := signedIn(dir, ring(t, ann, ann))
	rec, err := l.Read(t.Context(), delivery.Record{})
	if must(t, err); rec.Doubt == nil {
		t.Error("anybody may sign a ledger as it is")
	}
	rec, err = l.Decide(t.Context(), decision(delivery.VerbSignLedger))
	if must(t, err); rec.Doubt != nil {
		t.Errorf("after ann signed: %+v", rec.Doubt)
	}
	p, err := l.Verify(t.Context())
	must(t, err)
	if !p.IsSound() || p.Accepted == nil || p.Accepted.By != "ann" || p.Accepted.Doubts != 4 {
		t.Errorf("the proof is %+v, accepted %+v", p, p.Accepted)
	}
	oneOperation(t, in(dir), "unsigned again")
	rec, err = l.Read(t.Context(), delivery.Record{})
	if must(t, err); rec.Doubt == nil {
		t.Error("what comes after the signature counts unsigned")
	}
}

func TestAnEmergencyStopNeedsNoKey(t *testing.T) {
	t.Parallel()
	dir, ann := t.TempDir(), newSigner(t, "ann")
	without := signedIn(dir, ring(t, signer{}, ann))
	for verb, may := range map[delivery.Verb]bool{
		delivery.VerbStop: true, delivery.VerbHold: false, delivery.VerbBan: false, delivery.VerbReject: false,
		delivery.VerbResume: false, delivery.VerbRelease: false, delivery.VerbUnban: false, delivery.VerbApprove: false, delivery.VerbSignLedger: false, delivery.VerbRetire: false,
	} {
		if _, err := without.Decide(t.Context(), decision(verb)); (err == nil) != may {
			t.Errorf("%s without a key: %v", verb, err)
		}
	}
	if _, _, err := without.Begin(t.Context(), operation("a")); err == nil {
		t.Error("an operation begins without a key")
	}
	rec, err := without.Read(t.Context(), delivery.Record{})
	must(t, err)
	if rec.Stop == nil || rec.Doubt != nil || rec.Open != nil {
		t.Errorf("the record is %+v", rec)
	}
}

// TestSnapshotsAreSigned: one that is not, or by another key or another list, is
// not believed; one that is saves reading the log.
func TestSnapshotsAreSigned(t *testing.T) {
	t.Parallel()
	dir, ann, eve := t.TempDir(), newSigner(t, "ann"), newSigner(t, "eve")
	keys := ring(t, ann, ann)
	lived(t, signedIn(dir, keys), 40, 2)
	reads := func(keys ledger.Keys) (int64, delivery.Record) {
		c := &counting{Store: file.New(dir)}
		rec, err := ledger.New(c, "demo", "prd", ledger.Options{Keys: keys}).Read(t.Context(), delivery.Record{})
		must(t, err)
		return c.gets.Load(), rec
	}
	few, want := reads(keys)
	if few > 80 {
		t.Errorf("%d reads with a signed snapshot", few)
	}
	if all, _ := reads(ring(t, ann, ann, eve)); all <= int64(want.Last) {
		t.Errorf("%d reads with another list of signers, for %d entries", all, want.Last)
	}
	good, err := os.ReadFile(snapshotOf(dir))
	must(t, err)
	forged := longerTenures(good)
	if bytes.Equal(good, forged) {
		t.Fatal("the snapshot has no tenure to forge")
	}
	must(t, os.WriteFile(snapshotOf(dir), forged, 0o600))
	if all, rec := reads(keys); all <= int64(want.Last) || !rec.Tenures[0].Since.Equal(want.Tenures[0].Since) {
		t.Errorf("a forged snapshot is believed: %d reads", all)
	}
}

// longerTenures makes the tenures of a snapshot begin in another century.
func longerTenures(raw []byte) []byte {
	return bytes.ReplaceAll(raw, []byte(`"since":"20`), []byte(`"since":"19`))
}
