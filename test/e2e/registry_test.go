package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"falkirk/test/emulators"
	"falkirk/test/emulators/python"
	"falkirk/test/images"
)

// TestRegistryScripts runs those of the folder registry against Debian's
// docker-registry, and a ministack as an account of Amazon's.
func TestRegistryScripts(t *testing.T) {
	t.Parallel()
	host, source := emulators.Registry(t, true), emulators.Registry(t, true)
	if _, err := images.Small().Write(t.Context(), images.At(source)); err != nil {
		t.Fatal(err)
	}
	prod := emulators.Ministack(t, "222222222222")
	tools := python.AWSFolder(t)
	emulators.Skopeo(t, "--version")
	runScripts(t, "registry", func(env *testscript.Env) error {
		for _, e := range prod.Env() {
			if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
				env.Setenv(name, value)
			}
		}
		env.Setenv("REGISTRY", host)
		env.Setenv("SOURCE", source) // service-00 to -02, each with v1 and v2 for two platforms
		env.Setenv("ECR", strings.TrimPrefix(prod.URL, "http://"))
		env.Setenv("PATH", env.Getenv("PATH")+string(filepath.ListSeparator)+tools)
		return nil
	})
}
