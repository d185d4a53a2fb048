package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// receive starts a server that keeps what is posted to it in received, and puts
// its address into RECEIVER. Paths tell how it answers: /away answers 503 the
// first time, /gone 410.
func receive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: receive")
	}
	file := ts.MkAbs("received")
	var mu sync.Mutex
	seen := map[string]bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing fails the script
		mu.Lock()
		defer mu.Unlock()
		switch {
		case strings.HasPrefix(r.URL.Path, "/gone"):
			w.WriteHeader(http.StatusGone)
			return
		case strings.HasPrefix(r.URL.Path, "/away") && !seen[r.URL.Path]:
			seen[r.URL.Path] = true
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = fmt.Fprintf(f, "%s signature=%v %s\n", r.URL.Path, r.Header.Get("webhook-signature") != "", strings.ReplaceAll(string(body), "\n", " "))
		}
		switch {
		case err != nil || f.Close() != nil:
			w.WriteHeader(http.StatusInternalServerError)
		case strings.HasPrefix(r.URL.Path, "/teams"):
			w.WriteHeader(http.StatusAccepted)
		default:
			_, _ = io.WriteString(w, "ok") // as Slack does
		}
	}))
	ts.Defer(s.Close)
	ts.Setenv("RECEIVER", s.URL)
}
