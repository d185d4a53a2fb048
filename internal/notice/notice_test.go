package notice_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/notice"
)

// answers is a receiver that answers with each status in turn.
func answers(t *testing.T, header http.Header, status ...int) (*httptest.Server, *int) {
	t.Helper()
	var mu sync.Mutex
	calls := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		for k, v := range header {
			w.Header()[k] = v
		}
		w.WriteHeader(status[min(calls, len(status)-1)])
		calls++
	}))
	t.Cleanup(s.Close)
	return s, &calls
}

func TestWhatMayHelpIsTriedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status []int
		header http.Header
		calls  int
		ok     bool
		least  time.Duration // of the first wait
	}{
		{"good", []int{204}, nil, 1, true, 0},
		{"away for a moment", []int{503, 502, 200}, nil, 3, true, 250 * time.Millisecond},
		{"too many", []int{429, 200}, http.Header{"Retry-After": {"7"}}, 2, true, 7 * time.Second},
		{"until a date", []int{503, 200}, http.Header{"Retry-After": {"Mon, 02 Mar 2026 12:00:30 GMT"}}, 2, true, 30 * time.Second},
		{"for ever", []int{500}, nil, 5, false, 250 * time.Millisecond},
		{"gone", []int{410, 200}, nil, 1, false, 0},
		{"bad", []int{400, 200}, nil, 1, false, 0},
		{"elsewhere", []int{302, 200}, http.Header{"Location": {"/there"}}, 1, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, calls := answers(t, tt.header, tt.status...)
			var waits []time.Duration
			p := notice.Poster{
				Wait: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil },
				Now:  func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) },
			}
			err := p.Post(t.Context(), s.URL+"/T0/token", http.Header{}, []byte("{}"))
			if (err == nil) != tt.ok || *calls != tt.calls {
				t.Errorf("%d calls, %v", *calls, err)
			}
			if err != nil && strings.Contains(err.Error(), "token") {
				t.Errorf("the address is in %q", err)
			}
			if tt.least > 0 && (len(waits) == 0 || waits[0] < tt.least || waits[0] > 4*tt.least) {
				t.Errorf("waited %v, want at least %v", waits, tt.least)
			}
		})
	}
}

func TestAnErrorHoldsNoAddress(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	s.Close()
	p := notice.Poster{Wait: func(context.Context, time.Duration) error { return nil }}
	for _, to := range []string{s.URL + "/secret-token", "http://[::1:bad/secret-token", "http://secret-token.invalid.:1/"} {
		err := p.Post(t.Context(), to, http.Header{}, nil)
		if err == nil || strings.Contains(err.Error(), "secret-token/") || strings.Contains(err.Error(), "/secret-token") {
			t.Errorf("%v", err)
		}
	}
}

// box keeps what is sent to it.
type box struct {
	mu   sync.Mutex
	got  []string
	fail error
	hang bool
}

func (b *box) Send(ctx context.Context, _ json.RawMessage, n delivery.Notice) error {
	if b.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, n.ID)
	return b.fail
}

func told(id string, env string, topics ...delivery.Topic) delivery.Notice {
	return delivery.Notice{ID: id, Topics: topics, Operation: delivery.Operation{Verb: delivery.VerbPromote, Environment: env}}
}

func TestABoardTellsThoseWhoAsked(t *testing.T) {
	t.Parallel()
	all, some, broken := &box{}, &box{}, &box{fail: errors.New("no such channel")}
	b := notice.New(t.Context(), []delivery.NoticeSetting{
		{Name: "all", Kind: "all"},
		{Name: "some", Kind: "some", On: []delivery.Topic{delivery.TopicFailed}, Environments: []string{"prd"}},
		{Name: "broken", Kind: "broken", On: []delivery.Topic{delivery.TopicFailed}},
		{Name: "none", Kind: "none", On: []delivery.Topic{delivery.TopicRolledBack}},
	}, map[string]notice.Sender{"all": all, "some": some, "broken": broken})
	b.Tell(told("1", "dev", delivery.TopicStarted))
	b.Tell(told("2", "dev", delivery.TopicFailed))
	b.Tell(told("3", "prd", delivery.TopicFailed, delivery.TopicRolledBack))
	failed := b.Close(time.Minute)
	if !slices.Equal(all.got, []string{"1", "2", "3"}) || !slices.Equal(some.got, []string{"3"}) {
		t.Errorf("all %v, some %v", all.got, some.got)
	}
	if len(failed) != 3 || !strings.Contains(failed[0], "notice broken could not be sent (failed of promote in dev): no such channel") ||
		!strings.Contains(failed[2], "no channel of the kind none") {
		t.Errorf("%q", failed)
	}
}

func TestNobodyIsHeldUp(t *testing.T) {
	t.Parallel()
	b := notice.New(t.Context(), []delivery.NoticeSetting{{Name: "slow", Kind: "slow"}}, map[string]notice.Sender{"slow": &box{hang: true}})
	for range 1000 {
		b.Tell(told("1", "dev", delivery.TopicStarted))
	}
	done := make(chan []string)
	go func() { done <- b.Close(20 * time.Millisecond) }()
	select {
	case failed := <-done:
		if len(failed) != 1000 {
			t.Errorf("%d are said not to be sent", len(failed))
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the end waits for a channel that hangs")
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
		cancel()
	}))
	defer s.Close()
	if err := (notice.Poster{}).Post(ctx, s.URL, http.Header{}, nil); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}
