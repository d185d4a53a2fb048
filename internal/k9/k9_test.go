package k9

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/fault"
)

func TestValuesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	want := Values{AppName: "shop", Region: "us-east-1", Account: "012345678901", ClusterName: "prd", Namespace: "prd-shop"}
	for name, text := range map[string]string{
		"quoted": "appName: 'shop'\nregion: \"us-east-1\"\naccount: \"012345678901\"\nclusterName: prd\nnamespace: prd-shop\n",
		"bare":   "# k9\nappName: shop\nregion: us-east-1\naccount: 012345678901\nclusterName: prd # here\nnamespace: prd-shop\n",
		"blanks": "appName: shop\nregion: us-east-1\naccount: 012345678901\nclusterName: prd\nnamespace: prd-shop\nimage:\nschedule: \"\"\n",
	} {
		got, err := Parse([]byte(text))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", name, err, d)
		}
	}
	if got, err := Parse([]byte("account: 111111111111\nnodeRoles: [a, b]\n")); err != nil || got.Account != "111111111111" || len(got.NodeRoles) != 2 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestWhatIsWrongInValuesIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"appName: shop\ncluster: prd\n": `line 2: unknown key "cluster"`,
		"account: 12345\n":              "12 digits",
		"- a\n":                         "no mapping",
		"appName: [a]\n":                "appName: a word",
		"appName: {\n":                  "not YAML",
	} {
		path := filepath.Join(t.TempDir(), SyncValues)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), SyncValues)); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

func TestConfigsFollowFromTheApp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "appName: shop\nrootDomain: example.com\nwebSite: true\ndeployments:\n  - clusterName: dev\n    environments:\n      - env: sat\n        customers: [a]\n        springActiveProfile: sat\n        useBlueGreen: true\n"
	if err := os.WriteFile(filepath.Join(dir, AppConfig), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	app, there, err := ReadApp(dir)
	if err != nil || !there {
		t.Fatal(there, err)
	}
	files, err := Configs(app, Values{AppName: "shop", Region: "eu-west-1", Namespace: "prd-shop"})
	if err != nil {
		t.Fatal(err)
	}
	prd := string(files[0].Text)
	for _, want := range []string{"appName: shop\n", "rootDomain: example.com\n", "webSite: true\n", "clusterName: \"\"\n", "env: prd\n", "springActiveProfile: prd\n", "useBlueGreen: true\n"} {
		if !strings.Contains(prd, want) {
			t.Errorf("no %q in:\n%s", want, prd)
		}
	}
	values, err := Parse(files[1].Text)
	if err != nil || values.AppName != "shop" || values.Namespace != "prd-shop" {
		t.Errorf("%+v %v", values, err)
	}
	var blank []string
	for _, b := range values.Blanks() {
		blank = append(blank, b.Key)
	}
	if strings.Join(blank, " ") != "account clusterName" {
		t.Errorf("to be filled in: %s", blank)
	}
}

func TestAnEditedFileIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := File{SyncValues, []byte("appName: shop\n")}
	for i, want := range []Written{Made, Same} {
		if got, err := Write(dir, f); err != nil || got != want {
			t.Errorf("%d: %s %v", i, got, err)
		}
	}
	edited := []byte("appName: desk\n")
	if err := os.WriteFile(filepath.Join(dir, SyncValues), edited, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Write(dir, f)
	if now, _ := os.ReadFile(filepath.Join(dir, SyncValues)); err != nil || got != Kept || string(now) != string(edited) {
		t.Errorf("%s %v %s", got, err, now)
	}
}

// The values are ours, the shape is that of k9 1.0.0; test/e2e/registry compares
// with what the published package writes.
func TestTheShapeOfK9(t *testing.T) {
	t.Parallel()
	text := "clusterName: 'grove-prd'\nnamespace: 'grove-ecr-sync'\nschedule: '*/2 * * * *'\nimage: 'simoncomputing/ecr-sync:latest'\n" +
		"env:\n  # who\n  repo_name: 'grove'\n  np_region: 'eu-west-2'\n  prd_region: 'eu-west-1'\n  np_account: '011111111111'\n  prd_account: 222222222222\n"
	want := Values{
		AppName: "grove", Region: "eu-west-1", Account: "011111111111", ClusterName: "grove-prd", Namespace: "grove-ecr-sync",
		SourceRegion: "eu-west-2", Own: "222222222222", Schedule: "*/2 * * * *", Name: K9Name, OfK9: true,
	}
	got, err := Parse([]byte(text))
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	path := filepath.Join(t.TempDir(), "other.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil || !IsValues(path) {
		t.Errorf("it is not recognized: %v", err)
	}
	got, err = Parse([]byte(strings.NewReplacer("'011111111111'", "''", "'grove'", "''", "'eu-west-1'", "''").Replace(text)))
	var blank []string
	for _, b := range got.Blanks() {
		blank = append(blank, b.Key)
	}
	if err != nil || strings.Join(blank, " ") != "env.repo_name env.prd_region env.np_account" {
		t.Errorf("%v: %s", err, blank)
	}
}

func TestReasonsForYAML(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"%YAML 1.2\n---\nappName: shop\n":     "line 1: a YAML directive",
		"appName: shop\n---\nregion: r\n":     "line 2: a second YAML document",
		"appName: shop\n---\n":                "line 2: a second YAML document",
		"appName:\u00a0shop\n":                "line 1: a no-break space",
		"env:\n\u00a0\u00a0repo_name: shop\n": "line 2: a no-break space",
		"env:\n  np_account: 12\n":            "env.np_account 12 is not the 12 digits",
		"env:\n  prd_account: \"12\"\n":       "env.prd_account 12 is not the 12 digits",
		"env:\n  repo: x\n":                   "line 1: env: unknown key \"repo\"",
		"env: [a]\n":                          "env: it is no mapping",
		"appName: a\nenv: {repo_name: b}\n":   "env.repo_name is said at the top",
		"appName: true\n":                     "appName is true, which YAML does not read as text",
		"namespace: 12\n":                     "namespace is 12, which YAML reads as a number",
		"appName: !!str shop\n":               "tags such as !!str are not used",
		"appName: &x shop\n":                  "anchors and aliases are not used",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{"---\nappName: shop\n...\n", "\ufeffappName: shop\r\n"} {
		if v, err := Parse([]byte(text)); err != nil || v.AppName != "shop" {
			t.Errorf("%q: %+v %v", text, v, err)
		}
	}
}

// Every file of k9 that cannot be read has a next step, and another encoding is told
// as what it is.
func TestFilesThatCannotBeReadHaveANextStep(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"UTF-16":      "\xff\xfea\x00:\x00 \x001\x00",
		"big endian":  "\xfe\xff\x00a\x00:\x00 \x001",
		"not UTF-8":   "appName: caf\xe9\n",
		"not YAML":    "a: [\n",
		"a directive": "%YAML 1.2\n---\nappName: [\n",
	} {
		dir := t.TempDir()
		for file, read := range map[string]func() error{
			SyncValues: func() error { _, err := Read(filepath.Join(dir, SyncValues)); return err },
			AppConfig:  func() error { _, _, err := ReadApp(dir); return err },
		} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := read()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.HintOf(err), file) {
				t.Errorf("%s in %s: %v, next: %s", name, file, err, fault.HintOf(err))
			}
			if strings.Contains(name, "16") && !strings.Contains(err.Error(), "UTF-16") {
				t.Errorf("%s in %s: %v", name, file, err)
			}
		}
	}
}
