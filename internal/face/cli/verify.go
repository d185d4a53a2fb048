package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// verification is one call of verify.
type verification struct {
	*face
	anchor bool
	since  string
	blobs  bool
}

func (f *face) verifyCmd() *cobra.Command {
	v := &verification{face: f}
	cmd := &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "verify [ENVIRONMENT]", Short: "Prove that no entry of a ledger was changed, removed or forged",
		Long: `Reads every entry of the ledgers, of all environments and of the whole app or of the
environment named, also of environments that the app file no longer names. Each entry is
proved by the hash that the next one has of it, the last by the head beside the log, and
all by their signatures where the app file has ledger.signers.

Who can write everything in the store can write a new log with new hashes. An anchor, kept
elsewhere, finds that: --anchor prints the number and hash of the last entry of each ledger,
and --since ANCHOR proves that the ledgers still have these entries.`,
		Example: "  falkirk verify\n  falkirk verify --anchor > anchor.txt\n  falkirk verify --since anchor.txt",
		Args:    atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd.Context(), args) },
	}
	cmd.Flags().BoolVar(&v.anchor, "anchor", false, "print the number and hash of the last entry of each ledger, to keep elsewhere")
	cmd.Flags().StringVar(&v.since, "since", "", "prove that the ledgers still have what this `ANCHOR` names: a file, or its text")
	cmd.Flags().BoolVar(&v.blobs, "blobs", false, "read every blob of the store instead, and name what is damaged or missing and which releases need it")
	cmd.MarkFlagsMutuallyExclusive("anchor", "since", "blobs")
	return cmd
}

func (v *verification) run(ctx context.Context, args []string) error {
	app, err := v.open(ctx, func(engine.Event) {})
	if err != nil {
		return err
	}
	if v.blobs {
		return v.proveBlobs(ctx, app, args)
	}
	anchors, err := v.anchors(app, args)
	if err != nil {
		return err
	}
	names, err := app.StoredLedgers(ctx, strings.Join(args, ""), anchors...)
	if err == nil && len(args) == 0 {
		err = v.noteOthers(ctx, app)
	}
	if err != nil {
		return err
	}
	if v.anchor {
		return v.printAnchors(ctx, app, names)
	}
	proofs := []delivery.Proof{}
	for _, name := range names {
		p, err := prove(ctx, app.Ledger(name), anchors, name)
		if err != nil {
			return err
		}
		proofs = append(proofs, p)
	}
	v.doc.Result = proofs
	if err := v.text(func() { v.printProofs(proofs) }); err != nil {
		return err
	}
	v.noteOrphans(ctx, app, names...)
	return unsound(proofs)
}

// noteOthers warns of what lies between the ledgers and is none.
func (v *verification) noteOthers(ctx context.Context, app *App) error {
	_, others, err := app.Ledgers(ctx)
	for _, name := range others {
		text := sprintf("ledger/%s/%s is not read: no environment can have this name", app.Engine.App.Name, name)
		v.doc.Warnings = append(v.doc.Warnings, text)
		fprintf(v.Err, "%s %s\n", v.paint(yellow, "warning:"), text)
	}
	return err
}

// anchors reads the anchor that is asked about.
func (v *verification) anchors(app *App, only []string) ([]delivery.Anchor, error) {
	if v.since == "" {
		return nil, nil
	}
	text := v.since
	if !strings.ContainsAny(text, " \n{") {
		raw, err := regular.Read(text, text, mostSaved)
		if err != nil {
			return nil, fault.Hint(fault.New(fault.Invalid, "read the anchor: %w", err), "name the file of an anchor; falkirk verify --anchor prints one")
		}
		text = string(raw)
	}
	all, err := delivery.ParseAnchors(text)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.App != app.Engine.App.Name {
			return nil, fault.New(fault.Invalid, "the anchor is of the app %s, and the app file is of %s", a.App, app.Engine.App.Name)
		}
	}
	if len(only) == 1 {
		all = slices.DeleteFunc(all, func(a delivery.Anchor) bool { return a.Environment != only[0] })
		if len(all) == 0 {
			return nil, fault.New(fault.Invalid, "the anchor has no line of %s", only[0])
		}
	}
	return all, nil
}

func (v *verification) printAnchors(ctx context.Context, app *App, names []string) error {
	all := []delivery.Anchor{}
	for _, name := range names {
		a, err := app.Ledger(name).Anchor(ctx)
		if err != nil {
			return err
		}
		all = append(all, a)
	}
	v.doc.Result = all
	return v.text(func() {
		for _, a := range all {
			fprintln(v.Out, a)
		}
	})
}

// prove verifies one ledger, and that it has what the anchors say.
func prove(ctx context.Context, log Log, anchors []delivery.Anchor, name string) (delivery.Proof, error) {
	p, err := log.Verify(ctx)
	if err != nil {
		return p, err
	}
	for _, a := range anchors {
		if a.Environment != name {
			continue
		}
		gone, err := log.Contains(ctx, a)
		if err != nil {
			return p, err
		}
		p.Anchored = max(p.Anchored, a.Number)
		if gone != nil && p.Broken == nil {
			gone.Text = "by the anchor: " + gone.Text
			p.Broken = gone
		}
	}
	if len(anchors) > 0 && !slices.ContainsFunc(anchors, func(a delivery.Anchor) bool { return a.Environment == name }) {
		p.Notes = append(p.Notes, "the anchor has no line of it")
	}
	return p, nil
}
