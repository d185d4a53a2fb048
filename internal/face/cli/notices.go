package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
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

// warn says something beside the result, in text and in the document.
func (f *face) warn(format string, args ...any) {
	text := sprintf(format, args...)
	f.doc.Warnings = append(f.doc.Warnings, text)
	fprintf(f.Err, "%s %s\n", f.paint(yellow, "warning:"), text)
}

func (f *face) noticesCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "notices", Short: "Try the notices of the app file", GroupID: "see"}
	cmd.AddCommand(&cobra.Command{
		Annotations: does(EffectWrites),
		Use:         "test [NAME]", Short: "Send a sample to every channel, or to one",
		Args: atMostOne("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			wanted, err := noticesNamed(app, args)
			if err != nil {
				return err
			}
			sent, failed := []string{}, []error{}
			for _, s := range wanted {
				if err := app.TryNotice(cmd.Context(), s, f.Actor); err != nil {
					failed = append(failed, err)
					continue
				}
				sent = append(sent, s.Name)
				_ = f.text(func() { fprintf(f.Out, "%s %s (%s)\n", f.paint(green, "sent"), s.Name, s.Kind) })
			}
			f.doc.Result = sent
			if err := errors.Join(failed...); fault.HintOf(err) == "" {
				return fault.Hint(err, "correct the channel under notices in the app file, then: falkirk notices test")
			}
			return errors.Join(failed...)
		},
	})
	return cmd
}

func noticesNamed(app *App, only []string) ([]delivery.NoticeSetting, error) {
	all := app.Engine.App.Notices
	if len(all) == 0 {
		return nil, fault.Hint(fault.New(fault.NotFound, "the app file has no notices"), "add notices: to it, see falkirk schema")
	}
	if len(only) == 0 {
		return all, nil
	}
	var names []string
	for _, s := range all {
		if s.Name == only[0] {
			return []delivery.NoticeSetting{s}, nil
		}
		names = append(names, s.Name)
	}
	return nil, fault.Hint(fault.New(fault.NotFound, "no notice %q", only[0]), "the notices are %v", names)
}
