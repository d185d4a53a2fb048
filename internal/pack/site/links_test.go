package site_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/pack"
	"falkirk/internal/pack/site"
)

// A link publishes nothing that is left out as hidden under its own name.
func TestLinksToWhatIsHidden(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	for name, c := range map[string]struct {
		link, to string
		dotfiles []string
		packed   string
		left     string
	}{
		"to a file":                    {"h.html", ".hid/h.html", nil, "index.html", "h.html"},
		"to a hidden file":             {"h.html", ".h.html", nil, "index.html", "h.html"},
		"to a folder":                  {"pub", ".hid", nil, "index.html", "pub"},
		"into a folder":                {"pub", ".hid/in", nil, "index.html", "pub"},
		"to a link":                    {"pub", "seen", nil, "index.html", "pub"},
		"to what is named":             {"h.html", ".hid/h.html", []string{"/.hid/h.html"}, ".hid/h.html h.html index.html", ""},
		"to a folder that is named":    {"pub", ".hid", []string{"/.hid/"}, ".hid/h.html .hid/in/x.html index.html pub/h.html pub/in/x.html", ""},
		"to a folder with a named one": {"pub", ".hid", []string{"/.hid/h.html"}, ".hid/h.html index.html pub/h.html", "pub/in"},
		"to what everybody may read":   {"pub", ".well-known", nil, ".well-known/a.txt index.html pub/a.txt", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, root, map[string]string{"www/index.html": "<p>", "www/.hid/h.html": "<p>", "www/.hid/in/x.html": "<p>", "www/.h.html": "<p>"})
			links := map[string]string{c.link: c.to}
			switch c.to {
			case "seen":
				links["seen"] = ".hid"
			case ".well-known":
				write(t, root, map[string]string{"www/.well-known/a.txt": "a"})
			}
			for at, to := range links {
				if err := os.Symlink(to, filepath.Join(root, "www", at)); err != nil {
					t.Fatal(err)
				}
			}
			raw, err := json.Marshal(site.Settings{Path: "www", Dotfiles: c.dotfiles})
			if err != nil {
				t.Fatal(err)
			}
			store, left := newStore(t), map[string]string{}
			kit := pack.Kit{Store: store, Left: func(p, why string) { left[p] = why }}
			a, err := site.New(kit).Pack(t.Context(), root, delivery.Component{Name: "web", Kind: site.Kind, Settings: raw}, quiet)
			if err != nil {
				t.Fatal(err)
			}
			got, err := store.Site(t.Context(), a.Digest)
			if err != nil {
				t.Fatal(err)
			}
			var paths []string
			for _, f := range got.Files {
				paths = append(paths, f.Path)
			}
			slices.Sort(paths)
			if strings.Join(paths, " ") != c.packed {
				t.Errorf("packed %v, want %s", paths, c.packed)
			}
			if c.left != "" && !strings.Contains(left[c.left], "a link to something hidden") {
				t.Errorf("left out: %v", left)
			}
		})
	}
}
