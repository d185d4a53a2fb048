package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
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
		Annotations: asks(f.Inspect.Verify.Entry(), f.Inspect.Anchor.Entry(), f.Inspect.VerifyBlobs.Entry()),
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
	c, showNotes := v.held()
	proofs, err := usecase.Do(ctx, c, v.Inspect.Verify, inspect.VerifyQuery{Environment: environment, Since: since})
	if proofs != nil {
		v.doc.Result = proofs
		_ = v.text(func() { v.printProofs(proofs) })
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
	raw, err := regular.Read(given, given, mostSaved)
	if err != nil {
		return "", fault.Hint(fault.New(fault.Invalid, "read the anchor: %w", err), "name the file of an anchor; falkirk verify --anchor prints one")
	}
	if len(raw) == 0 {
		return "\n", nil // an anchor without a line, not none
	}
	return string(raw), nil
}

func (v *verification) anchors(ctx context.Context, environment string) error {
	all, err := usecase.Do(ctx, v.call(), v.Inspect.Anchor, inspect.AnchorQuery{Environment: environment})
	if err != nil {
		return err
	}
	v.doc.Result = all
	return v.text(func() {
		for _, a := range all {
			fprintln(v.Out, a)
		}
	})
}

func (v *verification) proveBlobs(ctx context.Context) error {
	p, err := usecase.Do(ctx, v.call(), v.Inspect.VerifyBlobs, inspect.VerifyBlobsQuery{})
	if p.Damaged == nil { // nothing was read
		return err
	}
	v.doc.Result = p
	_ = v.text(func() { v.printBlobs(p) })
	return err
}
