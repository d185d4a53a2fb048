// Package project is the commands about the app file and this program.
// Each parses its flags into a request, asks a use case and prints the result.
package project

import (
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/face/cli/ui"
)

// ConfigCmd is the command config.
func ConfigCmd(f *ui.Face) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check or show the app file", GroupID: "app"}
	cmd.AddCommand(configCheckCmd(f), configShowCmd(f))
	return cmd
}

func configCheckCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Does(ui.EffectReads),
		Use:         "check", Short: "Say everything that is wrong with the app file", Args: ui.Exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			file, err := f.LoadBy(func(path string, kinds config.Kinds, getenv func(string) (string, bool)) (*config.File, error) {
				return config.Check(path, kinds, getenv, f.Files)
			})
			var found *config.CheckError
			if errors.As(err, &found) {
				warn(f, found.Warnings)
			}
			if err != nil {
				return err
			}
			a := file.App
			f.Doc.Result = map[string]any{
				"file": file.Path, "app": a.Name,
				"components": len(a.Components), "environments": len(a.Environments),
			}
			warn(f, file.Warnings)
			return f.Text(func() {
				ui.Fprintf(f.Out, "%s is right: app %s, %s, %s\n", file.Path, a.Name,
					ui.Count(len(a.Components), "component"), ui.Count(len(a.Environments), "environment"))
			})
		},
	}
}

// warn says what is allowed in an app file and may be a mistake.
func warn(f *ui.Face, all config.Problems) {
	for _, w := range all {
		f.Doc.Warnings = append(f.Doc.Warnings, w.Place()+": "+w.Message())
	}
	_ = f.Text(func() {
		for _, w := range all {
			ui.Fprintf(f.Err, "%s %s\n", f.Paint(ui.Yellow, "warning:"), ui.Folded(w.String()))
		}
	})
}

func configShowCmd(f *ui.Face) *cobra.Command {
	var origins bool
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectReads),
		Use:         "show", Short: "Print the app file after defaults and inheritance, without secrets",
		Args: ui.Exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			file, err := load(f)
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
			if f.IsJSON() {
				f.Doc.Result, err = file.ShowJSON()
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
func load(f *ui.Face) (*config.File, error) { return f.LoadBy(config.Load) }

// SchemaCmd is the command schema.
func SchemaCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Does(ui.EffectReads),
		Use:         "schema", Short: "Print the JSON Schema of the app file, for editors",
		Long: `Prints the JSON Schema (draft 2020-12) of falkirk.yml. Save it beside the app
file and put this on the first line of falkirk.yml:

  # yaml-language-server: $schema=falkirk.schema.json`,
		Args: ui.Exactly(0, "no arguments"), GroupID: "app",
		RunE: func(*cobra.Command, []string) error {
			raw, err := config.Schema(f.Kinds)
			if err != nil {
				return err
			}
			f.Doc.Result = json.RawMessage(raw)
			return f.Text(func() { ui.Fprintln(f.Plain, ui.Block(raw)) })
		},
	}
}
