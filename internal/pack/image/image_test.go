package image_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/oci"
	"falkirk/internal/pack/image"
	"falkirk/internal/release"
)

func newStore(t *testing.T) *release.Store {
	t.Helper()
	return release.New(file.New(t.TempDir()))
}

func quiet(delivery.Progress) {}

func packImage(t *testing.T, store *release.Store, root string, s image.Settings) (delivery.Artifact, error) {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	c := delivery.Component{Name: "api", Kind: image.Kind, Settings: raw}
	return image.New(store).Pack(t.Context(), root, c, quiet)
}

func write(t *testing.T, root, name, content string, mode os.FileMode) {
	t.Helper()
	at := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// folderFixture is a small service made of files.
func folderFixture(t *testing.T, root string) image.Settings {
	t.Helper()
	write(t, root, "svc/run.sh", "#!/bin/sh\necho hello\n", 0o755)
	write(t, root, "svc/conf/app.json", `{"a":1}`, 0o644)
	return image.Settings{Folder: "svc", Entrypoint: []string{"/app/run.sh"}, Env: map[string]string{"B": "2", "A": "1"}, Ports: []int{8080}}
}

func TestAFolderImageHasOneDigestAndUnpacks(t *testing.T) {
	t.Parallel()
	root, store := t.TempDir(), newStore(t)
	a, err := packImage(t, store, root, folderFixture(t, root))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "rootfs")
	c, err := oci.Unpack(t.Context(), store, a.Digest, "linux/amd64", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v %+v", a, c)
	if got, err := os.ReadFile(filepath.Join(dir, "app", "conf", "app.json")); err != nil || string(got) != `{"a":1}` {
		t.Errorf("conf is %q, %v", got, err)
	}
	if want := "sha256:db93ac23147f44652ad6df4129869ccc000cafef587890542a3d3a4de42f6fb4"; a.Digest != want {
		t.Errorf("digest is %s, want %s", a.Digest, want)
	}
}

func TestABuildahBuild(t *testing.T) {
	root, store := t.TempDir(), newStore(t)
	write(t, root, "hello.txt", "hello", 0o644)
	write(t, root, "Dockerfile", "FROM scratch\nCOPY hello.txt /hello.txt\nENTRYPOINT [\"/hello\"]\n", 0o644)
	t.Setenv("BUILDAH_ISOLATION", "chroot")
	t.Setenv("STORAGE_DRIVER", "vfs")
	a, err := packImage(t, store, root, image.Settings{Dockerfile: "Dockerfile", Builder: "buildah"})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", a)
}
