package cli

import (
	"runtime"

	"github.com/spf13/cobra"
)

func (f *face) versionCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "version", Short: "Which build of falkirk this is", Args: exactly(0, "no arguments"), GroupID: "app",
		RunE: func(*cobra.Command, []string) error {
			v := f.Version
			v.Go, v.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
			f.doc.Result = v
			return f.text(func() {
				fprintf(f.Out, "falkirk %s (%s, %s)\n", v.Version, v.Go, v.Platform)
			})
		},
	}
}
