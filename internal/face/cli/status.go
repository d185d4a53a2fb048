package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/engine"
)

func (f *face) statusCmd() *cobra.Command {
	return &cobra.Command{
		Use: "status [ENVIRONMENT]", Short: "What is live where, since when, by whom, what stands ready, drift",
		Args: atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			only := strings.Join(args, "")
			all, err := app.Engine.Status(cmd.Context(), only)
			f.doc.Result = append([]engine.Status{}, all...)
			if textErr := f.text(func() { f.printStatus(all) }); textErr != nil {
				return textErr
			}
			return err
		},
	}
}

func (f *face) printStatus(all []engine.Status) {
	rows := [][]string{{"ENVIRONMENT", "REGION", "COMPONENT", "LIVE", "SINCE", "BY", "READY", "URL"}}
	var notes []string
	for _, st := range all {
		for i, c := range st.Components {
			row := []string{"", "", c.Component, orDash(c.Live), "", "", orDash(strings.Join(others(c), " ")), orDash(c.URL)}
			if i == 0 {
				row[0] = st.Environment
			}
			if i == 0 || st.Components[i-1].Place != c.Place {
				row[1] = c.Place.Region
			}
			if st.Since != nil && c.Live == st.Live {
				row[4], row[5] = moment(*st.Since), st.By
			}
			rows = append(rows, row)
		}
		notes = append(notes, f.notes(st)...)
	}
	table(f.Out, rows)
	for _, n := range notes {
		fmt.Fprintln(f.Out, n)
	}
}

// others lists what stands ready beside the live release.
func others(c engine.ComponentStatus) []string {
	var out []string
	for _, v := range c.Ready {
		if v != c.Live {
			out = append(out, v)
		}
	}
	return out
}

// notes are the things about an environment that somebody should look at.
func (f *face) notes(st engine.Status) []string {
	var out []string
	if op := st.Running; op != nil {
		out = append(out, fmt.Sprintf("%s %s: %s by %s since %s, operation %s",
			f.paint(yellow, "running"), st.Environment, heading(*op), op.Actor, moment(op.At), op.ID))
	}
	if st.Unsettled && st.Running == nil {
		out = append(out, fmt.Sprintf("%s %s: a promotion has not come to its end; repeat it, or falkirk rollback %s",
			f.paint(yellow, "unsettled"), st.Environment, st.Environment))
	}
	for _, c := range st.Components {
		for _, d := range c.Drift {
			out = append(out, fmt.Sprintf("%s %s in %s: %s", f.paint(yellow, "drift"), c.Component, c.Place, d))
		}
		if c.Error != "" {
			out = append(out, fmt.Sprintf("%s %s in %s: %s", f.paint(red, "unknown"), c.Component, c.Place, c.Error))
		}
	}
	return out
}
