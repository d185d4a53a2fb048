package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/target/local/place"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	value := func(name string) (string, bool) {
		return map[string]string{"PORT": "80", "E": ""}[name], name == "PORT" || name == "E"
	}
	for in, want := range map[string]string{
		"$(PORT)": "80", ":$(PORT)/": ":80/", "$$(PORT)": "$(PORT)", "$(NO)": "$(NO)", "$(E)": "",
		"$": "$", "$x": "$x", "a$": "a$", "$(PORT": "$(PORT", "": "", "$()": "$()",
	} {
		if got := Expand(in, value); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"$(A)", "$$(A)", "$(", "$)", "$$$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Expand(s, func(string) (string, bool) { return "", false })
		if strings.ReplaceAll(s, "$$", "$") != got && !strings.Contains(s, "$(") {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func TestResolveStaysInside(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"usr/bin", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"bin": "usr/bin", "out": "../../../../etc", "abs": "/etc", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"/bin/sh": "usr/bin/sh", "out/passwd": "etc/passwd", "/abs/passwd": "etc/passwd", "../../x": "x", "": "", "bin/../y": "usr/y",
	} {
		got, err := Resolve(root, name)
		if err != nil || got != filepath.Join(root, want) {
			t.Errorf("%q: %s %v", name, got, err)
		}
	}
	if _, err := Resolve(root, "loop/x"); err == nil {
		t.Error("a loop of links has no end")
	}
}

func FuzzResolve(f *testing.F) {
	for _, s := range [][2]string{{"a", "../../etc"}, {"a/b", "/"}, {"..", ".."}, {"a/../..", "/a/b"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, name, link string) {
		root := t.TempDir()
		if os.Symlink(link, filepath.Join(root, "a")) != nil {
			t.Skip("no link of that name")
		}
		got, err := Resolve(root, name)
		if err == nil && got != root && !strings.HasPrefix(got, root+string(filepath.Separator)) {
			t.Errorf("%q with a → %q leads to %q", name, link, got)
		}
	})
}

func TestFindUser(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"passwd": "root:x:0:0:root:/root:/bin/sh\nbroken\nweb:x:33:34:w:/var/www:/x\n", "group": "staff:x:50:\n",
	} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for spec, want := range map[string]user{
		"": {0, 0, "/root"}, "web": {33, 34, "/var/www"}, "33": {33, 34, "/var/www"}, "web:staff": {33, 50, "/var/www"},
		"1000": {1000, 0, "/"}, "1000:2000": {1000, 2000, "/"},
	} {
		got, err := findUser(root, spec)
		if err != nil || got != want {
			t.Errorf("%q: %v %v", spec, got, err)
		}
	}
	for _, spec := range []string{"nobody", "-1", "web:nogroup", "99999999999"} {
		if got, err := findUser(root, spec); err == nil {
			t.Errorf("%q is %v", spec, got)
		}
	}
}

func TestTurnLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "output.log")
	out, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, line := range []string{"first\n", "second\n"} {
		if _, err := out.WriteString(line); err != nil {
			t.Fatal(err)
		}
		if err := TurnLog(path, 6); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.WriteString("third\n"); err != nil {
		t.Fatal(err)
	}
	old, _ := os.ReadFile(path + ".1")
	if got := string(old) + "|" + Tail(path, 5); got != "first\nsecond\n|third" {
		t.Errorf("%q", got)
	}
}

func TestEnviron(t *testing.T) {
	t.Parallel()
	w := place.Wanted{App: "shop", Component: "api", Version: "v1", Process: &place.Process{
		Env: []string{"A=1", "A=2", "B=$(A)$(PORT)", "broken", "FALKIRK_VERSION=forged"},
	}}
	got := environ(w, 80)
	want := []string{
		"PATH=" + fallbackPath, "A=2", "B=280", "FALKIRK_VERSION=v1", "PORT=80", "FALKIRK_APP=shop",
		"FALKIRK_ENVIRONMENT=", "FALKIRK_REGION=", "FALKIRK_COMPONENT=api",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The end of a log that was cut begins with a whole line: a part of a secret is
// not found by what hides secrets.
func TestTailBeginsWithAWholeLine(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "log")
	for text, want := range map[string]string{
		strings.Repeat("x", 9000) + "SECRET\nend\n":               "end",
		strings.Repeat("x", 9000) + "SECRET\n":                    "(the last line of the log is longer than 8 KiB)",
		"SECRET" + strings.Repeat("y", 8<<10-3):                   "(the last line of the log is longer than 8 KiB)",
		"first\nsecond\n":                                         "first\nsecond",
		strings.Repeat("0123456789SECRET\n", 1000) + "one\ntwo\n": strings.Repeat("0123456789SECRET\n", 3) + "one\ntwo",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Tail(file, 5); got != want {
			t.Errorf("%.20q: %q", text, got)
		}
	}
}
