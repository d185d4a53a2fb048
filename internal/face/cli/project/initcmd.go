package project

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"falkirk/internal/config/detect"
	"falkirk/internal/face/cli/ui"
)

// InitCmd is the command init.
func InitCmd(f *ui.Face) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectMachine),
		Use:         "init [FOLDER]", Short: "Write a commented falkirk.yml for what is here",
		Args: ui.AtMostOne("FOLDER"), GroupID: "app",
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return runInit(f, dir, dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the file and write nothing")
	return cmd
}

func runInit(f *ui.Face, dir string, dryRun bool) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find %s: %w", dir, err)
	}
	guess, err := detect.Detect(dir)
	if err != nil {
		return err
	}
	answers, err := detect.Questions(guess, asker(f))
	if err != nil {
		return err
	}
	text := detect.Render(guess, answers)
	path := filepath.Join(dir, "falkirk.yml")
	f.Doc.Result = map[string]any{"file": path, "text": string(text), "written": !dryRun}
	if dryRun {
		return f.Text(func() { fmt.Fprint(f.Out, string(text)) })
	}
	if err := detect.Write(path, text); err != nil {
		return err
	}
	return f.Text(func() {
		ui.Fprintf(f.Out, "wrote %s\n  next: falkirk config check, then falkirk pack --version 0.1.0; keep .falkirk/ out of git\n", path)
	})
}

// asker asks at a terminal; with --yes or without a terminal the default is
// the answer.
func asker(f *ui.Face) detect.Ask {
	return func(question, standard string) (string, error) {
		if f.Yes || !f.Ask || f.IsJSON() {
			return standard, nil
		}
		ui.Fprintf(f.Err, "%s [%s] ", question, standard)
		if s := f.ReadLine(); s != "" {
			return s, nil
		}
		return standard, nil
	}
}
