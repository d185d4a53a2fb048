package cli

import (
	"context"
	"errors"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"

	"github.com/spf13/cobra"
)

func (f *face) showOrphans(st engine.Status) {
	if f.isJSON() {
		f.doc.Warnings = append(f.doc.Warnings, usecase.OrphanLines(st, "orphaned")...)
		return
	}
	for _, line := range f.orphans(st) {
		fprintln(f.Err, line)
	}
}

// orphans names what is live where the app file has nothing any more.
func (f *face) orphans(st engine.Status) []string {
	return usecase.OrphanLines(st, f.paint(yellow, "orphaned"))
}

// explain is the error of a command that asks for no use case, as a use case
// explains its own.
func (f *face) explain(ctx context.Context, cmd *cobra.Command, err error) error {
	var unknown delivery.UnknownEnvironment
	if len(CasesOf(cmd)) > 0 || !errors.As(err, &unknown) {
		return err
	}
	if f.app == nil { // the command needed no store
		if _, openErr := f.open(ctx, func(engine.Event) {}); openErr != nil {
			return err
		}
	}
	return f.app.Explain(ctx, err)
}
