package ledger_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
	"falkirk/internal/signing"
)

// leak is when the key of ben leaked: his line has valid-before since.
var leak = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)

// always is a time that does not pass.
func always(at time.Time) func() time.Time { return func() time.Time { return at } }

// datedLedger is a ledger whose writer's clock says at.
func datedLedger(dir string, keys ledger.Keys, at time.Time) *ledger.Ledger {
	return ledger.New(file.New(dir), "demo", "prd", ledger.Options{Keys: keys, Now: always(at)})
}

// revoked is ann and ben, and ben's line with an end.
func revoked(t *testing.T) (ann, ben, ended signer) {
	t.Helper()
	ann, ben = newSigner(t, "ann"), newSigner(t, "ben")
	ended = ben
	ended.option = `,valid-before="20261128000000Z"`
	return ann, ben, ended
}

// TestABackdatedEntryDoesNotCount: who has a key that is not valid any more gives
// an entry a date at which it was. The date of an entry before it says otherwise.
func TestABackdatedEntryDoesNotCount(t *testing.T) {
	t.Parallel()
	ann, ben, ended := revoked(t)
	writes := map[string]func(t *testing.T, l *ledger.Ledger){
		"an operation": func(t *testing.T, l *ledger.Ledger) { t.Helper(); oneOperation(t, l, "forged") },
	}
	for _, verb := range []delivery.Verb{
		delivery.VerbRelease, delivery.VerbUnban, delivery.VerbResume, delivery.VerbApprove, delivery.VerbSignLedger, delivery.VerbHold, delivery.VerbBan,
	} {
		writes[string(verb)] = func(t *testing.T, l *ledger.Ledger) {
			t.Helper()
			_, err := l.Decide(t.Context(), decision(verb))
			must(t, err)
		}
	}
	for what, write := range writes {
		for _, c := range []struct {
			name       string
			last, date time.Time // of the last entry of ann, and of what ben's key signs
			counts     bool
		}{
			{"before the end, before it", leak.Add(-48 * time.Hour), leak.Add(-24 * time.Hour), true},
			{"a clock that is slow", leak.Add(-time.Minute), leak.Add(-3 * time.Minute), true},
			{"after the end, before it", leak.Add(time.Hour), leak.Add(-24 * time.Hour), false},
			{"just after the end", leak.Add(6 * time.Minute), leak.Add(-time.Minute), false},
			{"long before", leak.Add(24 * time.Hour), leak.AddDate(-1, 0, 0), false},
		} {
			dir := t.TempDir()
			oneOperation(t, datedLedger(dir, ring(t, ann, ann, ben), c.last), "a")
			write(t, datedLedger(dir, ring(t, ben, ann, ben), c.date))
			l := datedLedger(dir, ring(t, ann, ann, ended), leak.Add(72*time.Hour))
			rec, err := l.Read(t.Context(), delivery.Record{})
			must(t, err)
			p, err := l.Verify(t.Context())
			must(t, err)
			if (rec.Doubt == nil) != c.counts || p.IsSound() != c.counts {
				t.Errorf("%s, %s: doubt %+v, proof %+v", what, c.name, rec.Doubt, p)
			}
			if rec.Doubt != nil && !strings.Contains(rec.Doubt.Text, `was valid before 2026-11-28T00:00:00Z; it is dated `) {
				t.Errorf("%s, %s: %s", what, c.name, rec.Doubt.Text)
			}
			if noted := strings.Contains(strings.Join(p.Notes, "\n"), "a clock was wrong, or somebody chose the date"); noted != (c.last.Sub(c.date) > 5*time.Minute) {
				t.Errorf("%s, %s: notes %q", what, c.name, p.Notes)
			}
			assertAllWaysAgree(t, l, rec)
		}
	}
}

// assertAllWaysAgree compares reading a log whole with reading on from each of
// its entries.
func assertAllWaysAgree(t *testing.T, l *ledger.Ledger, want delivery.Record) {
	t.Helper()
	var rec delivery.Record
	for e, err := range l.Entries(t.Context()) {
		must(t, err)
		rec = rec.Fold(e, "")
	}
	if (rec.Doubt == nil) != (want.Doubt == nil) || !rec.Latest.Equal(want.Latest) {
		t.Errorf("entry by entry: %+v, %s; at once: %+v, %s", rec.Doubt, rec.Latest, want.Doubt, want.Latest)
	}
}

// TestAQuietLogNeedsASignedEntryAfterALeak is what docs/record.md says of dates
// between the last entry and the end of the key: nothing tells that they are
// chosen. A hold and its release by another key close that time.
func TestAQuietLogNeedsASignedEntryAfterALeak(t *testing.T) {
	t.Parallel()
	ann, ben, ended := revoked(t)
	for _, closed := range []bool{false, true} {
		dir := t.TempDir()
		oneOperation(t, datedLedger(dir, ring(t, ann, ann, ben), leak.Add(-72*time.Hour)), "a")
		if closed {
			l := datedLedger(dir, ring(t, ann, ann, ended), leak.Add(time.Hour))
			for _, verb := range []delivery.Verb{delivery.VerbHold, delivery.VerbRelease} {
				_, err := l.Decide(t.Context(), decision(verb))
				must(t, err)
			}
		}
		oneOperation(t, datedLedger(dir, ring(t, ben, ann, ben), leak.Add(-time.Hour)), "forged")
		rec, err := datedLedger(dir, ring(t, ann, ann, ended), leak.Add(72*time.Hour)).Read(t.Context(), delivery.Record{})
		if must(t, err); (rec.Doubt != nil) != closed {
			t.Errorf("a signed entry after the leak: %v, doubt %+v", closed, rec.Doubt)
		}
	}
}

// TestADateOfTheFutureIsAccepted: after a writer whose clock was years ahead,
// sign-ledger makes the ledger usable again.
func TestADateOfTheFutureIsAccepted(t *testing.T) {
	t.Parallel()
	ann, ben, ended := revoked(t)
	dir := t.TempDir()
	oneOperation(t, datedLedger(dir, ring(t, ann, ann), leak.AddDate(9, 0, 0)), "a")
	keys := ring(t, ben, ann, ended)
	now := leak.Add(-time.Hour)
	oneOperation(t, datedLedger(dir, ring(t, ben, ann, ben), now), "b")
	rec, err := datedLedger(dir, keys, now).Read(t.Context(), delivery.Record{})
	if must(t, err); rec.Doubt == nil {
		t.Fatal("the key counts after its end")
	}
	_, err = datedLedger(dir, ring(t, ann, ann, ended), now).Decide(t.Context(), decision(delivery.VerbSignLedger))
	must(t, err)
	oneOperation(t, datedLedger(dir, ring(t, ben, ann, ben), now.Add(time.Minute)), "c")
	rec, err = datedLedger(dir, keys, now).Read(t.Context(), delivery.Record{})
	if must(t, err); rec.Doubt != nil {
		t.Errorf("after ann signed: %+v", rec.Doubt)
	}
}

// TestASnapshotOfAnEndedKeyIsNotBelieved: also the date of a snapshot is chosen
// by who signs it.
func TestASnapshotOfAnEndedKeyIsNotBelieved(t *testing.T) {
	t.Parallel()
	ann, ben, ended := revoked(t)
	dir, keys := t.TempDir(), ring(t, ann, ann, ended)
	lived(t, datedLedger(dir, keys, leak.Add(-48*time.Hour)), 40, 2)
	var s struct {
		Version   int                 `json:"version"`
		Keys      string              `json:"keys"`
		Record    json.RawMessage     `json:"record"`
		At        time.Time           `json:"at"`
		Signature *delivery.Signature `json:"signature"`
	}
	raw, err := os.ReadFile(snapshotOf(dir))
	must(t, err)
	must(t, json.Unmarshal(raw, &s))
	s.Record, s.At = longerTenures(s.Record), leak.Add(-24*time.Hour)
	forger := ledger.New(file.New(t.TempDir()), "demo", "prd", ledger.Options{})
	signature, err := ring(t, ben, ann, ben).Sign(t.Context(), forger.SnapshotMessage(s.Version, s.Keys, s.At, s.Record))
	must(t, err)
	s.Signature = &signature
	raw, err = json.Marshal(s)
	must(t, err)
	must(t, os.WriteFile(snapshotOf(dir), raw, 0o600))
	for _, c := range []struct {
		now      time.Time
		believed bool
	}{{leak.Add(-time.Hour), true}, {leak.Add(time.Hour), false}} {
		rec, err := datedLedger(dir, keys, c.now).Read(t.Context(), delivery.Record{})
		must(t, err)
		if believed := rec.Tenures[0].Since.Year() < 2000; believed != c.believed {
			t.Errorf("at %s the snapshot is believed: %v", c.now, believed)
		}
	}
}

// certified signs with a certificate that an authority gave for some time.
type certified struct{ signer ssh.Signer }

func (c certified) Line(context.Context) (string, error) {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(c.signer.PublicKey()))), nil
}

func (c certified) Sign(_ context.Context, message, namespace string) (string, error) {
	sig, err := sshsig.Sign(bytes.NewReader([]byte(message)), c.signer, sshsig.HashSHA512, namespace)
	if err != nil {
		return "", err
	}
	return string(sshsig.Armor(sig)), nil
}

// named signs under a name that nobody looked up.
type named struct {
	*signing.Ring
	key certified
	by  string
}

func (n named) Sign(ctx context.Context, message string) (delivery.Signature, error) {
	armored, err := n.key.Sign(ctx, message, delivery.LedgerNamespace)
	return delivery.Signature{By: n.by, SSH: armored}, err
}

// TestABackdatedCertificateDoesNotCount: the time of a certificate is that of a
// key.
func TestABackdatedCertificateDoesNotCount(t *testing.T) {
	t.Parallel()
	ann, authority, ben := newSigner(t, "ann"), newSigner(t, "ca"), newSigner(t, "ben")
	authority.option, authority.name = ",cert-authority", "ben"
	public, err := ssh.NewPublicKey(ben.key.Public())
	must(t, err)
	ca, err := ssh.NewSignerFromKey(authority.key)
	must(t, err)
	cert := &ssh.Certificate{
		Key: public, CertType: ssh.UserCert, ValidPrincipals: []string{"ben"},
		ValidAfter: uint64(leak.AddDate(0, -1, 0).Unix()), ValidBefore: uint64(leak.Unix()), //nolint:gosec // after 1970
	}
	must(t, cert.SignCert(rand.Reader, ca))
	own, err := ssh.NewSignerFromKey(ben.key)
	must(t, err)
	both, err := ssh.NewCertSigner(cert, own)
	must(t, err)
	keys := ring(t, ann, ann, authority)
	for _, last := range []time.Duration{-72 * time.Hour, time.Hour} {
		dir := t.TempDir()
		oneOperation(t, datedLedger(dir, keys, leak.Add(last)), "a")
		oneOperation(t, datedLedger(dir, named{keys, certified{both}, "ben"}, leak.Add(-time.Hour)), "forged")
		rec, err := datedLedger(dir, keys, leak.Add(72*time.Hour)).Read(t.Context(), delivery.Record{})
		if must(t, err); (rec.Doubt == nil) != (last < 0) {
			t.Errorf("the last entry %s after the end of the certificate: doubt %+v", last, rec.Doubt)
		}
	}
}
