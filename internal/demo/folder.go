// Package demo tells the life of a release on a small app of its own, with
// traffic running all the time. It does nothing that the commands cannot do.
package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed app
var files embed.FS

// version is one release of the demo's app: what is written before it is packed.
type version struct {
	Version string
	Color   string   // of the page
	Command []string // of the service
}

// The three releases. The last is the bad one: its service takes too long.
func versions() (first, second, slow version) {
	hello := func(v string, more ...string) []string {
		return append([]string{Service, "--greeting", "Hello from " + v}, more...)
	}
	first = version{"1.0.0", "#2563eb", hello("1.0.0")}
	second = version{"1.1.0", "#16a34a", hello("1.1.0")}
	slow = version{"1.2.0", "#dc2626", hello("1.2.0", "--delay", "1s")}
	return first, second, slow
}

// write makes the folder of the app be that of a version.
func (v version) write(folder string) error {
	cmd, err := json.Marshal(v.Command)
	if err != nil {
		return err
	}
	fill := map[string]string{"Version": v.Version, "Color": v.Color, "Cmd": string(cmd)}
	web := filepath.Join(folder, "web")
	if err := os.RemoveAll(web); err != nil {
		return err
	}
	for key, name := range map[string]string{"Style": "style.css", "Script": "app.js"} {
		if fill[key], err = writeHashed(web, name, fill); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(web, "index.html"), "index.html", fill); err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, "falkirk.yml"), "falkirk.yml", fill)
}

// writeHashed writes an asset under a name that holds its content's hash, and
// gives its address as the page names it.
func writeHashed(web, name string, fill map[string]string) (string, error) {
	text, err := render(name, fill)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	ext := filepath.Ext(name)
	address := "assets/" + name[:len(name)-len(ext)] + "." + hex.EncodeToString(sum[:])[:12] + ext
	return address, put(filepath.Join(web, filepath.FromSlash(address)), text)
}

func writeFile(path, name string, fill map[string]string) error {
	text, err := render(name, fill)
	if err != nil {
		return err
	}
	return put(path, text)
}

func render(name string, fill map[string]string) ([]byte, error) {
	t, err := template.ParseFS(files, "app/"+name)
	if err != nil {
		return nil, fmt.Errorf("read the demo's %s: %w", name, err)
	}
	var out bytes.Buffer
	err = t.Execute(&out, fill)
	return out.Bytes(), err
}

func put(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
