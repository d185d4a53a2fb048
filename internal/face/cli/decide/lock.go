package decide

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// LockCmd is the command lock.
func LockCmd(f *ui.Face) *cobra.Command {
	cmd := &cobra.Command{Use: "lock", Short: "Who has an environment, and taking it away", GroupID: "decide"}
	cmd.AddCommand(lockShowCmd(f), lockStealCmd(f))
	return cmd
}

func lockShowCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Asks(f.Decide.LockShow.Entry()),
		Use:         "show [ENVIRONMENT]", Short: "Who has an environment, since when, and what it is doing",
		Args: ui.AtMostOne("ENVIRONMENT"), ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			locks, err := usecase.Do(cmd.Context(), f.Call(), f.Decide.LockShow, decide.LockShowQuery{Environment: strings.Join(args, "")})
			if err != nil {
				return err
			}
			f.Doc.Result = locks
			return f.Text(func() {
				for _, l := range locks {
					PrintLock(f, l)
				}
			})
		},
	}
}

// PrintLock prints which operation has an environment.
func PrintLock(f *ui.Face, l delivery.Lock) {
	if !l.Held {
		ui.Fprintf(f.Out, "%s %s\n", f.Paint(ui.Green, "free"), l.Environment)
		return
	}
	ui.Fprintf(f.Out, "%s %s: %s by %s since %s, operation %s\n", f.Paint(ui.Yellow, "held"), l.Environment,
		ui.Heading(*l.Operation), l.Operation.Actor, ui.Moment(*l.Since), l.Operation.ID)
	if l.Holder != nil {
		ui.Fprintf(f.Out, "    %s, lease until %s\n", l.Holder, l.Lease.Format(time.RFC3339))
	}
	ui.Fprintf(f.Out, "    last: %s\n", l.Doing)
	if l.Dead != "" {
		ui.Fprintf(f.Out, "    %s, so the next command takes it over\n", l.Dead)
	}
}

func lockStealCmd(f *ui.Face) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Decide.LockSteal.Entry()),
		Use:         "steal ENVIRONMENT", Short: "End the operation that has an environment, also when its process lives",
		Long: `Ends the operation that has an environment, and waits until its process can write
nothing more: the process finds out when it renews its lease, or its lease ends. That
takes up to lease and request of the app file's lock, by default 25 seconds after the
last renewal. A process that has ended needs no stealing: the next command takes over.`,
		Args: ui.Exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := decide.LockStealQuery{Consent: usecase.Consent{Yes: f.Yes}, Environment: args[0], Reason: reason}
			was, err := usecase.WithConsent(cmd.Context(), f.CallWith(func(ev usecase.Event) { heardWatching(f, ev) }), f.Decide.LockSteal, q, f.AskConsent)
			if err != nil {
				return err
			}
			f.Doc.Result = was
			return f.Text(func() { printStolen(f, was) })
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; the former holder reads it, and it is kept in the ledger")
	_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	return cmd
}

// heardWatching also shows what is waited for.
func heardWatching(f *ui.Face, ev usecase.Event) {
	if ev.Run == nil {
		f.Heard(ev)
		return
	}
	if ev.Run.Kind == engine.Watching && !f.Quiet && !f.IsJSON() {
		ui.Fprintln(f.Err, ev.Run.Note)
	}
}

func printStolen(f *ui.Face, was delivery.Lock) {
	if !was.Held {
		ui.Fprintf(f.Out, "nothing to do: nobody has %s\n", was.Environment)
		return
	}
	ui.Fprintf(f.Out, "%s %s is free; %s by %s was ended\n", f.Paint(ui.Green, "done:"), was.Environment, ui.Heading(*was.Operation), was.Operation.Actor)
	ui.Fprintf(f.Out, "  next: falkirk status %s, and repeat what was ended, or falkirk rollback %s\n", was.Environment, was.Environment)
}
