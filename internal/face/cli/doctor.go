package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

// Accounts is what the commands work with that look after AWS accounts.
type Accounts struct {
	Falkirk string              // the version that the app file pins
	Redact  func(string) string // takes secrets out of a text
	Names   []string            // of the accounts
	Examine Examiner
	Prepare setup.Preparer
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
	Excess   int               `json:"excess"`  // allowed, and must not be
	Broken   int               `json:"broken"`  // accounts that cannot be reached
}

// ExaminedAccount is one account of the app file.
type ExaminedAccount struct {
	Name        string           `json:"name"`
	Environment string           `json:"environment,omitempty"` // whose record the role writes (its storeRole); empty: the account's own role
	ID          string           `json:"id"`
	Role        string           `json:"role,omitempty"`
	Hops        []ExaminedHop    `json:"hops"`            // of the chain of roles; the first are the starting credentials
	Error       string           `json:"error,omitempty"` // why it cannot be reached
	Hint        string           `json:"hint,omitempty"`  // the next step, where the cause is not the chain of roles
	Err         error            `json:"-"`               // the same, with its kind
	Fixes       []StatementToAdd `json:"fixes,omitempty"` // one of them may be enough
	Notes       []string         `json:"notes,omitempty"`
	Checks      []Permission     `json:"checks"`
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
	Answer      string           `json:"answer"`         // allowed, denied, unknown, or excess: allowed, and must not be
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
whether it is allowed. The storeRole of each environment is examined with the store's
account: whether it can be assumed, may append to its own ledger, and to no other. IAM's simulator is asked where the role may use it; otherwise each
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
	var lacking, excess []string
	account := ""
	for _, a := range e.Accounts {
		if a.Error != "" {
			return a.unreachable()
		}
		for _, c := range a.Checks {
			name, _, _ := strings.Cut(a.Name, " ") // of the account that the role is in
			switch c.Answer {
			case "denied":
				account, lacking = name, append(lacking, c.Action+" on "+c.Resource+" in account "+a.Name)
			case "excess":
				account, excess = name, append(excess, a.Role+" may "+c.Action+" on "+c.Resource)
			}
		}
	}
	if len(lacking) > 0 {
		err := fault.New(fault.Refused, "denied: %s", firstThree(lacking))
		return fault.Hint(err, "falkirk create account %s, or add the statements above by hand", account)
	}
	if len(excess) > 0 {
		err := fault.New(fault.Refused, "allowed, and must not be: %s", firstThree(excess))
		return fault.Hint(err, "remove the statement that allows it from the policies of that role and of the bucket; falkirk create account %s writes those that are needed", account)
	}
	return nil
}

func firstThree(all []string) string {
	text := strings.Join(all[:min(3, len(all))], "; ")
	if len(all) > 3 {
		text += sprintf("; and %d more", len(all)-3)
	}
	return text
}

// unreachable says that the account cannot be reached, and what to do.
func (a ExaminedAccount) unreachable() error {
	if a.Hint != "" {
		return fault.Hint(fault.New(fault.KindOf(a.Err), "account %s (%s) cannot be reached: %s", a.Name, a.ID, a.Error), "%s", a.Hint)
	}
	if a.Environment != "" {
		name, _, _ := strings.Cut(a.Name, " ")
		err := fault.New(fault.Refused, "the storeRole of environment %s (%s) cannot be assumed: %s", a.Environment, a.Role, a.Error)
		return fault.Hint(err, "falkirk create account %s --principal %s=ARN makes the role and lets ARN assume it; then falkirk doctor %s", name, a.Environment, name)
	}
	err := fault.New(fault.Refused, "account %s (%s) cannot be reached: %s", a.Name, a.ID, a.Error)
	return fault.Hint(err, "correct the chain of accounts.%s, then falkirk doctor %s", a.Name, a.Name)
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
	excess := ""
	if e.Excess > 0 {
		excess = sprintf(", %d allowed that must not be", e.Excess)
	}
	fprintf(f.Out, "%d allowed, %d denied, %d unknown%s; %s of %d reached\n", e.Allowed, e.Denied, e.Unknown, excess, count(len(e.Accounts)-e.Broken, "account"), len(e.Accounts))
}

func (f *face) printHops(a ExaminedAccount) {
	for _, h := range a.Hops {
		name := h.ARN
		if name == "" {
			name = h.Role
		}
		if h.Error != "" {
			fprintf(f.Out, "  %s %s: %s\n", f.paint(red, "fails"), cmp.Or(name, "the starting credentials"), h.Error)
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
	case "excess":
		fprintf(f.Out, "  %s  %s: %s on %s\n      must not be allowed: %s\n", f.paint(red, "excess"), where, c.Action, c.Resource, c.Why)
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
			fprintf(f.plain, "%s%s%s:\n%s%s", pad, word, x.Where, pad, block(pretty.String()))
		}
	}
}
