// Package lambda is the way in for AWS Lambda: an event is a command line, the
// answer is the JSON document that the command prints, and a command that was
// not done is an error of the function.
package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"falkirk/internal/fault"
)

// Event asks for one command.
type Event struct {
	Args []string `json:"args"` // as after "falkirk": ["status", "prd"]
	File string   `json:"file"` // the app file; empty: falkirk.yml beside the program
}

// Function answers events.
type Function struct {
	// Run runs a command line, prints one JSON document to out and gives the
	// exit code.
	Run     func(ctx context.Context, args []string, out io.Writer) int
	Verbs   []string // the commands that may be asked for
	Folders []string // app files are read from inside these only
}

// Handle runs the command of one event. The answer is its document. A command
// that was not done is an error: its type is the document's error.kind
// (or exit.name), its message is the document.
func (f Function) Handle(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
	args, err := f.arguments(raw)
	if err != nil {
		return nil, messages.InvokeResponse_Error{Type: "invalid", Message: fault.CleanAddresses(err.Error())}
	}
	ctx, stop := beforeTheEnd(ctx)
	defer stop()
	var out bytes.Buffer
	code := f.Run(ctx, args, &out)
	return answer(out.Bytes(), code)
}

// beforeTheEnd interrupts a command some time before Lambda kills the function,
// so that it stops between two steps and says what stands.
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

func answer(out []byte, code int) (json.RawMessage, error) {
	var doc struct {
		Exit struct {
			Name string
			Code int
		}
		Error *struct{ Kind string }
	}
	var line bytes.Buffer
	if err := json.Compact(&line, out); err != nil || json.Unmarshal(out, &doc) != nil {
		message := fmt.Sprintf("the command ended with exit code %d and printed no document: %s", code, out)
		return nil, messages.InvokeResponse_Error{Type: "failed", Message: message}
	}
	if code == 0 || doc.Error == nil && doc.Exit.Code == code { // an answer that has a code of its own is no error
		return line.Bytes(), nil
	}
	kind := doc.Exit.Name
	if doc.Error != nil {
		kind = doc.Error.Kind
	}
	return nil, messages.InvokeResponse_Error{Type: kind, Message: line.String()}
}

// Asked reports whether the process was started as a Lambda function: by the
// runtime, which passes no arguments. A command that such a function starts has
// some.
func Asked(args []string) bool {
	return len(args) == 0 && os.Getenv("AWS_LAMBDA_RUNTIME_API") != ""
}
