package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/regular"
	"falkirk/internal/usecase/release"
)

// mostSaved is the most bytes that a saved plan may have.
const mostSaved = 64 << 20

func (f *face) applyCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Apply.Entry()),
		Use:         "apply FILE",
		Short:       "Carry out a saved plan, if nothing has changed since it was made",
		Long: `Carries out a plan that "falkirk plan --save" wrote. If the app file, the release,
the environment or its ledger have changed since, the command names what has and
does nothing. A plan that was applied in part is finished by the same command.`,
		Example: "  falkirk plan 1.4.0 --to prd --phase promote --save p.json\n  falkirk apply p.json",
		Args:    exactly(1, "one FILE"), GroupID: "life",
		RunE: func(cmd *cobra.Command, args []string) error {
			saved, err := readSaved(args[0])
			if err != nil {
				return err
			}
			return changed(cmd.Context(), c, f.Release.Apply, release.ApplyQuery{Consent: c.flagged(), Saved: saved})
		},
	}
	cmd.Flags().BoolVar(&c.follow, "follow", false, "with --output json: one line per event, then the document on a line")
	return cmd
}

func (f *face) planShowCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "show FILE", Short: "Show a saved plan", Args: exactly(1, "one FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			saved, err := readSaved(args[0])
			if err != nil {
				return err
			}
			f.doc.Result = saved
			return f.text(func() {
				f.printPlan(saved.Plan, saved.Digest)
				fprintf(f.Out, "made by %s at %s; falkirk apply %s\n", saved.MadeBy, moment(saved.MadeAt), args[0])
			})
		},
	}
}

// readSaved reads a saved plan and refuses one that has been edited.
func readSaved(path string) (engine.Saved, error) {
	file, err := regular.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return engine.Saved{}, fault.Hint(fault.New(fault.NotFound, "no saved plan %s", path), "falkirk plan VERSION --to ENVIRONMENT --save %s", path)
	}
	if err != nil {
		return engine.Saved{}, fault.New(fault.Invalid, "read the saved plan: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(file, mostSaved))
	if err = errors.Join(err, file.Close()); err != nil {
		return engine.Saved{}, fault.New(fault.Invalid, "read the saved plan %s: %w", path, err)
	}
	var s engine.Saved
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return engine.Saved{}, fault.New(fault.Invalid, "%s is not a saved plan: %w", path, err)
	}
	if err := s.Check(); err != nil {
		return engine.Saved{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// writeSaved writes a whole plan or none.
func writeSaved(path string, s engine.Saved) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the plan: %w", err)
	}
	if err := regular.Write(path, 0o600, bytes.NewReader(append(raw, '\n'))); err != nil {
		return fault.New(fault.Invalid, "save the plan: %w", err)
	}
	return nil
}
