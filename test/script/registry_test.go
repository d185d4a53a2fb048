package script

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"falkirk/test/cloud"
)

// TestRegistryScripts runs those of the folder registry against Debian's
// docker-registry, and a ministack as an account of Amazon's.
func TestRegistryScripts(t *testing.T) {
	t.Parallel()
	host := cloud.Registry(t, true)
	prod := cloud.Ministack(t, "222222222222")
	tools := filepath.Dir(cloud.Program(t, "aws"))
	cloud.Skopeo(t, "--version")
	runScripts(t, "registry", func(env *testscript.Env) error {
		for _, e := range prod.Env() {
			if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
				env.Setenv(name, value)
			}
		}
		env.Setenv("REGISTRY", host)
		env.Setenv("ECR", strings.TrimPrefix(prod.URL, "http://"))
		env.Setenv("PATH", env.Getenv("PATH")+string(filepath.ListSeparator)+tools)
		return nil
	})
}
