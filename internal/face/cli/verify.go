package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

func (f *face) verifyCmd() *cobra.Command {
	return &cobra.Command{
		Use: "verify [ENVIRONMENT]", Short: "Prove that no entry of a ledger was edited or removed",
		Long: `Reads every entry of the ledgers, of all environments and of the whole app or of the
environment named, and proves each by the hash that the next one has of it, the last
by the head beside the log. It names the first entry that is not as it was written.`,
		Args: atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			names, err := logNames(app, args)
			if err != nil {
				return err
			}
			proofs := []delivery.Proof{}
			for _, name := range names {
				p, err := app.Ledger(name).Verify(cmd.Context())
				if err != nil {
					return err
				}
				proofs = append(proofs, p)
			}
			f.doc.Result = proofs
			if err := f.text(func() { f.printProofs(proofs) }); err != nil {
				return err
			}
			return broken(proofs)
		},
	}
}

// logNames are the ledgers of an app, or the one asked for.
func logNames(app *App, only []string) ([]string, error) {
	if len(only) == 1 {
		_, err := app.Engine.App.Environment(only[0])
		return only, err
	}
	var names []string
	for _, env := range app.Engine.App.Environments {
		names = append(names, env.Name)
	}
	return append(names, delivery.Everywhere), nil
}

func (f *face) printProofs(all []delivery.Proof) {
	for _, p := range all {
		name := where(delivery.Operation{Environment: p.Environment})
		switch {
		case p.Broken != nil:
			fmt.Fprintf(f.Out, "%s %s: entry %d was %s, %s\n    %s\n", f.paint(red, "broken"), name, p.Broken.Number, p.Broken.What, p.Broken.Key, p.Broken.Text)
		case p.Entries == 0:
			fmt.Fprintf(f.Out, "%s %s: nothing has happened yet\n", f.paint(green, "whole"), name)
		default:
			fmt.Fprintf(f.Out, "%s %s: %s, the last has the hash %s\n", f.paint(green, "whole"), name, plural(p.Entries, "entry", "entries"), p.Hash[:19])
		}
		for _, n := range p.Notes {
			fmt.Fprintf(f.Out, "    %s %s\n", f.paint(yellow, "note:"), n)
		}
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func broken(all []delivery.Proof) error {
	for _, p := range all {
		if p.Broken != nil {
			err := fault.New(fault.Tampered, "the ledger of %s is not as it was written: entry %d was %s", where(delivery.Operation{Environment: p.Environment}), p.Broken.Number, p.Broken.What)
			return fault.Hint(err, "restore %s from a copy or an older version of the object", p.Broken.Key)
		}
	}
	return nil
}
