package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

type query struct {
	Version string `json:"version"`
}

// function offers one use case, and has one that only this machine can be asked for.
func function(t *testing.T, do func(ctx context.Context, c *usecase.Call, q query) (string, error)) Function {
	t.Helper()
	one := usecase.Case[query, string]{Name: "test.do", Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View, Do: do}
	here := one
	here.Name, here.Reach = "test.here", usecase.ThisMachine
	here.Do = func(context.Context, *usecase.Call, query) (string, error) {
		t.Error("a use case of this machine was reached")
		return "", nil
	}
	return Function{
		Catalog: usecase.NewCatalog(one.Entry(), here.Entry()),
		Call: func(_, _ string, hide func(func(string) string)) *usecase.Call {
			return &usecase.Call{Open: func(context.Context, func(engine.Event)) (*usecase.App, error) {
				hide(func(s string) string { return strings.ReplaceAll(s, "secret", "***") })
				return &usecase.App{
					Flush: func() []string { return []string{"one notice was not sent"} },
				}, nil
			}}
		},
		Folders: []string{t.TempDir()},
	}
}

func TestAnEventAsksForAUseCase(t *testing.T) {
	t.Parallel()
	f := function(t, func(ctx context.Context, c *usecase.Call, q query) (string, error) {
		if _, err := c.App(ctx); err != nil {
			return "", err
		}
		c.Warn("the secret is old")
		c.Packing("api", delivery.Progress{Unit: delivery.UnitWarning, Note: "large"})
		return "done " + q.Version, nil
	})
	got, err := f.Handle(t.Context(), json.RawMessage(`{"use": "test.do", "query": {"version": "1.0.0"}}`))
	want := `{"schema":1,"use":"test.do","exit":{"code":0,"name":"done"},"result":"done 1.0.0","warnings":["the *** is old","api: large","one notice was not sent"]}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

// A name in a request is no secret; any other text may be one.
func TestOnlyNamesOfARequestAreShown(t *testing.T) {
	t.Parallel()
	raw := json.RawMessage(`{"version": "1.4.0", "reason": "s3cr3t-value", "override": "s3cr3t", "job": {"version": "2.0", "name": "s3cr3t"}}`)
	got := namesIn(raw)
	slices.Sort(got)
	if !slices.Equal(got, []string{"1.4.0", "2.0"}) {
		t.Errorf("shown: %v", got)
	}
}

// Who asks for a protected environment is told what to agree to.
func TestTheAnswerSaysWhatToAgreeTo(t *testing.T) {
	t.Parallel()
	f := function(t, func(context.Context, *usecase.Call, query) (string, error) {
		return "", &usecase.ConsentError{Environments: []string{"prd"}, Plan: "sha256:12"}
	})
	_, err := f.Handle(t.Context(), json.RawMessage(`{"use": "test.do"}`))
	var failed messages.InvokeResponse_Error
	if !errors.As(err, &failed) || !strings.Contains(failed.Message, `"consent":{"environments":["prd"],"plan":"sha256:12"}`) {
		t.Errorf("%v", err)
	}
}

func TestWhatWasNotDoneIsAnError(t *testing.T) {
	t.Parallel()
	f := function(t, func(ctx context.Context, c *usecase.Call, _ query) (string, error) {
		_, _ = c.App(ctx)
		fault.Wrote(ctx)
		return "half", fault.Hint(fault.New(fault.Closed, "gate of secret is closed"), "falkirk why")
	})
	_, err := f.Handle(t.Context(), json.RawMessage(`{"use": "test.do"}`))
	var failed messages.InvokeResponse_Error
	if !errors.As(err, &failed) || failed.Type != fault.Closed.String() || !strings.Contains(failed.Message, `"result":"half"`) ||
		!strings.Contains(failed.Message, `"message":"gate of *** is closed","hint":"falkirk why"`) {
		t.Errorf("%+v", err)
	}
}

// refusedEvents are events that reach no use case.
func refusedEvents(t *testing.T, f Function) []string {
	t.Helper()
	outside := filepath.Join(t.TempDir(), "falkirk.yml")
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(f.Folders[0], "link.yml")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	return []string{
		``, `{}`, `[]`, `"test.do"`, `{"use": ""}`, `{"use": "test.nothing"}`, `{"use": "test.here"}`, `{"args": ["status"]}`,
		`{"use": "test.do", "more": 1}`, `{"use": "test.do"} {}`,
		`{"use": "test.do", "file": "` + outside + `"}`, `{"use": "test.do", "file": "` + link + `"}`, `{"use": "test.do", "file": "../../x"}`,
		`{"use": "test.do", "jobs": "` + outside + `"}`, `{"use": "test.do", "jobs": "` + link + `"}`, `{"use": "test.do", "jobs": "nothing"}`,
		`{"use": "test.do", "query": {"path": "x"}}`, `{"use": "test.do", "query": []}`, `{"use": "test.do", "query": "x"}`,
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := function(t, func(context.Context, *usecase.Call, query) (string, error) {
		t.Error("a refused event reached its use case")
		return "", nil
	})
	for _, event := range refusedEvents(t, f) {
		_, err := f.Handle(t.Context(), json.RawMessage(event))
		var failed messages.InvokeResponse_Error
		if !errors.As(err, &failed) || failed.Type != "invalid" {
			t.Errorf("%s: %v", event, err)
		}
	}
}

// FuzzEvent: no event reaches a use case of this machine, or a file outside of the
// folders.
func FuzzEvent(f *testing.F) {
	for _, s := range []string{`{"use": "test.do", "query": {"version": "1"}}`, `{"use": "test.here"}`, `{"use": "test.do", "file": "a/../../etc/passwd"}`, `{}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, event string) {
		fn := function(t, func(context.Context, *usecase.Call, query) (string, error) { return "", nil })
		folder := fn.Folders[0]
		call := fn.Call
		fn.Call = func(file, jobs string, hide func(func(string) string)) *usecase.Call {
			for _, path := range []string{file, jobs} {
				if at, err := filepath.EvalSymlinks(path); path != "" && (err != nil || !strings.HasPrefix(at, folder)) {
					t.Errorf("%q is read", path)
				}
			}
			return call(file, jobs, hide)
		}
		_, _ = fn.Handle(t.Context(), json.RawMessage(event))
	})
}
