package app

import (
	"context"
	"io"
	"os"
	"strings"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli"
	"falkirk/internal/face/lambda"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
	"falkirk/internal/usecase"
)

// serveLambda answers events until Lambda ends the process.
func serveLambda(w cli.Wiring) {
	w.Open = func(ctx context.Context, path string, report func(engine.Event)) (*usecase.App, error) {
		a, err := open(ctx, path, report)
		if err == nil {
			t := a.Engine.Targets["local"].(*local.Target)
			a.Engine.Targets["local"] = nowhere{t, t}
		}
		return a, err
	}
	f := lambda.Function{
		Verbs: cli.Verbs(w),
		// The function's zip, its layers, a mounted file system, its scratch space.
		Folders: []string{taskRoot(), "/opt", "/mnt", os.TempDir()},
		Run: func(ctx context.Context, args []string, out io.Writer) int {
			return cli.Main(ctx, w, cli.Streams{In: strings.NewReader(""), Out: out, Err: os.Stderr}, args)
		},
	}
	_ = os.Chdir(taskRoot()) // where it is by itself; files that are not found say so
	awslambda.Start(f.Handle)
}

// taskRoot is where Lambda unpacks the zip.
func taskRoot() string {
	if dir := os.Getenv("LAMBDA_TASK_ROOT"); dir != "" {
		return dir
	}
	return "/var/task"
}

// nowhere is a local target that is only looked at: what a function starts is
// frozen and gone after the answer.
type nowhere struct {
	engine.Target
	engine.Witness
}

// Do refuses.
func (nowhere) Do(context.Context, delivery.Placement, delivery.Step, func(delivery.Progress)) (delivery.Outcome, error) {
	err := fault.New(fault.Refused, "a Lambda function cannot change a local target: nothing that it starts would live on")
	return delivery.Outcome{}, fault.Hint(err, "run this command on the machine itself")
}
