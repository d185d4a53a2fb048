package registries_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/oci/signature"
	"falkirk/internal/registries"
	"falkirk/test/emulators"
	"falkirk/test/images"
	"falkirk/test/peers"
)

// What cosign writes into ECR is found there by ECR's own API.
func TestSignaturesInECR(t *testing.T) {
	t.Parallel()
	s, dir := emulators.Ministack(t, "111111111111"), t.TempDir()
	cosign := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), peers.Program(t, "cosign"), args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "COSIGN_PASSWORD=", "HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	cosign("generate-key-pair")
	raw, err := os.ReadFile(filepath.Join(dir, "cosign.pub"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := signature.ParseKeys(raw)
	if err != nil {
		t.Fatal(err)
	}
	for form, flags := range map[string][]string{"bundle": nil, "simple": {"--new-bundle-format=false"}} {
		s.CLI(t).Must(t, "ecr", "create-repository", "--repository-name", "team/"+form)
		image, err := images.At(strings.TrimPrefix(s.URL, "http://")).Image(t.Context(), "team/"+form, "test", 1)
		if err != nil {
			t.Fatal(err)
		}
		verify := func() error {
			r, err := registries.New(user{s, s.CLI(t)}).Repository(t.Context(), registries.Where{Region: "us-east-1"}, "team/"+form)
			if err == nil {
				_, err = signature.Policy{Keys: keys}.Verify(t.Context(), r, image.Digest)
			}
			return err
		}
		if err := verify(); !fault.Is(err, fault.Refused) {
			t.Errorf("%s, before: %v", form, err)
		}
		sign := []string{"sign", "--key", "cosign.key", "--tlog-upload=false", "--use-signing-config=false", "--yes", "--allow-http-registry", "--registry-username", "AWS", "--registry-password", "test"}
		cosign(append(append(sign, flags...), strings.TrimPrefix(s.URL, "http://")+"/team/"+form+"@"+image.Digest)...)
		if err := verify(); err != nil {
			t.Errorf("%s, signed: %v", form, err)
		}
	}
}
