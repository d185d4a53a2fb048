package project

import (
	"runtime"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
)

// VersionCmd is the command version.
func VersionCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Does(ui.EffectReads),
		Use:         "version", Short: "Which build of falkirk this is", Args: ui.Exactly(0, "no arguments"), GroupID: "app",
		RunE: func(*cobra.Command, []string) error {
			v := f.Version
			v.Go, v.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
			f.Doc.Result = v
			return f.Text(func() {
				ui.Fprintf(f.Out, "falkirk %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			})
		},
	}
}
