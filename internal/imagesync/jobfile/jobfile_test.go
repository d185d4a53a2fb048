package jobfile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"falkirk/internal/aws/policy"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/imagesync/jobfile"
)

// TestWhatIsWrittenIsRead: config.LoadJobs gives the same jobs and decisions.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	plain := imagesync.Defaults()
	plain.Name, plain.Source, plain.Destination, plain.Repositories = "images", "a.example/team", "ecr:eu-west-1", []string{"api", "**"}
	all := plain
	all.Name, all.Tags, all.TagRegex, all.Semver, all.Newest, all.Platforms = "all", []string{"test", "*"}, "v.*: #x", ">=1 <2", 3, []string{"linux/arm64"}
	all.Referrers, all.DeleteMissing, all.DeleteLimit, all.Insecure = false, true, 7, false
	all.Create = imagesync.Create{Immutable: true, KMSKey: "arn:aws:kms:eu-west-1:111111111111:key/1", Lifecycle: `{"rules": ["é"]}`}
	all.Verify.Keys = []string{"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"}
	for name, from := range map[string]*config.Decisions{
		"none": nil, "short": {App: "shop", Store: "s3://builds"},
		"whole": {App: "shop", Store: "s3://builds/x", Region: "eu-west-1", Signers: "ann ssh-ed25519 AAAA\nbob ssh-ed25519 BBBB\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := jobfile.Write([]imagesync.Settings{plain, all}, from)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "sync.yml")
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
			kinds := config.Kinds{
				Sync:      config.Kind{Name: imagesync.Kind, New: func() any { s := imagesync.Defaults(); return &s }},
				Partition: func(string) (string, bool) { return "aws", true },
			}
			got, err := config.LoadJobs(path, kinds, func(string) (string, bool) { return "", false })
			if err != nil {
				t.Fatalf("%v\n%s", err, raw)
			}
			if !reflect.DeepEqual(got.Decisions, from) {
				t.Errorf("decisions are %+v, want %+v", got.Decisions, from)
			}
			jobs, err := imagesync.Read(got.Syncs, nil)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := asJSON(t, jobs), asJSON(t, []imagesync.Settings{plain, all}); a != b {
				t.Errorf("jobs are %s\nwant %s", a, b)
			}
		})
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestTheStoreOfAJob: which store holds a job back, or why none does.
func TestTheStoreOfAJob(t *testing.T) {
	t.Parallel()
	shop := delivery.App{Name: "shop", Store: "s3://builds/x"}
	local := delivery.App{Name: "shop", Store: "file://.falkirk"}
	given := &config.Decisions{App: "other", Store: "s3://theirs", Region: "us-east-1"}
	at := policy.Scope{Account: "111111111111", Region: "eu-west-1"}
	for name, c := range map[string]struct {
		app   delivery.App
		asked jobfile.StoreRequest
		given *config.Decisions
		want  string // "" where no store does
		note  string
		fails string
	}{
		"the app file's":         {app: shop, want: "s3://builds/x, app shop", note: "is not known"},
		"a folder":               {app: local, note: "folder of this machine"},
		"nothing":                {note: "there is no app file"},
		"none is asked for":      {app: shop, asked: jobfile.StoreRequest{URL: jobfile.None}, note: "--store none says so"},
		"the file of jobs":       {app: shop, given: given, want: "s3://theirs, app other", note: "is not known"},
		"another is asked for":   {app: shop, given: given, asked: jobfile.StoreRequest{URL: "s3://mine", App: "web"}, want: "s3://mine, app web", note: "is not known"},
		"another store, own app": {app: shop, asked: jobfile.StoreRequest{URL: "s3://mine"}, want: "s3://mine, app shop", note: "is not known"},
		"no app":                 {asked: jobfile.StoreRequest{URL: "s3://mine"}, fails: "does not say the app"},
		"only an app":            {app: shop, asked: jobfile.StoreRequest{App: "web"}, fails: "--app goes with --store"},
		"an app and none":        {app: shop, asked: jobfile.StoreRequest{URL: jobfile.None, App: "web"}, fails: "--app goes with --store"},
		"a folder is asked for":  {app: shop, asked: jobfile.StoreRequest{URL: "file://x"}, fails: "is not a store that a job can read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := jobfile.Find(c.app, c.asked, c.given, at)
			if c.fails != "" {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("%v", err)
				}
				return
			}
			notes := strings.Join(s.Notes(at.Account, false), "\n")
			if err != nil || s.String() != c.want || !strings.Contains(notes, c.note) || (s.From == nil) != (c.want == "") {
				t.Errorf("%q, %v; notes: %s", s, err, notes)
			}
		})
	}
}

// TestTheSignersOfAnAppAreInTheFile: only where the store is that of the app file.
func TestTheSignersOfAnAppAreInTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "signers"), []byte("ann ssh-ed25519 AAAA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	app := delivery.App{Name: "shop", Store: "s3://builds", Root: dir, Ledger: &delivery.LedgerSetting{Signers: "signers"}}
	for url, want := range map[string]string{"": "ann ssh-ed25519 AAAA\n", "s3://mine": ""} {
		s, err := jobfile.Find(app, jobfile.StoreRequest{URL: url}, nil, policy.Scope{Region: "eu-west-1"})
		if err != nil {
			t.Fatal(err)
		}
		if d, err := s.Decisions(app); err != nil || d.Signers != want || s.From.Signers != "" {
			t.Errorf("%q: %+v, %v", url, d, err)
		}
	}
	s, err := jobfile.Find(app, jobfile.StoreRequest{}, nil, policy.Scope{Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	app.Ledger.Signers = "none"
	if _, err := s.Decisions(app); !fault.Is(err, fault.Invalid) {
		t.Errorf("without the list: %v", err)
	}
}
