package image_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/ledger"
	"falkirk/internal/registries"
	"falkirk/internal/release"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/image"
	"falkirk/test/images"
)

// world is a registry, a store in a folder, and an app file with two jobs.
type world struct {
	t     *testing.T
	host  string
	store bucket.Bucket
	jobs  usecase.Jobs
	room  image.Room
	want  images.Descriptor // builds/api:1

	releases engine.Releases
	opened   int // how often the decisions of a file of jobs were

	mu     sync.Mutex
	events []usecase.Event
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	w := &world{t: t, host: strings.TrimPrefix(server.URL, "http://"), store: file.New(t.TempDir())}
	var err error
	if w.want, err = images.At(w.host).Image(t.Context(), "builds/api", "1", 7); err != nil {
		t.Fatal(err)
	}
	app := delivery.App{Name: "shop", Accounts: []delivery.Account{{Name: "prd", ID: "222222222222"}}}
	for _, name := range []string{"missing", "base"} {
		s := imagesync.Defaults()
		s.Name, s.Source, s.Destination, s.Insecure = name, w.host+"/builds", w.host+"/copies", true
		s.Repositories, s.Tags = []string{map[string]string{"missing": "none", "base": "api"}[name]}, []string{"*"}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		app.Syncs = append(app.Syncs, delivery.SyncSetting{Name: name, Settings: raw})
	}
	w.jobs = usecase.Jobs{App: &config.File{App: app}, List: app.Syncs, Kept: true, Name: "falkirk.yml", Key: noFile}
	w.room = image.New(func(a delivery.App) image.Means {
		return image.Means{
			Registries: registries.New(nil),
			Last:       imagesync.Last{App: a.Name, Open: func(context.Context) (bucket.Bucket, error) { return w.store, nil }},
			Decisions: func(context.Context, config.Decisions, string) (*engine.Decisions, error) {
				w.opened++
				return w.decisions(), nil
			},
		}
	})
	w.releases = release.New(w.store)
	return w
}

func noFile(name string) ([]byte, error) { return nil, fault.New(fault.NotFound, "no file %s", name) }

// whole is the ledger of the whole app.
type whole struct{ *ledger.Ledger }

// Begin is not asked for here.
func (whole) Begin(context.Context, delivery.Operation) (engine.Hold, delivery.Record, error) {
	return nil, delivery.Record{}, fault.New(fault.Internal, "no operation begins here")
}

func (w *world) ledger() whole {
	return whole{ledger.New(w.store, "shop", delivery.Everywhere, ledger.Options{})}
}

// decisions are those in the world's store.
func (w *world) decisions() *engine.Decisions {
	return &engine.Decisions{
		App: "shop", Ledger: w.ledger(), Releases: w.releases, Now: time.Now,
		Below: func(context.Context, string) ([]string, error) { return nil, nil },
	}
}

// stop stops everything.
func (w *world) stop() { w.t.Helper(); w.decide(delivery.VerbStop, "") }

// decide writes what a person decided about the whole app.
func (w *world) decide(verb delivery.Verb, version string) {
	w.t.Helper()
	op := delivery.Operation{ID: "1", App: "shop", Environment: delivery.Everywhere, Verb: verb, Version: version, Actor: "ann", Reason: "fire", At: time.Now()}
	if _, err := w.ledger().Decide(w.t.Context(), delivery.Entry{Event: delivery.Decided, Operation: op}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) call() *usecase.Call {
	return &usecase.Call{
		Actor: "ann",
		Tell: func(ev usecase.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, ev)
		},
		File:      func() (*config.File, error) { return w.jobs.App, nil },
		OpenJobs:  func(context.Context) (*usecase.Jobs, error) { return &w.jobs, nil },
		Decisions: func(context.Context) (*engine.Decisions, error) { return w.decisions(), nil },
	}
}

// ask asks as a face does that carries JSON, and gives the result as JSON.
func (w *world) ask(name, query string) (string, error) {
	w.t.Helper()
	i := slices.IndexFunc(w.room.Entries(), func(e usecase.Entry) bool { return e.Name == name })
	if i < 0 {
		w.t.Fatalf("no use case %s", name)
	}
	r, err := w.room.Entries()[i].Do(w.t.Context(), w.call(), []byte(strings.ReplaceAll(query, "HOST", w.host)))
	raw, bad := json.Marshal(r)
	if bad != nil {
		w.t.Fatal(bad)
	}
	return string(raw), err
}

func (w *world) must(name, query string) string {
	w.t.Helper()
	got, err := w.ask(name, query)
	if err != nil {
		w.t.Fatalf("%s %s: %v\n%s", name, query, err, got)
	}
	return got
}

// digest is what a tag of the registry is on; "" where it is missing.
func (w *world) digest(repository, tag string) string {
	_, d, err := images.At(w.host).Read(w.t.Context(), repository, tag)
	if err != nil {
		return ""
	}
	return d.Digest
}

// queries is one of each use case that does something.
var queries = map[string]string{
	"image.inspect":  `{"image": "HOST/builds/api:1", "insecure": true}`,
	"image.list":     `{"at": "HOST/builds/api", "insecure": true}`,
	"image.tag":      `{"tags": [{"image": "HOST/builds/api:1", "tag": "live"}], "insecure": true}`,
	"image.copy":     `{"from": "HOST/builds/api:1", "to": "HOST/other/api:1", "insecure": true}`,
	"image.sync":     `{"names": ["base"]}`,
	"image.lastsync": `{"names": ["base"]}`,
}

// TestEachUseCaseThroughJSON asks for each with a request in JSON, and looks at what
// it did.
func TestEachUseCaseThroughJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"image.inspect", "image.list", "image.tag", "image.copy", "image.sync", "image.lastsync"} {
		if got := w.must(name, queries[name]); !strings.Contains(got, w.want.Digest) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for repository, tag := range map[string]string{"builds/api": "live", "other/api": "1", "copies/api": "1"} {
		if got := w.digest(repository, tag); got != w.want.Digest {
			t.Errorf("%s:%s is on %q", repository, tag, got)
		}
	}
	if len(w.room.Entries()) != len(queries) {
		t.Errorf("the room has %d use cases, and %d are asked for here", len(w.room.Entries()), len(queries))
	}
}

// TestUnknownFieldsAreRefused: also in the job of a request.
func TestUnknownFieldsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, query := range queries {
		if _, err := w.ask(name, strings.Replace(query, "{", `{"colour": 1, `, 1)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, job := range []string{`{"colour": 1}`, `{"verify": {"file": "x"}}`} {
		if _, err := w.ask("image.sync", `{"job": `+job+`}`); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "unknown field") {
			t.Errorf("%s: %v", job, err)
		}
	}
}

// TestAStopHoldsBackWhatWrites, and nothing else.
func TestAStopHoldsBackWhatWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("image.sync", queries["image.sync"])
	w.stop()
	for _, e := range w.room.Entries() {
		_, err := w.ask(e.Name, queries[e.Name])
		if refused := fault.Is(err, fault.Refused); refused != (e.Effect == usecase.Writes) || err != nil && !refused {
			t.Errorf("%s under a stop: %v", e.Name, err)
		}
	}
	for _, name := range []string{"image.tag", "image.sync"} {
		if _, err := w.ask(name, strings.Replace(queries[name], "{", `{"dryRun": true, `, 1)); err != nil {
			t.Errorf("a dry run of %s under a stop: %v", name, err)
		}
	}
	if w.digest("builds/api", "live") != "" || w.digest("other/api", "1") != "" {
		t.Error("something was written")
	}
}

// TestTheDecisionsOfAFileOfJobsHoldItBack, where there is no app file.
func TestTheDecisionsOfAFileOfJobsHoldItBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.jobs.Decisions = &config.Decisions{App: "shop"}
	c := w.call()
	c.Decisions = func(context.Context) (*engine.Decisions, error) { return nil, nil }
	w.stop()
	q := image.SyncQuery{Names: []string{"base"}}
	got, err := usecase.Do(t.Context(), c, w.room.Sync, q)
	if !fault.Is(err, fault.Refused) || len(got) != 1 || got[0].Error == "" || w.digest("copies/api", "1") != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.ask("image.lastsync", `{"names": ["base"]}`); !fault.Is(err, fault.NotFound) {
		t.Errorf("the result of a run that was held back is kept: %v", err)
	}
	q.DryRun, w.opened = true, 0
	if _, err := usecase.Do(t.Context(), c, w.room.Sync, q); err != nil {
		t.Errorf("a dry run: %v", err)
	}
	if w.opened > 0 {
		t.Error("a dry run opens the store")
	}
}

// banned are releases of which each one holds an image.
type banned struct {
	engine.Releases
	digest string
}

// Get gives one.
func (b banned) Get(_ context.Context, _, version string) (delivery.Release, error) {
	return delivery.Release{Version: version, Artifacts: []delivery.Artifact{{Digest: b.digest}}}, nil
}

// TestAnImageOfABannedReleaseIsNotWritten, by any use case.
func TestAnImageOfABannedReleaseIsNotWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.releases = banned{digest: w.want.Digest}
	w.decide(delivery.VerbBan, "1")
	for _, e := range w.room.Entries() {
		if e.Effect != usecase.Writes {
			continue
		}
		if got, err := w.ask(e.Name, queries[e.Name]); !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %s, %v", e.Name, got, err)
		}
	}
	if w.digest("builds/api", "live") != "" || w.digest("other/api", "1") != "" || w.digest("copies/api", "1") != "" {
		t.Error("something was written")
	}
}

// TestAJobThatFailsDoesNotKeepTheOthersFromRunning, and the events tell of both.
func TestAJobThatFailsDoesNotKeepTheOthersFromRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got, err := usecase.Do(t.Context(), w.call(), w.room.Sync, image.SyncQuery{Require: true})
	if err == nil || len(got) != 2 || got[0].Error == "" || got[1].Error != "" || got[1].By != "ann" || w.digest("copies/api", "1") != w.want.Digest {
		t.Fatalf("%+v, %v", got, err)
	}
	var told []string
	for _, ev := range w.events {
		switch {
		case ev.Syncing != nil && ev.Syncing.Item != nil:
			told = append(told, ev.Job+" "+ev.Syncing.Item.Tag)
		case ev.Synced != nil:
			told = append(told, "end of "+ev.Synced.Name)
		}
	}
	if want := []string{"missing ", "end of missing", "base 1", "end of base"}; !slices.Equal(told, want) {
		t.Errorf("events are %v, want %v", told, want)
	}
}

// TestWhichResultsAreKept: those of runs of jobs of the app file.
func TestWhichResultsAreKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query string
		kept  bool // the jobs are those of the app file
		found bool
	}{
		"a run":            {`{"names": ["base"]}`, true, true},
		"a dry run":        {`{"names": ["base"], "dryRun": true}`, true, false},
		"a file of jobs":   {`{"names": ["base"]}`, false, false},
		"a job of its own": {`{"job": {"name": "base", "source": "HOST/builds", "destination": "HOST/copies", "repositories": ["api"], "tags": ["*"], "insecure": true}}`, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.jobs.Kept = c.kept
			w.must("image.sync", c.query)
			w.jobs.Kept = true
			if got, err := w.ask("image.lastsync", `{"names": ["base"]}`); (err == nil) != c.found || !c.found && !fault.Is(err, fault.NotFound) {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	w := newWorld(t)
	w.jobs.Kept = false
	if _, err := w.ask("image.lastsync", `{}`); !fault.Is(err, fault.Invalid) {
		t.Errorf("of a file of jobs: %v", err)
	}
}

// full is a store that takes nothing more.
type full struct{ bucket.Bucket }

// Put fails.
func (full) Put(context.Context, string, io.Reader) error {
	return fault.New(fault.Unavailable, "the disk is full")
}

// TestAResultThatCannotBeKeptIsAFailure: nothing that failed says that it was done.
func TestAResultThatCannotBeKeptIsAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store = full{w.store}
	got, err := usecase.Do(t.Context(), w.call(), w.room.Sync, image.SyncQuery{Names: []string{"base"}})
	if err == nil || len(got) != 1 || !strings.Contains(got[0].Error, "the disk is full") || w.digest("copies/api", "1") != w.want.Digest {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestRequestsThatAreRefused: with what is wrong, before anything is written.
func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := filepath.Join(dir, "cosign.pub")
	if err := os.WriteFile(key, []byte("-----BEGIN PUBLIC KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	job := `"source": "HOST/builds", "destination": "HOST/copies", "repositories": ["api"], "tags": ["*"], "insecure": true`
	for query, want := range map[string]struct {
		name string
		kind fault.Kind
		text string
	}{
		`{"names": ["nobody"]}`:                                                                {"image.sync", fault.NotFound, `no job "nobody"`},
		`{"names": ["nobody"] }`:                                                               {"image.lastsync", fault.NotFound, `no job "nobody"`},
		`{"names": ["base"], "job": {` + job + `}}`:                                            {"image.sync", fault.Invalid, "has a job of its own"},
		`{"job": {"source": "HOST/builds"}}`:                                                   {"image.sync", fault.Invalid, "needs a source, a destination and repositories"},
		`{"job": {` + job + `, "semver": "?"}}`:                                                {"image.sync", fault.Invalid, "semver of the job"},
		`{"job": {` + job + `, "account": "no"}}`:                                              {"image.sync", fault.NotFound, `no account "no"`},
		`{"job": {` + job + `, "sourceAccount": "no"}}`:                                        {"image.sync", fault.NotFound, `no account "no"`},
		`{"job": {` + job + `, "verify": {"keys": [` + fmt.Sprintf("%q", key) + `]}}}`:         {"image.sync", fault.Invalid, "no public key in PEM"},
		`{"image": "HOST/builds/api:1", "account": "no"}`:                                      {"image.inspect", fault.NotFound, `no account "no"`},
		`{"at": "HOST", "account": "no"}`:                                                      {"image.list", fault.NotFound, `no account "no"`},
		`{"tags": []}`:                                                                         {"image.tag", fault.Invalid, "no image is named"},
		`{"from": "HOST/builds/api:1", "to": "HOST/x@sha256:` + strings.Repeat("0", 64) + `"}`: {"image.copy", fault.Invalid, "an image goes to a tag"},
	} {
		t.Run(want.name+" "+query, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if _, err := w.ask(want.name, query); !fault.Is(err, want.kind) || !strings.Contains(err.Error(), want.text) {
				t.Errorf("%v", err)
			}
			if w.digest("copies/api", "1") != "" {
				t.Error("something was written")
			}
		})
	}
}

// TestAJobInJSONIsAsInAnAppFile: what is missing has the default.
func TestAJobInJSONIsAsInAnAppFile(t *testing.T) {
	t.Parallel()
	got, err := usecase.Decode[image.SyncQuery]([]byte(`{"job": {"source": "a.example", "create": {"immutable": true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := imagesync.Defaults()
	want.Source, want.Create.Immutable = "a.example", true
	for range 2 { // as it came, and carried once more
		if a, b := fmt.Sprintf("%+v", got.Job.Settings), fmt.Sprintf("%+v", want); a != b {
			t.Errorf("the job is %s, want %s", a, b)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if got, err = usecase.Decode[image.SyncQuery](raw); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAFaceWithoutJobsGetsAnAnswer: one that cannot open any.
func TestAFaceWithoutJobsGetsAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.call()
	c.OpenJobs = nil
	if _, err := usecase.Do(t.Context(), c, w.room.Sync, image.SyncQuery{}); !fault.Is(err, fault.Refused) {
		t.Errorf("sync: %v", err)
	}
	if _, err := usecase.Do(t.Context(), c, w.room.LastSync, image.LastSyncQuery{}); !fault.Is(err, fault.Refused) {
		t.Errorf("the last run: %v", err)
	}
}

// TestACallOpensItsJobsOnce: rounds of one call share logins and what people decided.
func TestACallOpensItsJobsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.call()
	opened, asked := 0, 0
	c.OpenJobs = func(context.Context) (*usecase.Jobs, error) { opened++; return &w.jobs, nil }
	c.Decisions = func(context.Context) (*engine.Decisions, error) { asked++; return w.decisions(), nil }
	for range 3 {
		if _, err := usecase.Do(t.Context(), c, w.room.Sync, image.SyncQuery{Names: []string{"base"}}); err != nil {
			t.Fatal(err)
		}
	}
	if opened != 1 || asked != 1 {
		t.Errorf("the jobs were opened %d times, and the decisions %d times", opened, asked)
	}
	w.stop()
	if _, err := usecase.Do(t.Context(), c, w.room.Sync, image.SyncQuery{Names: []string{"base"}}); !fault.Is(err, fault.Refused) {
		t.Errorf("a stop between two rounds: %v", err)
	}
}
