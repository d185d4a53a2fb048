package decide_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase/decide"
)

// TestOnlyThePlanThatWasSeenIsApproved: what changes between the look and the word
// makes it a conflict, and nothing is written.
func TestOnlyThePlanThatWasSeenIsApproved(t *testing.T) {
	t.Parallel()
	const lost = "is no longer what would be done"
	for name, c := range map[string]struct {
		meanwhile func(*world)
		kind      fault.Kind
		says      string
	}{
		"the environment changed": {func(w *world) { w.live["prd/eu"] = "2" }, fault.Conflict, lost},
		"another plan waits": {func(w *world) {
			w.live["prd/eu"] = "2"
			w.asks("prd", "1")
		}, fault.Conflict, "does not wait in prd any more: promote 1 in prd, plan sha256:"},
		"it is done": {func(w *world) {
			for _, who := range []string{"carla@desk", "eva@desk"} {
				q := decide.WordQuery{Environment: "prd", Plan: w.review(who, decide.ReviewQuery{Of: "prd"}).Plan.Digest}
				if _, err := w.ask(who, "decide.approve", q); err != nil {
					w.Fatal(err)
				}
			}
			if _, err := w.app.Engine.Run(w.Context(), engine.Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "1", Actor: "dora@ci"}); err != nil {
				w.Fatal(err)
			}
		}, fault.Refused, "no operation waits for approval in prd"},
	} {
		for _, verb := range []string{"decide.approve", "decide.reject"} {
			t.Run(name+" "+verb, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.asks("prd", "1")
				seen := w.review("ben@desk", decide.ReviewQuery{Of: "prd"})
				c.meanwhile(w)
				w.refused("ben@desk", verb, decide.WordQuery{Environment: "prd", Plan: seen.Plan.Digest, Reason: "r"}, c.kind, c.says)
			})
		}
	}
}

// TestWhoMayNotApproveIsRefusedFirst, and nothing is written.
func TestWhoMayNotApproveIsRefusedFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asks("prd", "1")
	seen := w.review("anna@laptop", decide.ReviewQuery{Of: "prd"})
	q := decide.WordQuery{Environment: "prd", Plan: seen.Plan.Digest}
	w.refused("anna@laptop", "decide.approve", q, fault.Refused, "not approved, and nothing was written: gate board does not count it: anna packed the release")
	q.Signature = "no signature"
	w.refused("ben@desk", "decide.approve", q, fault.Invalid, "a signature is over a time")
	q.By, q.At = "ben", time.Now().UTC().Truncate(time.Second)
	w.refused("ben@desk", "decide.approve", q, fault.Refused, "its signature cannot be read")
}

// key is an SSH key in memory.
func key(t *testing.T) (line string, sign func(message string) string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(signer.PublicKey())), func(message string) string {
		sig, err := sshsig.Sign(strings.NewReader(message), signer, sshsig.HashSHA512, delivery.SignatureNamespace)
		if err != nil {
			t.Fatal(err)
		}
		return string(sshsig.Armor(sig))
	}
}

// TestASignedWordFromAnotherMachine: the review gives the message for a public key, the
// signature is made elsewhere, and only what was signed is recorded.
func TestASignedWordFromAnotherMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	line, sign := key(t)
	if err := os.WriteFile(filepath.Join(w.dir, "signers"), []byte("ben "+line), 0o600); err != nil {
		t.Fatal(err)
	}
	w.asks("sig", "1")
	seen := w.review("web@server", decide.ReviewQuery{Of: "sig"})
	if !seen.Signed || seen.Word != nil || seen.Namespace != "falkirk-approval" {
		t.Errorf("without a key: %+v", seen)
	}
	other, _ := key(t)
	w.refused("web@server", "decide.review", decide.ReviewQuery{Of: "sig", PublicKey: other, KeyLabel: "k"}, fault.Refused, "signers lists nobody with the key k")
	ask := decide.ReviewQuery{Of: seen.Plan.Digest, PublicKey: line, Reason: "seen, hunter2", Expires: delivery.Duration(time.Hour)}
	seen = w.review("web@server", ask)
	if seen.Word == nil || seen.Word.By != "ben" || seen.Message != seen.Word.Message() || seen.Word.Reason != "seen, ***" {
		t.Fatalf("with a key: %+v", seen)
	}
	right := decide.WordQuery{
		Environment: "sig", Plan: seen.Plan.Digest, By: "ben", Reason: seen.Word.Reason, At: seen.Word.At, Until: seen.Word.Until, Signature: sign(seen.Message),
	}
	for name, change := range map[string]func(*decide.WordQuery){
		"another reason": func(q *decide.WordQuery) { q.Reason = "other" },
		"another name":   func(q *decide.WordQuery) { q.By = "carla" },
		"another time":   func(q *decide.WordQuery) { q.At = q.At.Add(-time.Second) },
		"no end":         func(q *decide.WordQuery) { q.Until = nil },
		"no signature":   func(q *decide.WordQuery) { q.By, q.Signature = "", "" },
	} {
		q, says := right, "its signature is not over what it says"
		if change(&q); q.Signature == "" {
			says = "is not signed"
		}
		t.Run(name, func(*testing.T) { w.refused("web@server", "decide.approve", q, fault.Refused, says) })
	}
	w.refused("web@server", "decide.reject", right, fault.Refused, "its signature is not over what it says")
	secret := right
	secret.Reason = ask.Reason
	w.refused("web@server", "decide.approve", secret, fault.Invalid, "has a secret in it")

	r, err := w.ask("web@server", "decide.approve", right)
	said, _ := r.(decide.WordResult)
	if err != nil || !said.Changed || !said.Open || said.Next != "falkirk promote 1 --to sig" {
		t.Fatalf("%+v, %v", said, err)
	}
	listed, err := w.ask("web@server", "decide.approvals", `{}`)
	all, _ := listed.(decide.ApprovalsResult)
	if err != nil || len(all) != 1 || all[0].Message != seen.Message || all[0].Signature != right.Signature || all[0].Actor != "web@server" {
		t.Errorf("%+v, %v", listed, err)
	}
}

// TestAnOldWordIsNotSaidAfterANewerOne: a word that was signed before the person changed
// their mind is a conflict.
func TestAnOldWordIsNotSaidAfterANewerOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asks("prd", "1")
	seen := w.review("ben@desk", decide.ReviewQuery{Of: "prd"})
	yes := decide.WordQuery{Environment: "prd", Plan: seen.Plan.Digest, At: seen.Word.At}
	no := decide.WordQuery{Environment: "prd", Plan: seen.Plan.Digest, Reason: "wait"}
	if _, err := w.ask("ben@desk", "decide.reject", no); err != nil {
		t.Fatal(err)
	}
	w.refused("ben@desk", "decide.approve", yes, fault.Conflict, "ben has said something about the plan at")
	yes.At = time.Time{} // said now
	if r, err := w.ask("ben@desk", "decide.approve", yes); err != nil || !r.(decide.WordResult).Changed {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestARejectionNeedsNoPlan: where the plan cannot be made again, an approval is refused
// and a rejection is recorded.
func TestARejectionNeedsNoPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asks("prd", "1")
	seen := w.review("ben@desk", decide.ReviewQuery{Of: "prd"})
	delete(w.app.Engine.Targets, "fake")
	if _, err := w.ask("ben@desk", "decide.review", decide.ReviewQuery{Of: "prd"}); err == nil {
		t.Error("the plan was made without its target")
	}
	again := w.review("ben@desk", decide.ReviewQuery{Of: "prd", Rejects: true})
	if again.Unmade == "" || again.Plan.Digest != seen.Plan.Digest {
		t.Errorf("%+v", again)
	}
	q := decide.WordQuery{Environment: "prd", Plan: seen.Plan.Digest, Reason: "no target"}
	if _, err := w.ask("ben@desk", "decide.approve", q); err == nil {
		t.Error("approved without a plan")
	}
	if r, err := w.ask("ben@desk", "decide.reject", q); err != nil || !r.(decide.WordResult).Changed {
		t.Errorf("%+v, %v", r, err)
	}
}
