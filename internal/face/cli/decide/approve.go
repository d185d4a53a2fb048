package decide

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// Word is one call of approve or reject.
type Word struct {
	*ui.Change
	rejects bool
	reason  string
	expires time.Duration
	key, as string
	goOn    bool // --continue
	query   decide.WordQuery
}

// ApproveCmd is the command approve.
func ApproveCmd(f *ui.Face) *cobra.Command {
	w := &Word{Change: &ui.Change{Face: f}}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Decide.Approve.Entry(), f.Decide.Review.Entry()),
		Use:         "approve PLAN|ENVIRONMENT",
		Short:       "Say yes to exactly the plan that waits",
		Long: `Says yes to a plan: the one that waits in an environment, one named by its digest
or the first digits of it, or one in a file that "falkirk plan --save" wrote. The
plan is made again and shown; if something else would be done by now, nothing is
approved. Where a gate wants it, or with --key, the approval is signed by
ssh-keygen, with the key that git signs with or the first usual one in ~/.ssh.`,
		Example: "  falkirk approve prd\n  falkirk approve prd --continue\n  falkirk approve sha256:3f2a --expires 8h --key ~/.ssh/id_ed25519",
		Args:    ui.Exactly(1, "one PLAN or ENVIRONMENT"), GroupID: "decide", ValidArgsFunction: f.CompleteWaiting,
		RunE: func(cmd *cobra.Command, args []string) error { return w.run(cmd.Context(), args[0]) },
	}
	w.wordFlags(cmd)
	cmd.Flags().StringVar(&w.reason, "reason", "", "why, for the record")
	cmd.Flags().DurationVar(&w.expires, "expires", 0, "count no longer after this time, such as 8h")
	cmd.Flags().BoolVar(&w.goOn, "continue", false, "if that opens the gates, do what waits at once")
	return cmd
}

// RejectCmd is the command reject.
func RejectCmd(f *ui.Face) *cobra.Command {
	w := &Word{Change: &ui.Change{Face: f}, rejects: true}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Decide.Reject.Entry(), f.Decide.Review.Entry()),
		Use:         "reject PLAN|ENVIRONMENT --reason TEXT",
		Short:       "Say no to exactly the plan that waits",
		Long: `Says no to a plan, which closes the gates that ask for approvals of it, or, where
the app file says so, only takes back one's own approval. Approving it later takes
the no back.`,
		Example: "  falkirk reject prd --reason 'the migration is not tested'",
		Args:    ui.Exactly(1, "one PLAN or ENVIRONMENT"), GroupID: "decide", ValidArgsFunction: f.CompleteWaiting,
		RunE: func(cmd *cobra.Command, args []string) error { return w.run(cmd.Context(), args[0]) },
	}
	w.wordFlags(cmd)
	cmd.Flags().StringVar(&w.reason, "reason", "", "why; everybody who waits reads it")
	_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	return cmd
}

func (w *Word) wordFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&w.key, "key", "", "sign with this SSH key `FILE`; the public half will do where an agent has the other")
	cmd.Flags().StringVar(&w.as, "as", "", "the `NAME` to sign under (default: the one that the list of signers has for the key)")
}

// run shows what it is about, asks the person, signs, and says the word.
func (w *Word) run(ctx context.Context, arg string) error {
	call := w.Call()
	key, keyErr := w.SigningKey(ctx, w.key)
	seen, err := w.review(ctx, call, arg, key)
	if err == nil && (w.key != "" || seen.Signed) {
		err = keyErr
	}
	if seen.Plan.Digest != "" {
		w.Doc.Result = seen.WordResult
	}
	if err != nil {
		return err
	}
	if !w.Quiet || !w.Yes {
		_ = w.Text(func() { w.PrintReview(seen) })
	}
	said := seen.WordResult
	if !seen.Said {
		if said, err = w.say(ctx, call, seen, key); said.Plan.Digest != "" {
			w.Doc.Result = said
		}
	}
	if err != nil {
		return err
	}
	_ = w.Text(func() { w.PrintSaid(said) })
	if !said.Open || !w.goOn {
		return nil
	}
	return w.Again(ctx, seen.Operation)
}

// review asks what the argument means: an environment, a digest, or a file with a
// saved plan.
func (w *Word) review(ctx context.Context, call *usecase.Call, arg string, key ui.SigningKey) (decide.Review, error) {
	q := decide.ReviewQuery{
		Of: arg, Rejects: w.rejects, As: w.as, PublicKey: key.Public, KeyLabel: key.Path, Sign: w.key != "",
		Reason: w.reason, Expires: delivery.Duration(w.expires),
	}
	saved, fileErr := w.savedPlan(arg)
	if saved != nil {
		q.Saved, q.SavedAs = saved, arg
	}
	seen, err := usecase.Do(ctx, call, w.Decide.Review, q)
	var unknown delivery.UnknownEnvironment
	if fileErr != nil && errors.As(err, &unknown) {
		return seen, fileErr // there is a file of that name, and it is no saved plan
	}
	w.query = decide.WordQuery{Environment: seen.Operation.Environment, Plan: seen.Plan.Digest}
	if seen.OfSaved {
		w.query.Saved, w.query.SavedAs = q.Saved, q.SavedAs
	}
	return seen, err
}

// savedPlan reads the saved plan in a file of that name, if there is one.
func (w *Word) savedPlan(arg string) (*engine.Saved, error) {
	if _, err := os.Lstat(arg); err != nil || strings.HasPrefix(arg, "sha256:") {
		return nil, nil
	}
	saved, err := ui.ReadSaved(arg)
	if err != nil {
		return nil, err
	}
	return &saved, nil
}

// say asks the person, signs where that is wanted, and has the word recorded.
func (w *Word) say(ctx context.Context, call *usecase.Call, seen decide.Review, key ui.SigningKey) (decide.WordResult, error) {
	if err := w.confirmWord(seen); err != nil {
		return decide.WordResult{}, err
	}
	q := w.query
	q.By, q.Reason, q.At, q.Until = seen.Word.By, seen.Word.Reason, seen.Word.At, seen.Word.Until
	if w.key != "" || seen.Signed {
		var err error
		if q.Signature, err = key.Sign(ctx, seen.Message, seen.Namespace, w.Err); err != nil {
			return decide.WordResult{}, err
		}
	}
	k := w.Decide.Approve
	if w.rejects {
		k = w.Decide.Reject
	}
	return usecase.Do(ctx, call, k, q)
}

// confirmWord asks the person at the terminal.
func (w *Word) confirmWord(seen decide.Review) error {
	if w.Yes {
		return nil
	}
	verb, question := "approve", "Approve"
	if w.rejects {
		verb, question = "reject", "Reject"
	}
	refusal := fault.New(fault.Refused, "%s plan %s: not confirmed", verb, ui.Short(seen.Plan.Digest))
	if !w.Ask {
		return fault.Hint(refusal, "look at the plan, then repeat the command with --yes")
	}
	ui.Fprintf(w.Err, "%s it as %s? [y/N] ", question, seen.Word.By)
	if answer := strings.ToLower(w.ReadLine()); answer != "y" && answer != "yes" {
		return fault.Hint(refusal, "nothing was written; answer y, or give --yes")
	}
	return nil
}
