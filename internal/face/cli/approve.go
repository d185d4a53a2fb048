package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// word is one call of approve or reject.
type word struct {
	*change
	rejects bool
	reason  string
	expires time.Duration
	key, as string
	goOn    bool // --continue
}

func (f *face) approveCmd() *cobra.Command {
	w := &word{change: &change{face: f}}
	cmd := &cobra.Command{
		Annotations: does(EffectDecides),
		Use:         "approve PLAN|ENVIRONMENT",
		Short:       "Say yes to exactly the plan that waits",
		Long: `Says yes to a plan: the one that waits in an environment, one named by its digest
or the first digits of it, or one in a file that "falkirk plan --save" wrote. The
plan is made anew and shown; if something else would be done by now, nothing is
approved. Where a gate wants it, or with --key, the approval is signed by
ssh-keygen, with the key that git signs with or the first usual one in ~/.ssh.`,
		Example: "  falkirk approve prd\n  falkirk approve prd --continue\n  falkirk approve sha256:3f2a --expires 8h --key ~/.ssh/id_ed25519",
		Args:    exactly(1, "one PLAN or ENVIRONMENT"), GroupID: "decide", ValidArgsFunction: f.completeWaiting,
		RunE: func(cmd *cobra.Command, args []string) error { return w.run(cmd.Context(), args[0]) },
	}
	w.wordFlags(cmd)
	cmd.Flags().StringVar(&w.reason, "reason", "", "why, for the record")
	cmd.Flags().DurationVar(&w.expires, "expires", 0, "count no longer after this time, such as 8h")
	cmd.Flags().BoolVar(&w.goOn, "continue", false, "if that opens the gates, do what waits at once")
	return cmd
}

func (f *face) rejectCmd() *cobra.Command {
	w := &word{change: &change{face: f}, rejects: true}
	cmd := &cobra.Command{
		Annotations: does(EffectDecides),
		Use:         "reject PLAN|ENVIRONMENT --reason TEXT",
		Short:       "Say no to exactly the plan that waits",
		Long: `Says no to a plan, which closes the gates that ask for approvals of it, or, where
the app file says so, only takes back one's own approval. Approving it later takes
the no back.`,
		Example: "  falkirk reject prd --reason 'the migration is not tested'",
		Args:    exactly(1, "one PLAN or ENVIRONMENT"), GroupID: "decide", ValidArgsFunction: f.completeWaiting,
		RunE: func(cmd *cobra.Command, args []string) error { return w.run(cmd.Context(), args[0]) },
	}
	w.wordFlags(cmd)
	cmd.Flags().StringVar(&w.reason, "reason", "", "why; everybody who waits reads it")
	_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	return cmd
}

func (w *word) wordFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.key, "key", "", "sign with this SSH key `FILE`; the public half will do where an agent has the other")
	cmd.Flags().StringVar(&w.as, "as", "", "the `NAME` to sign under (default: the one that the list of signers has for the key)")
}

func (w *word) run(ctx context.Context, arg string) error {
	if w.expires < 0 || w.expires > 0 && w.expires < time.Second {
		return fault.New(fault.Invalid, "--expires %s is over before anybody can ask", w.expires)
	}
	app, err := w.open(ctx, func(engine.Event) {})
	if err != nil {
		return err
	}
	m, err := w.matter(ctx, app, arg)
	if err != nil {
		return err
	}
	gates, err := app.Assent.Count(m.env, m.question())
	if err != nil {
		return err
	}
	if len(gates) == 0 {
		return fault.New(fault.Refused, "no gate of %s asks people about %s", m.env.Name, heading(m.op))
	}
	said, err := w.say(ctx, app, m, gates)
	w.doc.Result = said
	if err != nil || !said.Open || !w.goOn {
		return err
	}
	return w.goOnWith(ctx, m)
}

// assentDocument is the JSON of approve and reject.
type assentDocument struct {
	Plan     usecase.Plan      `json:"plan"`
	Approval delivery.Approval `json:"approval"`
	Changed  bool              `json:"changed"` // false: that person had said so before
	Open     bool              `json:"open"`    // every gate that asks people is
	Gates    []Tally           `json:"gates"`
	Next     string            `json:"next,omitempty"`
}

// say shows what it is about, asks, signs, and writes it down, unless it would
// not count.
func (w *word) say(ctx context.Context, app *App, m matter, gates []Tally) (assentDocument, error) {
	doc := assentDocument{Plan: usecase.NewPlan(m.plan, m.digest), Gates: gates, Open: allOpen(gates)}
	who, err := w.signer(ctx, app, m, gates)
	if err != nil {
		return doc, err
	}
	if !w.quiet || !w.yes {
		_ = w.text(func() { w.printMatter(m, gates) })
	}
	if old, is := w.before(m, gates, who.Name); is {
		doc.Approval, doc.Next = old, m.next(doc.Open)
		return doc, w.text(func() {
			fprintf(w.Out, "nothing to do: %s\n", spoken(old))
			w.printGates(doc)
		})
	}
	if err := w.agree(m, who.Name); err != nil {
		return doc, err
	}
	signed, err := w.signed(ctx, app, m, who)
	if err != nil {
		return doc, err
	}
	doc.Approval = signed.Approval
	m.rec.Approvals = append(m.rec.Approvals, signed)
	if doc.Gates, err = app.Assent.Count(m.env, m.question()); err != nil {
		return doc, err
	}
	if err := counts(signed, doc.Gates); err != nil {
		return doc, err
	}
	_, err = app.Engine.Ledger(m.env.Name).Decide(ctx, delivery.Entry{
		Event: delivery.Decided, Approval: &signed.Approval,
		Operation: delivery.Operation{
			ID: signed.Operation, Verb: w.verb(), App: signed.App, Environment: signed.Environment, Version: signed.Version,
			Actor: w.Actor, Reason: signed.Reason, At: app.Engine.Now().UTC(),
		},
	})
	if err != nil {
		return doc, err
	}
	doc.Changed, doc.Open = true, allOpen(doc.Gates)
	doc.Next = m.next(doc.Open)
	return doc, w.text(func() {
		fprintf(w.Out, "%s %s\n", w.paint(green, "done:"), spoken(signed.Approval))
		w.printGates(doc)
	})
}

func (w *word) verb() delivery.Verb {
	if w.rejects {
		return delivery.VerbReject
	}
	return delivery.VerbApprove
}

// signer is who speaks: the login, or the name of the key where a gate wants a
// signature or a key is given.
func (w *word) signer(ctx context.Context, app *App, m matter, gates []Tally) (Signer, error) {
	login, _, _ := strings.Cut(w.Actor, "@")
	if w.key == "" && !anySigned(gates) {
		if w.as != "" && w.as != login && w.as != w.Actor {
			err := fault.New(fault.Invalid, "you are %s here; another name needs a key that it belongs to", w.Actor)
			return Signer{}, fault.Hint(err, "give --key FILE")
		}
		return Signer{Name: cmp.Or(w.as, login)}, nil
	}
	s, err := app.Assent.Signer(ctx, m.env, m.question(), w.key, w.as)
	if s.Name == "" {
		s.Name = login
	}
	return s, err
}

// signed is the word, signed where there is a key. Its time comes after what
// that person said before, for the newest word is the one that holds.
func (w *word) signed(ctx context.Context, app *App, m matter, who Signer) (delivery.Signed, error) {
	now := app.Engine.Now().UTC().Truncate(time.Second)
	at := now
	for _, s := range m.rec.Approvals {
		if s.By == who.Name && s.Plan == m.digest && !s.At.Before(at) && s.At.Before(now.Add(time.Minute)) {
			at = s.At.UTC().Add(time.Second)
		}
	}
	a := delivery.Approval{
		App: m.op.App, Environment: m.env.Name, Version: m.op.Version, Plan: m.digest,
		By: who.Name, Rejects: w.rejects, At: at, Reason: app.Redact(w.reason),
	}
	if w.expires > 0 {
		until := now.Add(w.expires.Truncate(time.Second))
		a.Until = &until
	}
	var err error
	if who.Sign != nil {
		a.Signature, err = who.Sign(ctx, a.Message(), w.Err)
	}
	return delivery.Signed{Approval: a, Operation: app.Engine.NewID(), Actor: w.Actor}, err
}

// agree asks whoever sits at the terminal.
func (w *word) agree(m matter, who string) error {
	verb := string(w.verb())
	if w.yes {
		return nil
	}
	refusal := fault.New(fault.Refused, "%s plan %s: not confirmed", verb, short(m.digest))
	if !w.Ask {
		return fault.Hint(refusal, "look at the plan, then repeat the command with --yes")
	}
	fprintf(w.Err, "%s it as %s? [y/N] ", strings.ToUpper(verb[:1])+verb[1:], who)
	if answer := strings.ToLower(w.readLine()); answer != "y" && answer != "yes" {
		return fault.Hint(refusal, "nothing was written; answer y, or give --yes")
	}
	return nil
}

// goOnWith does what waited, as the command that is told would.
func (w *word) goOnWith(ctx context.Context, m matter) error {
	return w.change.run(ctx, engine.Request{
		Verb: m.op.Verb, Environment: m.env.Name, Version: m.op.Version, Reason: m.op.Reason, Override: m.op.Override,
	})
}
