package cli

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

func (f *face) lockCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "lock", Short: "Who has an environment, and taking it away", GroupID: "decide"}
	cmd.AddCommand(f.lockShowCmd(), f.lockStealCmd())
	return cmd
}

func (f *face) lockShowCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: asks(f.Decide.LockShow.Entry()),
		Use:         "show [ENVIRONMENT]", Short: "Who has an environment, since when, and what it is doing",
		Args: atMostOne("ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			locks, err := usecase.Do(cmd.Context(), f.call(), f.Decide.LockShow, decide.LockShowQuery{Environment: strings.Join(args, "")})
			if err != nil {
				return err
			}
			f.doc.Result = locks
			return f.text(func() {
				for _, l := range locks {
					f.printLock(l)
				}
			})
		},
	}
}

func (f *face) printLock(l delivery.Lock) {
	if !l.Held {
		fprintf(f.Out, "%s %s\n", f.paint(green, "free"), l.Environment)
		return
	}
	fprintf(f.Out, "%s %s: %s by %s since %s, operation %s\n", f.paint(yellow, "held"), l.Environment,
		heading(*l.Operation), l.Operation.Actor, moment(*l.Since), l.Operation.ID)
	if l.Holder != nil {
		fprintf(f.Out, "    %s, lease until %s\n", l.Holder, l.Lease.Format(time.RFC3339))
	}
	fprintf(f.Out, "    last: %s\n", l.Doing)
	if l.Dead != "" {
		fprintf(f.Out, "    %s, so the next command takes it over\n", l.Dead)
	}
}

func (f *face) lockStealCmd() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Annotations: asks(f.Decide.LockSteal.Entry()),
		Use:         "steal ENVIRONMENT", Short: "End the operation that has an environment, also when its process lives",
		Long: `Ends the operation that has an environment, and waits until its process can write
nothing more: the process finds out when it renews its lease, or its lease ends. That
takes up to lease and request of the app file's lock, by default 25 seconds after the
last renewal. A process that has ended needs no stealing: the next command takes over.`,
		Args: exactly(1, "one ENVIRONMENT"), ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := decide.LockStealQuery{Consent: usecase.Consent{Yes: f.yes}, Environment: args[0], Reason: reason}
			was, err := usecase.WithConsent(cmd.Context(), f.callWith(f.heardWatching), f.Decide.LockSteal, q, f.askConsent)
			if err != nil {
				return err
			}
			f.doc.Result = was
			return f.text(func() { f.printStolen(was) })
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; the former holder reads it, and it is kept in the ledger")
	_ = cmd.MarkFlagRequired("reason") // fails only for a flag that does not exist
	return cmd
}

// heardWatching also shows what is waited for.
func (f *face) heardWatching(ev usecase.Event) {
	if ev.Run == nil {
		f.heard(ev)
		return
	}
	if ev.Run.Kind == engine.Watching && !f.quiet && !f.isJSON() {
		fprintln(f.Err, ev.Run.Note)
	}
}

func (f *face) printStolen(was delivery.Lock) {
	if !was.Held {
		fprintf(f.Out, "nothing to do: nobody has %s\n", was.Environment)
		return
	}
	fprintf(f.Out, "%s %s is free; %s by %s was ended\n", f.paint(green, "done:"), was.Environment, heading(*was.Operation), was.Operation.Actor)
	fprintf(f.Out, "  next: falkirk status %s, and repeat what was ended, or falkirk rollback %s\n", was.Environment, was.Environment)
}
