package harness

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
)

// Record folds an environment's ledger; a chain that is not whole fails the test.
func (r *App) Record(t *testing.T, env string) delivery.Record {
	t.Helper()
	rec, err := r.Ledger(env).Read(context.WithoutCancel(t.Context()), delivery.Record{})
	if err != nil {
		t.Fatalf("the ledger of %s: %v", env, err)
	}
	return rec
}

// Ledger is the ledger of an environment, read without the program.
func (r *App) Ledger(env string) *ledger.Ledger {
	return ledger.New(file.New(filepath.Join(r.Dir, ".falkirk")), "shop", env, ledger.Options{})
}

// URLs are the addresses of the places of an environment.
func (r *App) URLs(t *testing.T, env string) []string {
	t.Helper()
	var all []struct {
		Components []struct{ Component, URL string }
	}
	r.JSON(t, &all, "status", env)
	var urls []string
	for _, c := range all[0].Components {
		if c.Component == "web" {
			urls = append(urls, strings.TrimSuffix(c.URL, "/"))
		}
	}
	return urls
}

// Asset finds what a page names.
var Asset = regexp.MustCompile(`src="([^"]+)"`)

// Serves fails the test unless every place of the environment serves a whole
// release: page, asset and service, by header and by content.
func (r *App) Serves(t *testing.T, env, version string) {
	t.Helper()
	for _, url := range r.URLs(t, env) {
		page := Get(t, url+"/", version)
		m := Asset.FindStringSubmatch(page)
		if !strings.Contains(page, "<p>"+version+"</p>") || m == nil {
			t.Errorf("%s is %q, want the page of %s", url, page, version)
			continue
		}
		if script := Get(t, url+"/"+m[1], version); script != "release "+version {
			t.Errorf("%s/%s is %q", url, m[1], script)
		}
		if body := Get(t, url+"/api/", version); !strings.HasPrefix(body, version+" ") {
			t.Errorf("%s/api answers %q, want %s", url, body, version)
		}
	}
}

// Get reads an address that must answer 200 in the name of a release.
func Get(t *testing.T, url, version string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, url, nil)
	must(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Errorf("GET %s: %v", url, err)
		return ""
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || res.Header.Get("Falkirk-Release") != version {
		t.Errorf("GET %s: %s of release %q: %v, want 200 of %q", url, res.Status, res.Header.Get("Falkirk-Release"), err, version)
	}
	return string(raw)
}

// Tidy fails the test if the store or a place holds what a killed command left
// half done.
func (r *App) Tidy(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(r.Dir, ".falkirk"), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if !d.IsDir() && (strings.Contains(path, "/.staging/") || strings.Contains(name, ".tmp")) ||
			strings.HasPrefix(name, "unpack-") || strings.HasSuffix(name, ".new") {
			return fmt.Errorf("left behind: %s", strings.TrimPrefix(path, r.Dir))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
