package bundle_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/internal/bucket/file"
	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/pack"
	"falkirk/internal/pack/bundle"
	"falkirk/internal/release"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if strings.HasSuffix(name, ".sh") {
			mode = 0o755
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func packed(t *testing.T, root string, d *deflate.Deflater) ([]byte, delivery.Artifact) {
	t.Helper()
	store := release.New(file.New(t.TempDir()))
	raw, err := json.Marshal(bundle.Settings{Path: "src", Ignore: []string{"*.log"}})
	if err != nil {
		t.Fatal(err)
	}
	c := delivery.Component{Name: "fn", Kind: bundle.Kind, Settings: raw}
	a, err := bundle.New(pack.Kit{Store: store, Deflate: d}).Pack(context.Background(), root, c, func(delivery.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	body, err := store.Open(t.Context(), a.Digest)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return got, a
}

func content() map[string]string {
	return map[string]string{
		"src/index.js": "exports.handler = 1", "src/empty": "", "src/lib/ünï côdé.txt": "hé", "src/run.sh": "#!/bin/sh\n",
		"src/big.bin": strings.Repeat("0123456789abcdef", 100_000), "src/debug.log": "no",
	}
}

func TestABundleIsAZipOfTheFiles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, content())
	raw, a := packed(t, root, nil)
	if a.Count != 5 || a.Size != int64(len(raw)) || a.MediaType != "application/zip" {
		t.Errorf("%+v", a)
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != content()["src/"+f.Name] {
			t.Errorf("%s: %d bytes, %v", f.Name, len(got), err)
		}
		if exec := f.Mode()&0o100 != 0; exec != strings.HasSuffix(f.Name, ".sh") {
			t.Errorf("%s has mode %s", f.Name, f.Mode())
		}
	}
	if unzip, err := exec.LookPath("unzip"); err == nil {
		path := filepath.Join(t.TempDir(), "a.zip")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), unzip, "-tq", path).CombinedOutput(); err != nil {
			t.Errorf("unzip: %v\n%s", err, out)
		}
	}
}

func TestTheSameFilesAreTheSameBytes(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	write(t, one, content())
	write(t, two, content())
	old := time.Unix(1e9, 0)
	if err := os.Chtimes(filepath.Join(two, "src/index.js"), old, old); err != nil {
		t.Fatal(err)
	}
	a, _ := packed(t, one, nil)
	c := deflate.OpenCache(t.TempDir(), deflate.Limit)
	defer c.Close()
	for range 2 {
		if b, _ := packed(t, two, deflate.New(c)); !bytes.Equal(a, b) {
			t.Error("the same files give other bytes")
		}
	}
}
