package cli

import (
	"runtime"

	"github.com/spf13/cobra"
)

// Version says which build this is.
type Version struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a work tree with changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

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
