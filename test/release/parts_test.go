package release

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"falkirk/test/peers"
)

// The bill of materials lists what `go version -m` lists, and names the program
// by its digest.
func TestTheBillOfMaterialsIsWhole(t *testing.T) {
	t.Parallel()
	for _, platform := range platforms {
		bin := program(t, platform)
		raw, err := os.ReadFile(filepath.Join(made, "falkirk_"+version+"_"+platform+".cdx.json"))
		must(t, err)
		var doc struct {
			SpecVersion string
			Metadata    struct {
				Component struct {
					Version string
					Hashes  []struct{ Alg, Content string }
				}
			}
			Components []struct{ Name, Version, Purl string }
		}
		must(t, json.Unmarshal(raw, &doc))
		var got []string
		for _, c := range doc.Components {
			got = append(got, c.Name+" "+c.Version)
			if !strings.HasPrefix(c.Purl, "pkg:golang/") || !strings.HasSuffix(c.Purl, "@"+strings.ReplaceAll(c.Version, "+", "%2B")) {
				t.Errorf("%s: %s is %s", platform, c.Name, c.Purl)
			}
		}
		want := []string{"std " + strings.TrimPrefix(runtime.Version(), "go")}
		for _, m := range regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(output(t, "go", "version", "-m", bin), -1) {
			want = append(want, m[1]+" "+m[2])
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) || len(got) < 10 {
			t.Errorf("%s: lists %v, want %v", platform, got, want)
		}
		content, err := os.ReadFile(bin)
		must(t, err)
		sum := sha256.Sum256(content)
		c := doc.Metadata.Component
		if len(c.Hashes) != 1 || c.Hashes[0].Content != hex.EncodeToString(sum[:]) || c.Version != "v"+version || doc.SpecVersion != "1.6" {
			t.Errorf("%s: describes %+v", platform, c)
		}
	}
}

// The image is run by a stranger, and packed by the program itself.
func TestTheImageRuns(t *testing.T) {
	t.Parallel()
	path := filepath.Join(made, "falkirk_"+version+"_image.tar")
	buildah := peers.Program(t, "buildah")
	store := t.TempDir()
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), buildah, append([]string{"--root", filepath.Join(store, "root"), "--runroot", filepath.Join(store, "run")}, args...)...)
		cmd.Env = append(os.Environ(), "STORAGE_DRIVER=vfs", "BUILDAH_ISOLATION=chroot")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("buildah %s: %v\n%s", strings.Join(args, " "), err, errs.String())
		}
		return strings.TrimSpace(out.String())
	}
	container := run("from", "oci-archive:"+path)
	if entry := run("inspect", "--format", "{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.WorkingDir}} {{.OCIv1.Architecture}}", container); entry != "[/usr/bin/falkirk] /work "+runtime.GOARCH {
		t.Errorf("the image is %s", entry)
	}
	if out := run("run", container, "--", "/usr/bin/falkirk", "version"); !strings.HasPrefix(out, "falkirk v"+version+" (") {
		t.Errorf("in the image: %s", out)
	}
	root := run("mount", container)
	certificates, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil || bytes.Count(certificates, []byte("BEGIN CERTIFICATE")) < 50 {
		t.Errorf("roots of trust: %v, %d bytes", err, len(certificates))
	}
	run("umount", container)
	run("rm", container)
}

func TestTheImageIsForBothArchitectures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	app := "app: tool\ncomponents: {falkirk: {image: {layout: '" + filepath.Join(made, "falkirk_"+version+"_image.tar") +
		"'}, target: {local: {command: [/usr/bin/falkirk, version]}}}}\nenvironments: [{name: dev}]\n"
	must(t, os.WriteFile(filepath.Join(dir, "falkirk.yml"), []byte(app), 0o600))
	cmd := exec.CommandContext(t.Context(), program(t, runtime.GOOS+"_"+runtime.GOARCH), "pack", "--version", "1", "--output", "json")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	index := ""
	for _, blob := range blobsOf(t, dir) {
		if strings.Contains(blob, `"mediaType":"application/vnd.oci.image.index.v1+json"`) {
			index = blob
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		if !strings.Contains(index, `"architecture":"`+arch+`"`) {
			t.Errorf("no image for %s: %s", arch, index)
		}
	}
}

// blobsOf are the small blobs of a store.
func blobsOf(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, ".falkirk", "blobs", "sha256", "*"))
	must(t, err)
	var all []string
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Size() < 1<<16 {
			raw, err := os.ReadFile(p)
			must(t, err)
			all = append(all, string(raw))
		}
	}
	return all
}
