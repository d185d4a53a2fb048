package setup

import (
	"slices"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

// BlueprintCmd is the command blueprint.
func BlueprintCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Does(ui.EffectReads),
		Use:         "blueprint [NAME]", GroupID: "app",
		Short: "Print a CloudFormation template for what releases land in",
		Long: `Prints a template that is ready to be used: put it into your repository, make a
component of it (stack: {template: FILE}, target: {stack: {when: provision}}), and
provision makes what the other components land in. Without a name it lists them.`,
		Example: "  falkirk blueprint site > infra/web.yaml",
		Args:    ui.AtMostOne("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				f.Doc.Result = f.Blueprints
				return f.Text(func() { listBlueprints(f) })
			}
			i := slices.IndexFunc(f.Blueprints, func(b setup.Blueprint) bool { return b.Name == args[0] })
			if i < 0 {
				return fault.Hint(fault.New(fault.NotFound, "there is no blueprint %q", args[0]), "falkirk blueprint lists them")
			}
			f.Doc.Result = map[string]string{"name": args[0], "template": string(f.Blueprints[i].Template)}
			return f.Text(func() { ui.Fprintf(f.Plain, "%s", ui.Block(f.Blueprints[i].Template)) })
		},
	}
}

func listBlueprints(f *ui.Face) {
	rows := [][]string{{"NAME", "WHAT IT MAKES"}}
	for _, b := range f.Blueprints {
		rows = append(rows, []string{b.Name, b.Doc})
	}
	ui.Table(f.Out, rows)
}
