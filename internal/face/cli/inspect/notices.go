package inspect

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// WarnUnsent ends the sending of notices. What could not be sent is said, and
// changes nothing about how the command ended.
func WarnUnsent(f *ui.Face) {
	if f.Flush == nil {
		return
	}
	for _, w := range f.Flush() {
		f.Warn("%s", w)
	}
}

// NoticesCmd is the command notices.
func NoticesCmd(f *ui.Face) *cobra.Command {
	cmd := &cobra.Command{Use: "notices", Short: "Try the notices of the app file", GroupID: "see"}
	cmd.AddCommand(&cobra.Command{
		Annotations: ui.Asks(f.Inspect.TestNotices.Entry()),
		Use:         "test [NAME]", Short: "Send a sample to every channel, or to one",
		Args: ui.AtMostOne("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := f.CallWith(func(ev usecase.Event) {
				if ev.Sent == nil {
					f.Heard(ev)
				} else if !f.IsJSON() {
					ui.Fprintf(f.Out, "%s %s (%s)\n", f.Paint(ui.Green, "sent"), ev.Sent.Name, ev.Sent.Kind)
				}
			})
			sent, err := usecase.Do(cmd.Context(), c, f.Inspect.TestNotices, inspect.TestNoticesQuery{Name: strings.Join(args, "")})
			if sent != nil {
				f.Doc.Result = sent
			}
			return err
		},
	})
	return cmd
}
