package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPositions(t *testing.T) {
	t.Parallel()
	for use, want := range map[string]string{
		"promote VERSION --to ENVIRONMENT": "VERSION", "why VERSION ENVIRONMENT": "VERSION ENVIRONMENT", "rollback ENVIRONMENT [--to VERSION]": "ENVIRONMENT",
		"pack [--version VERSION]": "", "sync [NAME...]": "NAME...", "tag IMAGE TAG...": "IMAGE TAG...", "approve PLAN|ENVIRONMENT": "PLAN|ENVIRONMENT",
		"reject PLAN|ENVIRONMENT --reason TEXT": "PLAN|ENVIRONMENT", "diff A [B]": "A B", "status [ENVIRONMENT]": "ENVIRONMENT",
	} {
		if d := cmp.Diff(want, strings.Join(positions(use), " ")); d != "" {
			t.Errorf("%s: %s", use, d)
		}
	}
}
