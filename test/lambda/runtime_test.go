package lambda

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"falkirk/test/harness"
)

// function is the program as Lambda runs it, against a stand-in of the Runtime
// API: three paths of it, as docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// describes them. The client is the real one, in the program.
type function struct {
	events  chan event
	answers chan answered
}

type event struct {
	body     string
	deadline time.Time
}

// answered is what came back: the answer, or the type and message of an error.
type answered struct {
	kind string
	body string
}

// start runs the program in the app's folder, as if that were its zip.
func start(t *testing.T, r *harness.App) *function {
	t.Helper()
	f := &function{events: make(chan event), answers: make(chan answered)}
	server := httptest.NewServer(f.api())
	cmd := r.Command(t.Context())
	cmd.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"),
		"LAMBDA_TASK_ROOT="+r.Dir, "AWS_LAMBDA_FUNCTION_NAME=release")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it waits for the next event
		_ = cmd.Wait()         // killed
		server.CloseClientConnections()
		server.Close()
	})
	return f
}

func (f *function) api() http.Handler {
	const base = "/2018-06-01/runtime/invocation/"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case ev := <-f.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(ev.deadline.UnixMilli()))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:123456789012:function:release")
			fmt.Fprint(w, ev.body)
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST "+base+"{id}/response", func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			raw = []byte(err.Error())
		}
		w.WriteHeader(http.StatusAccepted)
		f.answers <- answered{body: string(raw)}
	})
	mux.HandleFunc("POST "+base+"{id}/error", func(w http.ResponseWriter, r *http.Request) {
		e := struct{ ErrorMessage, ErrorType string }{ErrorType: "no error document"}
		_ = json.NewDecoder(r.Body).Decode(&e) // then it is none
		w.WriteHeader(http.StatusAccepted)
		f.answers <- answered{e.ErrorType, e.ErrorMessage}
	})
	return mux
}

// invoke asks for one command and waits for what comes back.
func (f *function) invoke(t *testing.T, body string, limit time.Duration) answered {
	t.Helper()
	late := time.After(30 * time.Second)
	select {
	case f.events <- event{body, time.Now().Add(limit)}:
	case <-late:
		t.Fatalf("%s: the function does not ask for events", body)
	}
	select {
	case a := <-f.answers:
		return a
	case <-late:
		t.Fatalf("%s: no answer", body)
		return answered{}
	}
}

// document reads what a command printed, from an answer or from an error.
func (a answered) document(t *testing.T) document {
	t.Helper()
	var d document
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		t.Fatalf("%v: %+v", err, a)
	}
	return d
}

type document struct {
	Use    string
	Exit   struct{ Code int }
	Error  struct{ Kind, Message string }
	Result json.RawMessage
}
