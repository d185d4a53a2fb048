package ui

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

func (f *Face) showOrphans(st engine.Status) {
	if f.IsJSON() {
		f.Doc.Warnings = append(f.Doc.Warnings, usecase.OrphanLines(st, "orphaned")...)
		return
	}
	for _, line := range f.orphans(st) {
		Fprintln(f.Err, line)
	}
}

// orphans names what is live where the app file has nothing any more.
func (f *Face) orphans(st engine.Status) []string {
	return usecase.OrphanLines(st, f.Paint(Yellow, "orphaned"))
}

// Explain is the error of a command that asks for no use case, as a use case
// explains its own.
func (f *Face) Explain(ctx context.Context, cmd *cobra.Command, err error) error {
	var unknown delivery.UnknownEnvironment
	if len(CasesOf(cmd)) > 0 || !errors.As(err, &unknown) {
		return err
	}
	if f.app == nil { // the command needed no store
		if _, openErr := f.OpenApp(ctx, func(engine.Event) {}); openErr != nil {
			return err
		}
	}
	return f.app.Explain(ctx, err)
}
