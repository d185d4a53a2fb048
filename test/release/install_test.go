package release

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"falkirk/test/peers"
)

// host serves the release as a place for releases does.
type host struct {
	*httptest.Server
	asked atomic.Int64
	spoil func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
}

func serve(t *testing.T) *host {
	t.Helper()
	h := &host{}
	files := http.StripPrefix("/v"+version+"/", http.FileServer(http.Dir(made)))
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		if h.spoil == nil || !h.spoil(w, r) {
			files.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// installed is how install.sh ended, and what is in the folder after it.
type installed struct {
	code  int
	says  string
	files []string
}

// install runs the script in a repository whose app file asks for a version.
func install(t *testing.T, to, pin string, args ...string) installed {
	t.Helper()
	repo := t.TempDir()
	if pin != "" {
		must(t, os.WriteFile(filepath.Join(repo, "falkirk.yml"), []byte("app: shop\nfalkirk: "+pin+"\n"), 0o600))
	}
	script, err := filepath.Abs(filepath.Join(root, "install.sh"))
	must(t, err)
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{script, "--to", to}, args...)...)
	cmd.Dir = repo
	cmd.Env = append(os.Environ(), "HOME="+repo, "FALKIRK_URL=", "FALKIRK_FILE=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run() // the exit code is looked at by the caller
	done := installed{code: cmd.ProcessState.ExitCode(), says: out.String()}
	entries, _ := os.ReadDir(to) // it may not be there
	for _, e := range entries {
		done.files = append(done.files, e.Name())
	}
	return done
}

func (i installed) isWhole(t *testing.T, to string) {
	t.Helper()
	if i.code != 0 || len(i.files) != 1 || i.files[0] != "falkirk" {
		t.Fatalf("%+v", i)
	}
	if out := output(t, filepath.Join(to, "falkirk"), "version"); !strings.HasPrefix(out, "falkirk v"+version+" (") {
		t.Errorf("installed: %s", out)
	}
}

func TestInstallTakesThePinnedVersion(t *testing.T) {
	t.Parallel()
	peers.Program(t, "curl")
	h := serve(t)
	for _, pin := range []string{version, `"` + version + `"  # the team's`, "'" + version + "'\r"} {
		to := filepath.Join(t.TempDir(), "new", "bin")
		install(t, to, pin, "--from", h.URL).isWhole(t, to)
		before := h.asked.Load()
		i := install(t, to, pin, "--from", h.URL)
		i.isWhole(t, to)
		if h.asked.Load() != before || !strings.Contains(i.says, "already") {
			t.Errorf("the second time it asked again: %+v", i)
		}
	}
	to := t.TempDir()
	install(t, to, "", "--from", h.URL, "--version", version).isWhole(t, to)
}

// Where there is no curl, wget does; the script finds nothing else than these.
func TestInstallWithWget(t *testing.T) {
	t.Parallel()
	h, bin := serve(t), t.TempDir()
	const tools = "wget sh awk basename cat chmod cut gzip head mkdir mktemp mv rm sed sha256sum tar tr uname"
	for name := range strings.FieldsSeq(tools) {
		must(t, os.Symlink(peers.Program(t, name), filepath.Join(bin, name)))
	}
	script, err := filepath.Abs(filepath.Join(root, "install.sh"))
	must(t, err)
	to := t.TempDir()
	for path, code := range map[string]int{"": 0, "/nowhere": 1} {
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "sh"), script, "--version", version, "--from", h.URL+path, "--to", to+path)
		cmd.Env = []string{"PATH=" + bin, "HOME=" + to}
		if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != code { // the exit code is what counts
			t.Errorf("from %q: %v\n%s", path, cmd.ProcessState, out)
		}
	}
	if out := output(t, filepath.Join(to, "falkirk"), "version"); !strings.HasPrefix(out, "falkirk v"+version+" (") {
		t.Errorf("installed: %s", out)
	}
}

func TestInstallReplacesAnotherVersionInOneStep(t *testing.T) {
	t.Parallel()
	peers.Program(t, "curl")
	h, to := serve(t), t.TempDir()
	old := filepath.Join(to, "falkirk")
	must(t, os.WriteFile(old, []byte("#!/bin/sh\necho 'falkirk v1.0.0 (go, here)'\n"), 0o755))
	install(t, to, version, "--from", h.URL).isWhole(t, to)
}

func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	peers.Program(t, "curl")
	archive := "/v" + version + "/" + filepath.Base(archive("linux_amd64"))
	sums := "/v" + version + "/checksums.txt"
	answer := func(path, text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == path {
				_, _ = w.Write([]byte(text)) // the client may have gone
			}
			return r.URL.Path == path
		}
	}
	for name, c := range map[string]struct {
		pin   string
		args  []string
		spoil func(http.ResponseWriter, *http.Request) bool
		says  string
	}{
		"other bytes":     {version, nil, answer(archive, "not an archive"), "checksums.txt says"},
		"no sum":          {version, nil, answer(sums, strings.Repeat("0", 64)+"  another.tar.gz\n"), "does not list"},
		"no sums at all":  {version, nil, answer(sums, "<html>welcome</html>"), "does not list"},
		"half a sum":      {version, nil, answer(sums, "abc  "+filepath.Base(archive)+"\n"), "no SHA-256"},
		"not there":       {"9.9.9", nil, nil, "cannot get"},
		"cut":             {version, nil, cut(archive), "cannot get"},
		"no pin":          {"", nil, nil, "no app file"},
		"no version":      {"latest", nil, nil, "has no line such as"},
		"strange version": {"", []string{"--version", "../1"}, nil, "is not a version"},
		"plain http":      {version, []string{"--from", "http://falkirk.invalid"}, nil, "is not https://"},
		"no host":         {version, []string{"--from", ""}, nil, "no public home yet"},
		"unknown flag":    {version, []string{"--force"}, nil, "is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, to := serve(t), t.TempDir()
			h.spoil = c.spoil
			old := filepath.Join(to, "falkirk")
			must(t, os.WriteFile(old, []byte("the old one"), 0o644))
			i := install(t, to, c.pin, append([]string{"--from", h.URL}, c.args...)...)
			if i.code == 0 || !strings.Contains(i.says, c.says) {
				t.Errorf("%+v, want a refusal with %q", i, c.says)
			}
			raw, err := os.ReadFile(old)
			if err != nil || string(raw) != "the old one" || len(i.files) != 1 {
				t.Errorf("left in the folder: %v, falkirk is %q", i.files, raw)
			}
		})
	}
}

// cut answers with half of a file and closes the connection.
func cut(path string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path {
			return false
		}
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write(bytes.Repeat([]byte("x"), 500_000)) // the client may have gone
		panic(http.ErrAbortHandler)
	}
}
