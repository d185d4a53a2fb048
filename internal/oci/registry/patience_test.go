package registry_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/oci/registry"
)

// stalling is a registry that begins an answer and then stops, drips bytes, or
// does not read what it is sent. It ends with the test.
type stalling struct {
	how string
	end chan struct{}
}

func (s *stalling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.how == "token" && r.URL.Path != "/token":
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	case s.how == "error":
		w.WriteHeader(http.StatusForbidden)
	case s.how == "unread" && r.Method == http.MethodPost:
		w.Header().Set("Location", "/v2/some/repo/blobs/uploads/one")
		w.WriteHeader(http.StatusAccepted)
		return
	case s.how == "unread" && (r.Method == http.MethodPut || r.Method == http.MethodPatch):
		s.wait(r, time.Hour)
		return
	case s.how == "unread":
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Length", "100000")
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		pause := 20 * time.Millisecond
		if s.how != "drip" {
			pause = time.Hour
		}
		if s.wait(r, pause) {
			return
		}
	}
}

func (s *stalling) wait(r *http.Request, d time.Duration) (ended bool) {
	select {
	case <-s.end:
	case <-r.Context().Done():
	case <-time.After(d):
		return false
	}
	return true
}

// Whatever is asked, an answer that stops or drips, and a body that nobody reads,
// is a failure soon, and not after minutes.
func TestAnAnswerThatStopsIsGivenUp(t *testing.T) {
	t.Parallel()
	all := everyRequest()
	delete(all, "blob")
	delete(all, "stretch")
	all["a whole blob"] = func(ctx context.Context, r *registry.Repository) error {
		b, err := r.Blob(ctx, manifest().Digest, 0)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, b)
		_ = b.Close()
		return err
	}
	silent := map[string]bool{"digest": true, "has": true} // HEAD has no body
	for _, how := range []string{"stop", "drip", "error", "token", "unread"} {
		for name, ask := range all {
			writes := name == "upload" || name == "mount" || name == "pieces"
			if how == "unread" && name != "pieces" && name != "put" || how != "unread" && (writes || silent[name] && how != "token") {
				continue
			}
			t.Run(how+" "+name, func(t *testing.T) {
				t.Parallel()
				h := &stalling{how: how, end: make(chan struct{})}
				s := httptest.NewServer(h)
				t.Cleanup(s.Close)
				t.Cleanup(func() { close(h.end) })
				repo := registry.New(registry.Options{
					Host: strings.TrimPrefix(s.URL, "http://"), Plain: true, Pause: time.Millisecond, Idle: 60 * time.Millisecond, Whole: 400 * time.Millisecond,
				}).Repository("some/repo")
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := ask(ctx, repo)
				if ctx.Err() != nil {
					t.Fatalf("it waits: %v", err)
				}
				if err == nil || fault.Is(err, fault.Invalid) || fault.Is(err, fault.Interrupted) {
					t.Errorf("%v", err)
				}
				if text := err.Error(); !strings.Contains(text, "brings less than") && !strings.Contains(text, "was not read for") && !strings.Contains(text, "no answer came from") {
					t.Errorf("it does not say why: %v", err)
				}
			})
		}
	}
}

// A document that goes on fast enough and does not end is given up too; a blob
// that is slow, and whose reader is slow, is not.
func TestASlowAnswerIsRead(t *testing.T) {
	t.Parallel()
	piece := strings.Repeat("x", 4<<10)
	blob := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/") {
			defer close(blob)
		}
		for n := 0; n < 40 && r.Context().Err() == nil; n++ {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}))
	t.Cleanup(s.Close)
	repo := registry.New(registry.Options{
		Host: strings.TrimPrefix(s.URL, "http://"), Plain: true, Pause: time.Millisecond, Idle: 500 * time.Millisecond, Whole: 300 * time.Millisecond,
	}).Repository("some/repo")
	if _, err := repo.Manifest(t.Context(), "tag"); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "does not end within 300ms") {
		t.Errorf("a document without an end: %v", err)
	}
	b, err := repo.Blob(t.Context(), manifest().Digest, 0)
	if err != nil {
		t.Fatal(err)
	}
	<-blob // the reader begins when all was sent, 800 ms later, which is longer than Idle
	raw, err := io.ReadAll(b)
	if err != nil || len(raw) != 40*len(piece) {
		t.Errorf("a slow blob: %d bytes, %v", len(raw), err)
	}
	_ = b.Close()
}

// Repetitions end at the time that the user is told, however each of them fails.
func TestRepetitionsEndTogether(t *testing.T) {
	t.Parallel()
	end, asked := make(chan struct{}), make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		if len(asked) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(end) })
	r := registry.New(registry.Options{Host: strings.TrimPrefix(server.URL, "http://"), Plain: true, Pause: time.Millisecond, Whole: time.Second})
	begun := time.Now()
	_, err := r.Repository("some/repo").Digest(t.Context(), "latest")
	if took := time.Since(begun); took > 2500*time.Millisecond || len(asked) < 2 {
		t.Errorf("%d requests took %s", len(asked), took)
	}
	if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Errorf("%v (%s)", err, fault.HintOf(err))
	}
}
