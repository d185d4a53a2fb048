package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
)

func (f *face) configCmd() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check or show the app file", GroupID: "app"}
	cmd.AddCommand(f.configCheckCmd(), f.configShowCmd())
	return cmd
}

func (f *face) configCheckCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "check", Short: "Say everything that is wrong with the app file", Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			file, err := f.loadBy(func(path string, kinds config.Kinds, getenv func(string) (string, bool)) (*config.File, error) {
				return config.Check(path, kinds, getenv, f.Files)
			})
			if err != nil {
				return err
			}
			a := file.App
			f.doc.Result = map[string]any{
				"file": file.Path, "app": a.Name,
				"components": len(a.Components), "environments": len(a.Environments),
			}
			for _, w := range file.Warnings {
				f.doc.Warnings = append(f.doc.Warnings, w.Place()+": "+w.Message())
			}
			return f.text(func() {
				for _, w := range file.Warnings {
					fprintf(f.Err, "%s %s\n", f.paint(yellow, "warning:"), folded(w.String()))
				}
				fprintf(f.Out, "%s is right: app %s, %s, %s\n", file.Path, a.Name,
					count(len(a.Components), "component"), count(len(a.Environments), "environment"))
			})
		},
	}
}

func (f *face) configShowCmd() *cobra.Command {
	var origins bool
	cmd := &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "show", Short: "Print the app file after defaults and inheritance, without secrets",
		Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			file, err := f.load()
			if err != nil {
				return err
			}
			show := file.Show
			if origins {
				show = file.ShowOrigins
			}
			text, err := show()
			if err != nil {
				return err
			}
			if f.isJSON() {
				f.doc.Result, err = file.ShowJSON()
				return err
			}
			_, err = f.Out.Write(text)
			return err
		},
	}
	cmd.Flags().BoolVar(&origins, "origins", false, "say of each value where it comes from")
	return cmd
}

// load reads the whole app file: whatever is wrong with it is an error.
func (f *face) load() (*config.File, error) { return f.loadBy(config.Load) }

func (f *face) schemaCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "schema", Short: "Print the JSON Schema of the app file, for editors",
		Long: `Prints the JSON Schema (draft 2020-12) of falkirk.yml. Save it beside the app
file and put this on the first line of falkirk.yml:

  # yaml-language-server: $schema=falkirk.schema.json`,
		Args: exactly(0, "no arguments"), GroupID: "app",
		RunE: func(*cobra.Command, []string) error {
			raw, err := config.Schema(f.Kinds)
			if err != nil {
				return err
			}
			f.doc.Result = json.RawMessage(raw)
			return f.text(func() { fprintln(f.plain, block(raw)) })
		},
	}
}
