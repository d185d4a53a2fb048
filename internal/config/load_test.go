package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

func moments() []string {
	var all []string
	for _, m := range delivery.Moments() {
		all = append(all, string(m))
	}
	return all
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

func testEnv(name string) (string, bool) {
	v, ok := map[string]string{
		"PORT": "8093", "DEBUG": "true", "DB_PASSWORD": "sesame-open", "TEXT": "not a number",
		"REGION": "eu-9", "EMPTY": "", "QUOTE": "se\"sa\"me", "ONE": "1",
		"WINDOW": "Sat,Sun 10:00-12:00", "ZONE": "Asia/Kathmandu",
	}[name]
	return v, ok
}

// loaded reads a good file under a root that is the same on every machine.
func loaded(t *testing.T, text string) *File {
	t.Helper()
	f, err := load([]byte(text), "falkirk.yml", filepath.FromSlash("/srv/shop/falkirk.yml"), testKinds(), testEnv, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func full(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "good", "full.yml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestLoadFull(t *testing.T) {
	t.Parallel()
	a := loaded(t, full(t)).App
	type row struct {
		name      string
		after     []string
		protected bool
		keep      int
		parallel  int
		places    []string
		gates     []string
	}
	var got []row
	for _, e := range a.Environments {
		r := row{e.Name, e.After, e.Protected, e.Keep, e.Parallel, nil, nil}
		for _, p := range e.Places {
			r.places = append(r.places, p.String())
		}
		for _, g := range e.Gates {
			r.gates = append(r.gates, g.Name+" "+g.Kind+" "+string(g.When)+" "+string(g.Settings))
		}
		got = append(got, r)
	}
	want := []row{
		{"dev", nil, false, 2, 8, []string{"dev/here"}, nil},
		{"sat", []string{"dev"}, false, 1, 8, []string{"sat/nonprod/local"}, nil},
		{"prd", []string{"sat"}, true, 2, 1, []string{"prd/eu-1", "prd/prod/us-1"}, []string{
			`smoke http after promote {"component":"api","path":"/healthz","status":[200]}`,
			`command-1 command before promote {"run":["make","check"],"timeout":"10s"}`,
			`ask-1 ask before promote {"group":"ops"}`,
		}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]string{"ops": {"anna", "ben@example.com"}}, a.Groups); diff != "" {
		t.Error(diff)
	}
	last := a.Environments[2].Landings[3]
	want1 := `{"port":8093,"path":"/api","health":"/healthz","env":{"DATABASE_PASSWORD":"sesame-open","PRICE":"${5}"},"debug":true,"drain":"30s"}`
	if string(last.Settings) != want1 {
		t.Errorf("settings of %s in %s: %s", last.Component, last.Place, last.Settings)
	}
	if diff := cmp.Diff("file:///srv/shop/.falkirk", a.Store); diff != "" && filepath.Separator == '/' {
		t.Error(diff)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	if filepath.Separator != '/' {
		t.Skip("paths of Unix")
	}
	for given, want := range map[string]string{
		"":                    "file:///srv/shop/.falkirk",
		"file://a b/../c":     "file:///srv/shop/c",
		"file:///var/falkirk": "file:///var/falkirk",
		"file://../store":     "file:///srv/store",
		"s3://bucket/prefix":  "s3://bucket/prefix",
		"file://${env:ONE}":   "file:///srv/shop/1",
	} {
		text := "app: shop\ncomponents: {web: {site: {path: dist}}}\nenvironments: [{name: dev, target: {local: {}}}]\n"
		if given != "" {
			text += "store: " + given + "\n"
		}
		if got := loaded(t, text).App.Store; got != want {
			t.Errorf("%q is %q, want %q", given, got, want)
		}
	}
}

// Each row adds a nearer level, which wins where it speaks.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	levels := []string{"component", "environment", "environment's component", "region", "region's component"}
	for from := range levels {
		for nearest := from; nearest < len(levels); nearest++ {
			at := make([]string, len(levels))
			for i := range at {
				at[i] = "{}"
				if i >= from && i <= nearest {
					at[i] = "{local: {path: /p" + string(rune('0'+i)) + ", args: [a" + string(rune('0'+i)) + "], env: {L" +
						string(rune('0'+i)) + ": x, SHARED: v" + string(rune('0'+i)) + "}}}"
				}
			}
			text := "app: shop\ncomponents: {web: {site: {path: dist}, target: " + at[0] + "}}\n" +
				"environments: [{name: dev, target: " + at[1] + ", components: {web: {target: " + at[2] + "}}, " +
				"regions: [{name: r, target: " + at[3] + ", components: {web: {target: " + at[4] + "}}}]}]\n"
			n := string(rune('0' + nearest))
			want := `{"path":"/p` + n + `","env":{`
			for i := from; i <= nearest; i++ {
				want += `"L` + string(rune('0'+i)) + `":"x",`
			}
			want += `"SHARED":"v` + n + `"},"args":["a` + n + `"],"drain":"30s"}`
			if got := string(loaded(t, text).App.Environments[0].Landings[0].Settings); got != want {
				t.Errorf("%s to %s:\n got %s\nwant %s", levels[from], levels[nearest], got, want)
			}
		}
	}
}

func TestKindOfTarget(t *testing.T) {
	t.Parallel()
	const l, e = "{local: {}}", "{ecs: {cluster: c}}"
	const both = "{local: {}, ecs: {cluster: c}}"
	for _, c := range []struct{ component, env, envOne, region, regionOne, want string }{
		{l, "{}", "{}", "{}", "{}", "local"},
		{"{}", e, "{}", "{}", "{}", "ecs"},
		{l, e, "{}", "{}", "{}", "local"},
		{l, "{}", e, "{}", "{}", "ecs"},
		{l, "{}", e, "{}", l, "local"},
		{"{}", e, "{}", l, "{}", "local"},
		{"{}", both, "{}", l, "{}", "local"},
		{l, both, "{}", both, "{}", "local"},
		{"{local: }", e, "{}", "{}", "{}", "local"},
	} {
		text := "app: shop\ncomponents: {web: {site: {path: dist}, target: " + c.component + "}}\n" +
			"environments: [{name: dev, target: " + c.env + ", components: {web: {target: " + c.envOne + "}}, " +
			"regions: [{name: r, target: " + c.region + ", components: {web: {target: " + c.regionOne + "}}}]}]\n"
		if got := loaded(t, text).App.Environments[0].Landings[0].Target; got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestNullTakesAway(t *testing.T) {
	t.Parallel()
	f := loaded(t, `app: shop
components:
  web: {site: {path: dist}, target: {local: {path: /x, health: /h, env: {A: a, B: b}, args: [x]}}}
environments: [{name: dev, target: {local: {path: , env: {A: }, args: []}}}]
`)
	want := `{"path":"/","health":"/h","env":{"B":"b"},"drain":"30s"}`
	if got := string(f.App.Environments[0].Landings[0].Settings); got != want {
		t.Errorf("got %s", got)
	}
}

// An empty text is a value, and replaces what is inherited; a key without a value
// takes it away. The page says so.
func TestAnEmptyTextIsAValue(t *testing.T) {
	t.Parallel()
	f := loaded(t, `app: shop
components:
  web: {site: {path: dist}, target: {local: {env: {A: a, B: b, C: c}}}}
environments: [{name: dev, target: {local: {env: {A: "", B: , C: "${env:EMPTY}", D: ''}}}}]
`)
	want := `"env":{"A":"","C":"","D":""}`
	if got := string(f.App.Environments[0].Landings[0].Settings); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	page := string(Reference(testKinds()))
	for _, want := range []string{"A key without a\nvalue (`key:` or `key: null`) is as if the key were not there", "An empty text (`key: \"\"`) is a value", "a key without a value takes away what is inherited"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(strings.ToLower(page), "an empty value") {
		t.Error("the page speaks of an empty value, which may be an empty text or none")
	}
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	t.Parallel()
	f := loaded(t, `app: shop
components:
  web: &web
    site: {path: dist}
    target: {local: &base {path: /, health: /h, args: [a]}}
  api:
    <<: *web
    target:
      local:
        <<: [{health: /first}, *base]
        path: /api
environments: [{name: dev}]
`)
	want := `{"path":"/api","health":"/first","args":["a"],"drain":"30s"}`
	if got := string(f.App.Environments[0].Landings[1].Settings); got != want {
		t.Errorf("got %s", got)
	}
}

func TestFindAndRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(filepath.Join(dir, "a", FileName), 0o755); err != nil { // a folder of that name is none
		t.Fatal(err)
	}
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(deep); !fault.Is(err, fault.NotFound) || !strings.Contains(fault.HintOf(err), "falkirk init") {
		t.Errorf("nothing there: %v, hint %q", err, fault.HintOf(err))
	}
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte(full(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Find(deep)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Load(got, testKinds(), testEnv)
	if err != nil || f.Path != path || f.App.Root != dir {
		t.Errorf("found %s, %v", got, err)
	}
	if _, err := Load(filepath.Join(dir, "none.yml"), testKinds(), testEnv); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Load(deep, testKinds(), testEnv); !fault.Is(err, fault.Invalid) {
		t.Errorf("a folder: %v", err)
	}
	huge := filepath.Join(dir, "huge.yml")
	if err := os.WriteFile(huge, make([]byte, mostBytes+1), 0o644); err != nil {
		t.Fatal(err)
	}
	var ps Problems
	if _, err := Load(huge, testKinds(), testEnv); !errors.As(err, &ps) || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("huge: %v", err)
	}
}

func TestFreezeWindows(t *testing.T) {
	t.Parallel()
	file := loaded(t, full(t))
	prd, err := file.App.Environment("prd")
	if err != nil {
		t.Fatal(err)
	}
	want := []delivery.Freeze{
		{Deny: "Fri 16:00 - Mon 08:00", Zone: "Europe/Berlin", Reason: "nobody is there"},
		{Deny: "2026-12-20 - 2027-01-04", Zone: "UTC"},
		{Allow: "Mon-Thu 09:00-17:00", Zone: "UTC"},
		{Allow: "Sat,Sun 10:00-12:00", Zone: "Asia/Kathmandu"},
	}
	if diff := cmp.Diff(want, prd.Freeze); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if slices.Contains(file.Secrets, "Asia/Kathmandu") {
		t.Error("a time zone is taken for a secret")
	}
}
