package approval

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/signing/keys"
)

// board is a folder with real keys and a list of allowed signers.
type board struct {
	*testing.T
	dir string
}

func newBoard(t *testing.T, people ...string) board {
	t.Helper()
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("ssh-keygen is missing; test/peers/install installs it")
		}
		t.Skip("LEFT OUT: ssh-keygen is missing")
	}
	b := board{t, t.TempDir()}
	for _, p := range people {
		b.keygen("-q", "-t", "ed25519", "-N", "", "-f", p)
	}
	return b
}

func (b board) keygen(args ...string) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), "ssh-keygen", args...)
	cmd.Dir = b.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("ssh-keygen %v: %v\n%s", args, err, out)
	}
}

// list writes "who key options" lines, each key by its file's name.
func (b board) list(lines ...string) {
	b.Helper()
	var text string
	for _, l := range lines {
		words := strings.Fields(l)
		raw, err := os.ReadFile(filepath.Join(b.dir, words[1]+".pub"))
		if err != nil {
			b.Fatal(err)
		}
		text += words[0] + " " + strings.Join(words[2:], " ") + " " + string(raw)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "allowed"), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func (b board) sign(s delivery.Signed, key string) delivery.Signed {
	b.Helper()
	path := filepath.Join(b.dir, "m")
	if err := os.WriteFile(path, []byte(s.Message()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.keygen("-Y", "sign", "-q", "-f", key, "-n", delivery.SignatureNamespace, "m")
	raw, err := os.ReadFile(path + ".sig")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Remove(path + ".sig"); err != nil {
		b.Fatal(err)
	}
	s.Signature = string(raw)
	return s
}

const signedBy2 = `{"quorum":2,"signed":true,"signers":"allowed"}`

func (b board) expect(q delivery.Question, answer delivery.Answer, says string) {
	b.Helper()
	if v := ask(b.T, b.dir, q, noon); v.Answer != answer || !strings.Contains(v.Reason, says) {
		b.Errorf("%s: %s\nwant %s: %s", v.Answer, v.Reason, answer, says)
	}
}

func TestSignedQuorum(t *testing.T) {
	t.Parallel()
	b := newBoard(t, "ben", "carla", "carla2")
	b.list("ben ben", "carla carla")
	ben, carla := b.sign(yes("ben", time.Hour), "ben"), b.sign(yes("carla", time.Minute), "carla")
	q := question(signedBy2, ben, carla)
	b.expect(q, delivery.Open, "approved by ben (2026-11-21 11:00:00Z), carla (2026-11-21 11:59:00Z)")

	b.list("carla carla") // the list is read anew
	b.expect(q, delivery.Waiting, "the approval of ben (2026-11-21 11:00:00Z) does not count: allowed does not list its key for ben")
	b.list("ben ben valid-before=\"20261121110000Z\"", "carla carla")
	b.expect(q, delivery.Waiting, "line 1 of allowed: the key is listed, and has expired: it was valid before 2026-11-21T11:00:00Z")
	b.list("ben ben namespaces=\"git\"", "carla carla")
	b.expect(q, delivery.Waiting, "only, and this signature is in the namespace \"falkirk-approval\"")

	b.list("ben,carla ben", "carla carla", "carla carla2", "*@x ben")
	again := b.sign(yes("carla", 0), "carla2")
	b.expect(question(signedBy2, carla, again), delivery.Waiting, "1 of 2")
	twice := b.sign(yes("carla", 0), "ben")
	b.expect(question(signedBy2, ben, twice), delivery.Waiting, "is by the same key as that of ben")
	alias := b.sign(yes("ben2@x", 0), "ben")
	b.expect(question(signedBy2, ben, alias), delivery.Waiting, "is by the same key as that of ben")

	plainNo := no("carla", 0, "x") // not signed: it closes nothing
	b.expect(question(signedBy2, ben, carla, plainNo), delivery.Open, "ben")
	b.expect(question(signedBy2, ben, carla, b.sign(plainNo, "carla")), delivery.Shut, "rejected by carla")
	b.expect(question(signedBy2, ben, yes("carla", 0)), delivery.Waiting, "does not count: is not signed")
	b.expect(question(signedBy2, ben, with(carla, func(s *delivery.Signed) { s.Signature = "x" })), delivery.Waiting, "its signature cannot be read")

	for _, change := range []func() error{
		func() error { return os.Remove(filepath.Join(b.dir, "allowed")) },
		func() error { return os.Mkdir(filepath.Join(b.dir, "allowed"), 0o700) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		b.expect(q, delivery.Shut, "the list of signers allowed cannot be read: ")
	}
}

// TestTampering changes each field of a signed approval, together with the
// question where it would fit otherwise.
func TestTampering(t *testing.T) {
	t.Parallel()
	b := newBoard(t, "ben")
	b.list("ben,zoe ben")
	until := noon.Add(time.Hour)
	signed := b.sign(with(yes("ben", time.Minute), func(s *delivery.Signed) { s.Until, s.Reason = &until, "checked" }), "ben")
	const settings = `{"signed":true,"signers":"allowed"}`
	b.expect(question(settings, signed), delivery.Open, "ben")
	later := until.Add(time.Second)
	for name, change := range map[string]func(*delivery.Signed, *delivery.Question){
		"app":         func(s *delivery.Signed, q *delivery.Question) { s.App, q.Operation.App = "x", "x" },
		"environment": func(s *delivery.Signed, q *delivery.Question) { s.Environment, q.Operation.Environment = "x", "x" },
		"version":     func(s *delivery.Signed, q *delivery.Question) { s.Version, q.Operation.Version = "x", "x" },
		"plan":        func(s *delivery.Signed, q *delivery.Question) { s.Plan, q.Plan = "x", "x" },
		"by":          func(s *delivery.Signed, _ *delivery.Question) { s.By = "zoe" },
		"at":          func(s *delivery.Signed, _ *delivery.Question) { s.At = s.At.Add(time.Second) },
		"until":       func(s *delivery.Signed, _ *delivery.Question) { s.Until = &later },
		"no until":    func(s *delivery.Signed, _ *delivery.Question) { s.Until = nil },
		"reason":      func(s *delivery.Signed, _ *delivery.Question) { s.Reason = "" },
		"rejects":     func(s *delivery.Signed, _ *delivery.Question) { s.Rejects = true },
		"line breaks": func(s *delivery.Signed, _ *delivery.Question) { s.Reason = "checked\"\nuntil -" },
	} {
		s, q := signed, question(settings)
		change(&s, &q)
		q.Approvals = []delivery.Signed{s}
		if v := ask(t, b.dir, q, noon); v.Answer != delivery.Waiting || !strings.Contains(v.Reason, "its signature is not over what it says") {
			t.Errorf("%s: %s: %s", name, v.Answer, v.Reason)
		}
	}
	zone := signed // the same instant is no change
	zone.At = zone.At.In(time.FixedZone("", 3600))
	b.expect(question(settings, zone), delivery.Open, "ben")
}

// TestClockJumps asks the same with clocks that are wrong.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	q := question(`{"expires":"24h"}`, yes("ben", 0))
	for at, want := range map[time.Time]delivery.Answer{
		noon.Add(-3 * time.Minute):          delivery.Waiting,
		noon.Add(-365 * 24 * time.Hour):     delivery.Waiting,
		noon.Add(-2 * time.Minute):          delivery.Open,
		noon.Add(24 * time.Hour):            delivery.Open,
		noon.Add(24*time.Hour + 1):          delivery.Waiting,
		noon.Add(50 * 365 * 24 * time.Hour): delivery.Waiting,
	} {
		if v := ask(t, "", q, at); v.Answer != want || (want == delivery.Waiting && !strings.Contains(v.Reason, "does not count")) {
			t.Errorf("at %s: %s: %s", at, v.Answer, v.Reason)
		}
	}
}

// TestName is the name that a key signs under, where nobody says one.
func TestName(t *testing.T) {
	t.Parallel()
	b := newBoard(t, "ben", "other")
	b.list("ben,boss ben", "zoe other valid-before=\"20200101\"")
	g := New(b.dir, groups, func() time.Time { return noon })
	key := func(name string) keys.Key {
		raw, err := os.ReadFile(filepath.Join(b.dir, name+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		return keys.Key{Path: name, Public: string(raw)}
	}
	for _, tt := range []struct{ settings, key, as, want, says string }{
		{`{"signed":true,"signers":"allowed"}`, "ben", "", "", "allowed has the names ben, boss for the key ben"},
		{`{"signed":true,"signers":"allowed"}`, "ben", "boss", "boss", ""},
		{`{"signed":true,"signers":"allowed","from":["@ops"]}`, "ben", "", "ben", ""},
		{`{"signed":true,"signers":"allowed"}`, "other", "", "", "the key is listed, and has expired"},
		{`{"signed":true,"signers":"gone"}`, "ben", "", "", "the list of signers gone cannot be read"},
	} {
		got, err := g.Name(question(tt.settings), key(tt.key), tt.as)
		if got != tt.want || (err == nil) != (tt.says == "") || (err != nil && !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s by %s: %q, %v", tt.settings, tt.key, got, err)
		}
	}
}
