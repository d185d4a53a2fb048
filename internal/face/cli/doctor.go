package cli

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/fault"
)

// Accounts is what the commands work with that look after AWS accounts.
type Accounts struct {
	Falkirk string              // the version that the app file pins
	Redact  func(string) string // takes secrets out of a text
	Names   []string            // of the accounts
	Examine Examiner
	Prepare Preparer
}

// reach opens the accounts of the app file.
func (f *face) reach() (*Accounts, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	if err := f.fits(config.Pinned(path)); err != nil {
		return nil, err
	}
	all, err := f.Reach(path)
	if err != nil {
		return nil, err
	}
	f.hide(all.Redact)
	return all, f.fits(all.Falkirk)
}

// completeAccounts offers the names of accounts.
func (f *face) completeAccounts(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	all, err := f.reach()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return startingWith(all.Names, begun), cobra.ShellCompDirectiveNoFileComp
}

// Examiner asks for every thing that an app needs of its accounts whether it is
// allowed; of one account where it is named.
type Examiner func(ctx context.Context, account string) (Examination, error)

// Examination is what was found.
type Examination struct {
	Accounts []ExaminedAccount `json:"accounts"`
	Allowed  int               `json:"allowed"`
	Denied   int               `json:"denied"`
	Unknown  int               `json:"unknown"` // could not be asked
	Broken   int               `json:"broken"`  // accounts that cannot be reached
}

// ExaminedAccount is one account of the app file.
type ExaminedAccount struct {
	Name   string           `json:"name"`
	ID     string           `json:"id"`
	Role   string           `json:"role,omitempty"`
	Hops   []ExaminedHop    `json:"hops"`            // of the chain of roles; the first are the starting credentials
	Error  string           `json:"error,omitempty"` // why it cannot be reached
	Fixes  []StatementToAdd `json:"fixes,omitempty"` // one of them may be enough
	Notes  []string         `json:"notes,omitempty"`
	Checks []Permission     `json:"checks"`
}

// ExaminedHop is one step of a chain of roles.
type ExaminedHop struct {
	Role  string `json:"role,omitempty"`
	ARN   string `json:"arn,omitempty"`
	Error string `json:"error,omitempty"`
	Skew  string `json:"skew,omitempty"` // how far the clocks are apart, where that is a minute or more
}

// Permission is one action on one resource, and whether it is allowed.
type Permission struct {
	Environment string           `json:"environment,omitempty"`
	Region      string           `json:"region"`
	Sid         string           `json:"sid"`
	Why         string           `json:"why"`
	Action      string           `json:"action"`
	Resource    string           `json:"resource"`
	Answer      string           `json:"answer"`         // allowed, denied or unknown
	By          string           `json:"by,omitempty"`   // simulated or probed
	Note        string           `json:"note,omitempty"` // what AWS said, or why nothing is known
	Fixes       []StatementToAdd `json:"fixes,omitempty"`
}

// StatementToAdd is a policy statement and where it goes.
type StatementToAdd struct {
	Where     string          `json:"where"`
	Statement json.RawMessage `json:"statement"`
}

func (f *face) doctorCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "doctor [ACCOUNT]", Short: "Ask AWS whether everything that the app needs there is allowed",
		Long: `Walks the chain of roles of every account of the app file, or of the one named, hop by
hop, and asks for each thing that provision, promote and prune will need in each region
whether it is allowed. IAM's simulator is asked where the role may use it; otherwise each
thing is tried in a way that changes nothing. For what is denied it prints the policy
statement that would allow it, and where to put that. It changes nothing.`,
		Example: "  falkirk doctor\n  falkirk doctor prd --output json",
		Args:    atMostOne("ACCOUNT"), GroupID: "see", ValidArgsFunction: f.completeAccounts,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.reach()
			if err != nil {
				return err
			}
			e, err := app.Examine(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			f.doc.Result = e
			if err := f.text(func() { f.printExamination(e, all) }); err != nil {
				return err
			}
			return e.verdict()
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "also list what is allowed")
	return cmd
}

// verdict is an error where something is missing.
func (e Examination) verdict() error {
	var what []string
	account := ""
	for _, a := range e.Accounts {
		if a.Error != "" {
			err := fault.New(fault.Refused, "account %s (%s) cannot be reached: %s", a.Name, a.ID, a.Error)
			return fault.Hint(err, "mend the chain of accounts.%s, then falkirk doctor %s", a.Name, a.Name)
		}
		for _, c := range a.Checks {
			if c.Answer == "denied" {
				account = a.Name
				what = append(what, c.Action+" on "+c.Resource+" in account "+a.Name)
			}
		}
	}
	if len(what) == 0 {
		return nil
	}
	err := fault.New(fault.Refused, "denied: %s", strings.Join(what[:min(3, len(what))], "; "))
	if len(what) > 3 {
		err = fault.New(fault.Refused, "%w; and %d more", err, len(what)-3)
	}
	return fault.Hint(err, "falkirk create account %s, or add the statements above by hand", account)
}

func (f *face) printExamination(e Examination, all bool) {
	for _, a := range e.Accounts {
		fprintf(f.Out, "%s %s\n", a.Name, a.ID)
		f.printHops(a)
		for _, n := range a.Notes {
			fprintf(f.Out, "  %s %s\n", f.paint(yellow, "note:"), n)
		}
		f.printFixes("  ", a.Fixes)
		for _, c := range a.Checks {
			f.printPermission(c, all)
		}
		f.printUnknown(a.Checks)
	}
	fprintf(f.Out, "%d allowed, %d denied, %d unknown; %s of %d reached\n", e.Allowed, e.Denied, e.Unknown, count(len(e.Accounts)-e.Broken, "account"), len(e.Accounts))
}

func (f *face) printHops(a ExaminedAccount) {
	for _, h := range a.Hops {
		name := h.ARN
		if name == "" {
			name = h.Role
		}
		if h.Error != "" {
			fprintf(f.Out, "  %s %s: %s\n", f.paint(red, "fails"), orDash(name), h.Error)
			continue
		}
		fprintf(f.Out, "  %s %s\n", f.paint(green, "as"), name)
	}
	if last := a.Error; last != "" && (len(a.Hops) == 0 || a.Hops[len(a.Hops)-1].Error == "") {
		fprintf(f.Out, "  %s %s\n", f.paint(red, "fails"), last)
	}
}

func (f *face) printPermission(c Permission, all bool) {
	where := c.where()
	switch c.Answer {
	case "allowed":
		if all {
			fprintf(f.Out, "  %s %s: %s on %s\n", f.paint(green, "allowed"), where, c.Action, c.Resource)
		}
	case "denied":
		fprintf(f.Out, "  %s  %s: %s on %s\n      %s\n", f.paint(red, "denied"), where, c.Action, c.Resource, c.Why)
		f.printFixes("      ", c.Fixes)
	}
}

// where is the environment and the region; the store has no environment.
func (c Permission) where() string {
	if c.Environment == "" {
		return c.Region
	}
	return c.Environment + "/" + c.Region
}

// printUnknown prints what could not be asked for one reason on one line.
func (f *face) printUnknown(checks []Permission) {
	type group struct{ where, note string }
	var order []group
	actions := map[group][]string{}
	for _, c := range checks {
		if c.Answer != "unknown" {
			continue
		}
		g := group{c.where(), c.Note}
		if len(actions[g]) == 0 {
			order = append(order, g)
		}
		if !slices.Contains(actions[g], c.Action) {
			actions[g] = append(actions[g], c.Action)
		}
	}
	for _, g := range order {
		fprintf(f.Out, "  %s %s: %s: %s\n", f.paint(yellow, "unknown"), g.where, strings.Join(actions[g], ", "), g.note)
	}
}

func (f *face) printFixes(pad string, fixes []StatementToAdd) {
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
			fprintf(f.Out, "%s%s%s:\n%s%s", pad, word, x.Where, pad, block(pretty.String()))
		}
	}
}
