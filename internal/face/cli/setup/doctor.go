package setup

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// DoctorCmd is the command doctor.
func DoctorCmd(f *ui.Face) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Doctor.Entry()),
		Use:         "doctor [ACCOUNT]", Short: "Ask AWS whether everything that the app needs there is allowed",
		Long: `Walks the chain of roles of every account of the app file, or of the one named, hop by
hop, and asks for each thing that provision, promote and prune will need in each region
whether it is allowed. The storeRole of each environment is examined with the store's
account: whether it can be assumed, may append to its own ledger, and to no other. IAM's simulator is asked where the role may use it; otherwise each
thing is tried in a way that changes nothing. For what is denied it prints the policy
statement that would allow it, and where to put that. It changes nothing.`,
		Example: "  falkirk doctor\n  falkirk doctor prd --output json",
		Args:    ui.AtMostOne("ACCOUNT"), GroupID: "see", ValidArgsFunction: f.CompleteAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := usecase.Do(cmd.Context(), f.Call(), f.Inspect.Doctor, inspect.DoctorQuery{Account: strings.Join(args, "")})
			if e.Accounts == nil {
				return err
			}
			f.Doc.Result = e
			_ = f.Text(func() { PrintExamination(f, e, all) })
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also list what is allowed")
	return cmd
}

// PrintExamination prints what is not allowed; with all also what is.
func PrintExamination(f *ui.Face, e delivery.Examination, all bool) {
	for _, a := range e.Accounts {
		ui.Fprintf(f.Out, "%s %s\n", a.Name, a.ID)
		printHops(f, a)
		for _, n := range a.Notes {
			ui.Fprintf(f.Out, "  %s %s\n", f.Paint(ui.Yellow, "note:"), n)
		}
		printFixes(f, "  ", a.Fixes)
		for _, c := range a.Checks {
			printPermission(f, c, all)
		}
		printUnknown(f, a.Checks)
	}
	excess := ""
	if e.Excess > 0 {
		excess = ui.Sprintf(", %d allowed that must not be", e.Excess)
	}
	ui.Fprintf(f.Out, "%d allowed, %d denied, %d unknown%s; %s of %d reached\n", e.Allowed, e.Denied, e.Unknown, excess, ui.Count(len(e.Accounts)-e.Broken, "account"), len(e.Accounts))
}

func printHops(f *ui.Face, a delivery.ExaminedAccount) {
	for _, h := range a.Hops {
		name := h.ARN
		if name == "" {
			name = h.Role
		}
		if h.Error != "" {
			ui.Fprintf(f.Out, "  %s %s: %s\n", f.Paint(ui.Red, "fails"), cmp.Or(name, "the starting credentials"), h.Error)
			continue
		}
		ui.Fprintf(f.Out, "  %s %s\n", f.Paint(ui.Green, "as"), name)
	}
	if last := a.Error; last != "" && (len(a.Hops) == 0 || a.Hops[len(a.Hops)-1].Error == "") {
		ui.Fprintf(f.Out, "  %s %s\n", f.Paint(ui.Red, "fails"), last)
	}
}

func printPermission(f *ui.Face, c delivery.Permission, all bool) {
	where := c.Where()
	switch c.Answer {
	case delivery.AccessAllowed:
		if all {
			ui.Fprintf(f.Out, "  %s %s: %s on %s\n", f.Paint(ui.Green, "allowed"), where, c.Action, c.Resource)
		}
	case delivery.AccessDenied:
		ui.Fprintf(f.Out, "  %s  %s: %s on %s\n      %s\n", f.Paint(ui.Red, "denied"), where, c.Action, c.Resource, c.Why)
		printFixes(f, "      ", c.Fixes)
	case delivery.AccessExcess:
		ui.Fprintf(f.Out, "  %s  %s: %s on %s\n      must not be allowed: %s\n", f.Paint(ui.Red, "excess"), where, c.Action, c.Resource, c.Why)
	}
}

// printUnknown prints what could not be asked for one reason on one line.
func printUnknown(f *ui.Face, checks []delivery.Permission) {
	type group struct{ where, note string }
	var order []group
	actions := map[group][]string{}
	for _, c := range checks {
		if c.Answer != delivery.AccessUnknown {
			continue
		}
		g := group{c.Where(), c.Note}
		if len(actions[g]) == 0 {
			order = append(order, g)
		}
		if !slices.Contains(actions[g], c.Action) {
			actions[g] = append(actions[g], c.Action)
		}
	}
	for _, g := range order {
		ui.Fprintf(f.Out, "  %s %s: %s: %s\n", f.Paint(ui.Yellow, "unknown"), g.where, strings.Join(actions[g], ", "), g.note)
	}
}

func printFixes(f *ui.Face, pad string, fixes []delivery.StatementToAdd) {
	for i, x := range fixes {
		word := "add to "
		if i > 0 {
			word = "and, where it is not there yet, to "
		}
		var pretty strings.Builder
		enc := json.NewEncoder(&pretty)
		enc.SetEscapeHTML(false)
		enc.SetIndent(pad, "  ")
		if enc.Encode(x.Statement) == nil {
			ui.Fprintf(f.Plain, "%s%s%s:\n%s%s", pad, word, x.Where, pad, ui.Block(pretty.String()))
		}
	}
}
