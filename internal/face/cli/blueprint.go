package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

func (f *face) blueprintCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "blueprint [NAME]", GroupID: "app",
		Short: "Print a CloudFormation template for what releases land in",
		Long: `Prints a template that is ready to be used: put it into your repository, make a
component of it (stack: {template: FILE}, target: {stack: {when: provision}}), and
provision makes what the other components land in. Without a name it lists them.`,
		Example: "  falkirk blueprint site > infra/web.yaml",
		Args:    atMostOne("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				f.doc.Result = f.Blueprints
				return f.text(f.listBlueprints)
			}
			i := slices.IndexFunc(f.Blueprints, func(b setup.Blueprint) bool { return b.Name == args[0] })
			if i < 0 {
				return fault.Hint(fault.New(fault.NotFound, "there is no blueprint %q", args[0]), "falkirk blueprint lists them")
			}
			f.doc.Result = map[string]string{"name": args[0], "template": string(f.Blueprints[i].Template)}
			return f.text(func() { fprintf(f.plain, "%s", block(f.Blueprints[i].Template)) })
		},
	}
}

func (f *face) listBlueprints() {
	rows := [][]string{{"NAME", "WHAT IT MAKES"}}
	for _, b := range f.Blueprints {
		rows = append(rows, []string{b.Name, b.Doc})
	}
	table(f.Out, rows)
}
