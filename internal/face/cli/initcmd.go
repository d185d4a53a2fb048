package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"falkirk/internal/config/detect"
)

func (f *face) initCmd() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Annotations: does(EffectMachine),
		Use:         "init [FOLDER]", Short: "Write a commented falkirk.yml for what is here",
		Args: atMostOne("FOLDER"), GroupID: "app",
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return f.init(dir, dryRun)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the file and write nothing")
	return cmd
}

func (f *face) init(dir string, dryRun bool) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find %s: %w", dir, err)
	}
	guess, err := detect.Detect(dir)
	if err != nil {
		return err
	}
	answers, err := detect.Questions(guess, f.asker())
	if err != nil {
		return err
	}
	text := detect.Render(guess, answers)
	path := filepath.Join(dir, "falkirk.yml")
	f.doc.Result = map[string]any{"file": path, "text": string(text), "written": !dryRun}
	if dryRun {
		return f.text(func() { fmt.Fprint(f.Out, string(text)) })
	}
	if err := detect.Write(path, text); err != nil {
		return err
	}
	return f.text(func() {
		fprintf(f.Out, "wrote %s\n  next: falkirk config check, then falkirk pack --version 0.1.0; keep .falkirk/ out of git\n", path)
	})
}

// asker asks at a terminal; with --yes or without a terminal the default is
// the answer.
func (f *face) asker() detect.Ask {
	return func(question, standard string) (string, error) {
		if f.yes || !f.Ask || f.isJSON() {
			return standard, nil
		}
		fprintf(f.Err, "%s [%s] ", question, standard)
		if s := f.readLine(); s != "" {
			return s, nil
		}
		return standard, nil
	}
}
