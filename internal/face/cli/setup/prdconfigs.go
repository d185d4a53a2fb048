package setup

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/setup"
)

func prdConfigsCmd(f *ui.Face) *cobra.Command {
	var r setup.ConfigsRequest
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectMachine),
		Use:         "prd-configs [FOLDER]", Short: "Write prd-app-config.yml and ecr-sync-values.yml for production",
		Long: `Writes prd-app-config.yml and ecr-sync-values.yml into the folder of the app, with what
falkirk.yml and app-config.yml tell, and says what is to be filled in by hand. A file
that is there is never written over.`,
		Args: ui.AtMostOne("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if path, err := f.Path(); err == nil {
				r.File, r.Folder = path, filepath.Dir(path)
			} else if f.AppFile != "" {
				return err
			}
			if len(args) == 1 {
				r.Folder = args[0]
			}
			done, err := f.Configs(cmd.Context(), r)
			f.Doc.Result = map[string]any{"files": done}
			if err != nil {
				return err
			}
			return f.Text(func() { printConfigs(f, r, done) })
		},
	}
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "print the files and write nothing")
	return cmd
}

func printConfigs(f *ui.Face, r setup.ConfigsRequest, files []setup.ConfigFile) {
	blanks := false
	for _, c := range files {
		if r.DryRun {
			ui.Fprintf(f.Plain, "# %s\n%s", c.Path, ui.Block(c.Text))
			continue
		}
		word := c.State
		if word == "kept" {
			word = "kept as it was edited:"
		}
		ui.Fprintln(f.Out, word, c.Path)
		for _, b := range c.Blanks {
			blanks = true
			ui.Fprintf(f.Out, "  fill in %s: %s\n", b.Key, b.What)
		}
	}
	if !r.DryRun && blanks {
		ui.Fprintln(f.Out, "  next: fill that in, then falkirk create ecr-sync --dry-run")
	} else if !r.DryRun {
		ui.Fprintln(f.Out, "  next: falkirk create ecr-sync --dry-run")
	}
}
