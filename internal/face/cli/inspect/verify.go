package inspect

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/regular"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// verification is one call of verify.
type verification struct {
	*ui.Face
	anchor bool
	since  string
	blobs  bool
}

// VerifyCmd is the command verify.
func VerifyCmd(f *ui.Face) *cobra.Command {
	v := &verification{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Verify.Entry(), f.Inspect.Anchor.Entry(), f.Inspect.VerifyBlobs.Entry()),
		Use:         "verify [ENVIRONMENT]", Short: "Prove that no entry of a ledger was changed, removed or forged",
		Long: `Reads every entry of the ledgers, of all environments and of the whole app or of the
environment named, also of environments that the app file no longer names. Each entry is
proved by the hash that the next one has of it, the last by the head beside the log, and
all by their signatures where the app file has ledger.signers.

Who can write everything in the store can write a new log with new hashes. An anchor, kept
elsewhere, finds that: --anchor prints the number and hash of the last entry of each ledger,
and --since ANCHOR proves that the ledgers still have these entries.`,
		Example: "  falkirk verify\n  falkirk verify --anchor > anchor.txt\n  falkirk verify --since anchor.txt",
		Args:    ui.AtMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd.Context(), args) },
	}
	cmd.Flags().BoolVar(&v.anchor, "anchor", false, "print the number and hash of the last entry of each ledger, to keep elsewhere")
	cmd.Flags().StringVar(&v.since, "since", "", "prove that the ledgers still have what this `ANCHOR` names: a file, or its text")
	cmd.Flags().BoolVar(&v.blobs, "blobs", false, "read every blob of the store instead, and name what is damaged or missing and which releases need it")
	cmd.MarkFlagsMutuallyExclusive("anchor", "since", "blobs")
	return cmd
}

func (v *verification) run(ctx context.Context, args []string) error {
	environment := strings.Join(args, "")
	switch {
	case v.blobs && environment != "":
		return fault.New(fault.Invalid, "blobs belong to no environment: give --blobs without %s", environment)
	case v.blobs:
		return v.proveBlobs(ctx)
	case v.anchor:
		return v.anchors(ctx, environment)
	}
	since, err := readAnchor(v.since)
	if err != nil {
		return err
	}
	c, showNotes := v.Held()
	proofs, err := usecase.Do(ctx, c, v.Inspect.Verify, inspect.VerifyQuery{Environment: environment, Since: since})
	if proofs != nil {
		v.Doc.Result = proofs
		_ = v.Text(func() { printProofs(v.Face, proofs) })
	}
	showNotes()
	return err
}

// readAnchor is the text of an anchor: what was given, or what is in the file of that
// name.
func readAnchor(given string) (string, error) {
	if given == "" || strings.ContainsAny(given, " \n{") {
		return given, nil
	}
	raw, err := regular.Read(given, given, ui.MostSaved)
	if err != nil {
		return "", fault.Hint(fault.New(fault.Invalid, "read the anchor: %w", err), "name the file of an anchor; falkirk verify --anchor prints one")
	}
	if len(raw) == 0 {
		return "\n", nil // an anchor without a line, not none
	}
	return string(raw), nil
}

func (v *verification) anchors(ctx context.Context, environment string) error {
	all, err := usecase.Do(ctx, v.Call(), v.Inspect.Anchor, inspect.AnchorQuery{Environment: environment})
	if err != nil {
		return err
	}
	v.Doc.Result = all
	return v.Text(func() {
		for _, a := range all {
			ui.Fprintln(v.Out, a)
		}
	})
}

func (v *verification) proveBlobs(ctx context.Context) error {
	p, err := usecase.Do(ctx, v.Call(), v.Inspect.VerifyBlobs, inspect.VerifyBlobsQuery{})
	if p.Damaged == nil { // nothing was read
		return err
	}
	v.Doc.Result = p
	_ = v.Text(func() { printBlobs(v.Face, p) })
	return err
}
