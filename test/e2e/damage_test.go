package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// damage is `damage FILE…`: one byte of the blob of each file of the site is
// another. `damage cut FILE` cuts it, `damage gone FILE` removes it, `damage
// manifest` changes a byte of the site's manifest.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	how := "flip"
	if args[0] == "cut" || args[0] == "gone" {
		how, args = args[0], args[1:]
	}
	for _, name := range args {
		path := blobOf(ts, name)
		raw, err := os.ReadFile(path)
		ts.Check(err)
		ts.Check(os.Remove(path))
		switch how {
		case "flip":
			raw[len(raw)/2] ^= 1
		case "cut":
			raw = raw[:len(raw)/2]
		case "gone":
			continue
		}
		ts.Check(os.WriteFile(path, raw, 0o600))
	}
}

// blobOf is the blob of a file of the site, or of the manifest of release 1.
func blobOf(ts *testscript.TestScript, name string) string {
	folder := ts.MkAbs(filepath.Join(".falkirk", "blobs", "sha256"))
	if name == "manifest" {
		var rel struct{ Artifacts []struct{ Digest string } }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(".falkirk/releases/shop/1.json")), &rel))
		return filepath.Join(folder, strings.TrimPrefix(rel.Artifacts[0].Digest, "sha256:"))
	}
	raw, err := os.ReadFile(ts.MkAbs(filepath.Join("web", name)))
	ts.Check(err)
	sum := sha256.Sum256(raw)
	return filepath.Join(folder, hex.EncodeToString(sum[:]))
}

// large is `large FILE`: a file of 3 MiB.
func large(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), bytes.Repeat([]byte("falkirk "), 3<<17), 0o600))
}
