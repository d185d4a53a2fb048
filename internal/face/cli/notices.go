package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// warnUnsent ends the sending of notices. What could not be sent is said, and
// changes nothing about how the command ended.
func (f *face) warnUnsent() {
	if f.flush == nil {
		return
	}
	for _, w := range f.flush() {
		f.warn("%s", w)
	}
}

func (f *face) noticesCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "notices", Short: "Try the notices of the app file", GroupID: "see"}
	cmd.AddCommand(&cobra.Command{
		Annotations: asks(f.Inspect.TestNotices.Entry()),
		Use:         "test [NAME]", Short: "Send a sample to every channel, or to one",
		Args: atMostOne("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := f.callWith(func(ev usecase.Event) {
				if ev.Sent == nil {
					f.heard(ev)
				} else if !f.isJSON() {
					fprintf(f.Out, "%s %s (%s)\n", f.paint(green, "sent"), ev.Sent.Name, ev.Sent.Kind)
				}
			})
			sent, err := usecase.Do(cmd.Context(), c, f.Inspect.TestNotices, inspect.TestNoticesQuery{Name: strings.Join(args, "")})
			if sent != nil {
				f.doc.Result = sent
			}
			return err
		},
	})
	return cmd
}
