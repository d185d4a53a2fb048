package cli

import (
	"path/filepath"

	"falkirk/internal/usecase/setup"

	"github.com/spf13/cobra"
)

func (f *face) prdConfigsCmd() *cobra.Command {
	var r setup.ConfigsRequest
	cmd := &cobra.Command{
		Annotations: does(EffectMachine),
		Use:         "prd-configs [FOLDER]", Short: "Write prd-app-config.yml and ecr-sync-values.yml for production",
		Long: `Writes prd-app-config.yml and ecr-sync-values.yml into the folder of the app, with what
falkirk.yml and app-config.yml tell, and says what is to be filled in by hand. A file
that is there is never written over.`,
		Args: atMostOne("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if path, err := f.path(); err == nil {
				r.File, r.Folder = path, filepath.Dir(path)
			} else if f.file != "" {
				return err
			}
			if len(args) == 1 {
				r.Folder = args[0]
			}
			done, err := f.Configs(cmd.Context(), r)
			f.doc.Result = map[string]any{"files": done}
			if err != nil {
				return err
			}
			return f.text(func() { f.printConfigs(r, done) })
		},
	}
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "print the files and write nothing")
	return cmd
}

func (f *face) printConfigs(r setup.ConfigsRequest, files []setup.ConfigFile) {
	blanks := false
	for _, c := range files {
		if r.DryRun {
			fprintf(f.plain, "# %s\n%s", c.Path, block(c.Text))
			continue
		}
		word := c.State
		if word == "kept" {
			word = "kept as it was edited:"
		}
		fprintln(f.Out, word, c.Path)
		for _, b := range c.Blanks {
			blanks = true
			fprintf(f.Out, "  fill in %s: %s\n", b.Key, b.What)
		}
	}
	if !r.DryRun && blanks {
		fprintln(f.Out, "  next: fill that in, then falkirk create ecr-sync --dry-run")
	} else if !r.DryRun {
		fprintln(f.Out, "  next: falkirk create ecr-sync --dry-run")
	}
}
