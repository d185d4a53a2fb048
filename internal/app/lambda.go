package app

import (
	"context"
	"os"

	awslambda "github.com/aws/aws-lambda-go/lambda"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/face/lambda"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// serveLambda answers events until Lambda ends the process.
func serveLambda(w ui.Wiring) {
	_ = os.Chdir(taskRoot()) // where it is by itself; files that are not found say so
	awslambda.Start(lambdaFunction(w).Handle)
}

// lambdaFunction offers every use case that needs nothing of this machine.
func lambdaFunction(w ui.Wiring) lambda.Function {
	return lambda.Function{
		Catalog: catalog(w),
		Call: func(file, jobs string, hide func(func(string) string)) *usecase.Call {
			return (&files{w, file, jobs, hide}).call()
		},
		// The function's zip, its layers, a mounted file system, its scratch space.
		Folders: []string{taskRoot(), "/opt", "/mnt", os.TempDir()},
	}
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
