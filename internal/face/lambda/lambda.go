// Package lambda is the way in for AWS Lambda: an event names a use case and has
// its request, the answer is a JSON document with its result, and what was not done
// is an error of the function.
package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"falkirk/internal/engine"
	"falkirk/internal/face/document"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// Function answers events.
type Function struct {
	Catalog usecase.Catalog
	// Call is the call of an event about an app file and a file of jobs; "" is the one
	// beside the program. What hides the secrets of a file is told to hide.
	Call    func(file, jobs string, hide func(redact func(string) string)) *usecase.Call
	Folders []string // files are read from inside these only
}

// Handle asks for the use case of one event. The answer is its document. What was
// not done is an error: its type is the document's error.kind, its message is the
// document.
func (f Function) Handle(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	ev, entry, err := f.read(raw)
	if err != nil {
		return nil, messages.InvokeResponse_Error{Type: "invalid", Message: withHint(err)}
	}
	ctx, stop := beforeTheEnd(ctx)
	defer stop()
	ctx, work := fault.Watch(ctx)
	doc := document.Document{Use: entry.Name}
	a := &answering{doc: &doc}
	a.call = f.Call(ev.File, ev.Jobs, func(redact func(string) string) { a.redact = redact })
	a.listen(ev.Query)
	doc.Result, err = entry.Do(ctx, a.call, ev.Query)
	err = work.Err(usecase.Interrupted(ctx, err))
	a.flush()
	doc.End(fault.ExitCode(err), err)
	var out bytes.Buffer
	if failed := doc.Write(&out, true, a.redact); failed != nil {
		return nil, messages.InvokeResponse_Error{Type: "internal", Message: failed.Error()}
	}
	line := bytes.TrimSpace(out.Bytes())
	if err != nil {
		return nil, messages.InvokeResponse_Error{Type: fault.KindOf(err).String(), Message: string(line)}
	}
	return line, nil
}

func withHint(err error) string {
	text := fault.CleanAddresses(err.Error())
	if hint := fault.HintOf(err); hint != "" {
		text += "; next: " + hint
	}
	return text
}

// answering is one event that is answered.
type answering struct {
	call   *usecase.Call
	doc    *document.Document
	redact func(string) string // nil until an app file is open
	unsent func() []string     // notices; nil until an app file is open
	mu     sync.Mutex
}

// listen hears warnings, and of the app that is opened.
func (a *answering) listen(query json.RawMessage) {
	a.call.Tell = func(ev usecase.Event) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.doc.Warnings = append(a.doc.Warnings, ev.Warnings()...)
	}
	open := a.call.Open
	a.call.Open = func(ctx context.Context, report func(engine.Event)) (*usecase.App, error) {
		app, err := open(ctx, report)
		if err != nil {
			return nil, err
		}
		a.unsent = app.Flush
		if app.Shown != nil {
			app.Shown(namesIn(query)...)
		}
		return app, nil
	}
}

// flush waits for notices, and warns of those that were not sent.
func (a *answering) flush() {
	if a.unsent != nil {
		a.doc.Warnings = append(a.doc.Warnings, a.unsent()...)
	}
}

// beforeTheEnd interrupts a use case some time before Lambda kills the function,
// so that it stops between two steps and says what is live.
func beforeTheEnd(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	end, limited := ctx.Deadline()
	if !limited {
		return ctx, cancel
	}
	left := time.Until(end)
	alarm := time.AfterFunc(left-min(10*time.Second, left/5), cancel)
	return ctx, func() { alarm.Stop(); cancel() }
}

// Asked reports whether the process was started as a Lambda function: by the
// runtime, which passes no arguments. A command that such a function starts has
// some.
func Asked(args []string) bool {
	return len(args) == 0 && os.Getenv("AWS_LAMBDA_RUNTIME_API") != ""
}
