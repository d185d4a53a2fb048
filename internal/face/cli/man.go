package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// manCmd writes a manual page for every command. $SOURCE_DATE_EPOCH is the date
// on them.
func manCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Does(ui.EffectMachine),
		Use:         "man FOLDER", Hidden: true, Args: ui.Exactly(1, "a FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return fault.New(fault.Invalid, "make the folder for manual pages: %w", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{
				Section: "1", Manual: "Falkirk", Source: "falkirk " + strings.TrimPrefix(f.Version.Version, "v"),
			}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("write the manual pages: %w", err)
			}
			return nil
		},
	}
}
