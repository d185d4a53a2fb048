package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/face/cli"
	"falkirk/internal/face/cli/ui"
)

// job is a file of jobs in a folder of its own, as a CronJob or a function has it:
// there is no app file, and the store is in decisions.
func (s *stage) job(t *testing.T, decisions string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sync.yml")
	text := decisions + "sync:\n  - {name: base, source: " + s.host + "/builds, destination: " + s.host + "/copies, repositories: [api], tags: [\"*\"], insecure: true}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *stage) store() string { return "file://" + filepath.ToSlash(filepath.Join(s.dir, ".falkirk")) }

// alone runs a file of jobs where there is no app file.
func (s *stage) alone(t *testing.T, path string, more ...string) (code int, text string) {
	t.Helper()
	var out bytes.Buffer
	w := wire()
	w.Getenv = func(string) (string, bool) { return "", false }
	code = cli.Main(context.WithoutCancel(t.Context()), w, ui.Streams{In: strings.NewReader(""), Out: &out, Err: &out}, append([]string{"sync", "--jobs", path}, more...))
	return code, out.String()
}

// wrote reports whether anything was written to the registry.
func wrote(requests []string) bool {
	for _, r := range requests {
		if !strings.HasPrefix(r, "GET ") && !strings.HasPrefix(r, "HEAD ") {
			return true
		}
	}
	return false
}

// TestAJobWithoutAnAppFileAsksTheStoreThatItNames: a stop and a ban hold it back,
// and so does a store that cannot be read.
func TestAJobWithoutAnAppFileAsksTheStoreThatItNames(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.must(t, "pack --version 1", "stop --all --reason fire")
	path := s.job(t, "decisions: {app: shop, store: \""+s.store()+"\"}\n")
	s.requests()

	code, text := s.alone(t, path)
	if sent := s.requests(); code != 6 || !strings.Contains(text, "everything is stopped by") || len(sent) > 0 {
		t.Errorf("under a stop: exit code %d, sent %v\n%s", code, sent, text)
	}
	if code, text = s.alone(t, path, "--dry-run"); code != 0 {
		t.Errorf("a dry run under a stop: exit code %d\n%s", code, text)
	}
	s.must(t, "resume --all", "ban 1 --reason leaks")
	s.requests()
	code, text = s.alone(t, path)
	if sent := s.requests(); code != 6 || !strings.Contains(text, "1 is banned by") || wrote(sent) {
		t.Errorf("of a banned release: exit code %d, sent %v\n%s", code, sent, text)
	}
	s.must(t, "unban 1")
	if code, text = s.alone(t, path); code != 0 {
		t.Errorf("nothing is decided: exit code %d\n%s", code, text)
	}
}

// TestAJobWhoseStoreCannotBeReadWritesNothing: what is not known is not allowed.
func TestAJobWhoseStoreCannotBeReadWritesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.must(t, "pack --version 1", "ban 1 --reason leaks")
	entry, err := filepath.Glob(filepath.Join(s.dir, ".falkirk", "ledger", "shop", "_app", "*.json"))
	if err != nil || len(entry) == 0 {
		t.Fatal(entry, err)
	}
	if err := os.WriteFile(entry[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.requests()
	code, text := s.alone(t, s.job(t, "decisions: {app: shop, store: \""+s.store()+"\"}\n"))
	if sent := s.requests(); code != 8 || !strings.Contains(text, "what people decided cannot be read, so nothing is written") || !strings.Contains(text, "falkirk create ecr-sync") || wrote(sent) {
		t.Errorf("exit code %d, sent %v\n%s", code, sent, text)
	}
}

// TestBothStoresHoldAJobBack: that of the app file, and that of the file of jobs.
func TestBothStoresHoldAJobBack(t *testing.T) {
	t.Parallel()
	here, there := newStage(t), newStage(t)
	here.must(t, "pack --version 1")
	path := here.job(t, "decisions: {app: shop, store: \""+there.store()+"\"}\n")
	for _, who := range []*stage{here, there} {
		who.must(t, "stop --all --reason fire")
		here.requests()
		if code, text := here.run(t, "sync --jobs "+path); code != 6 || wrote(here.requests()) {
			t.Errorf("exit code %d\n%s", code, text)
		}
		who.must(t, "resume --all")
	}
	here.must(t, "sync --jobs "+path)
}

// TestDecisionsOfAFileOfJobsAreChecked: with line and column, like all else in it.
func TestDecisionsOfAFileOfJobsAreChecked(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for block, because := range map[string]string{
		"decisions: {store: s3://builds}\n":                      "app",
		"decisions: {app: shop}\n":                               "store",
		"decisions: {app: shop, store: builds}\n":                "store is",
		"decisions: {app: shop, store: s3://builds, stop: no}\n": "stop",
		"decisions: yes\n":                                       "decisions",
	} {
		if code, text := s.alone(t, s.job(t, block)); code != 2 || !strings.Contains(text, because) || !strings.Contains(text, "sync.yml:1:") {
			t.Errorf("%s: exit code %d\n%s", block, code, text)
		}
	}
}

// TestAJobChecksWhoSigned: where ledgers are signed, a job does not rely on a
// decision that no signer signed.
func TestAJobChecksWhoSigned(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.must(t, "pack --version 1", "ban 1 --reason leaks", "unban 1")
	path := s.job(t, "decisions:\n  app: shop\n  store: \""+s.store()+"\"\n  signers: |\n    ann namespaces=\"falkirk-ledger\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n")
	if code, text := s.alone(t, path); code != 6 || !strings.Contains(text, "cannot be relied on") {
		t.Errorf("exit code %d\n%s", code, text)
	}
}
