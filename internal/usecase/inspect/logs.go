package inspect

import (
	"context"

	"falkirk/internal/usecase"
)

// LogsQuery asks for what a component printed.
type LogsQuery = usecase.LogRequest

// LogsResult is empty: what the component printed is told while it is read.
type LogsResult struct{}

func newLogs() usecase.Case[LogsQuery, LogsResult] {
	return usecase.Case[LogsQuery, LogsResult]{
		Name: "inspect.logs", Doc: "Tell what a component printed",
		Effect: usecase.Reads, Reach: usecase.ThisMachine, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q LogsQuery) (LogsResult, error) {
			app, err := c.App(ctx)
			if err != nil {
				return LogsResult{}, err
			}
			err = app.Logs(ctx, q, c.Printer())
			if q.Follow && ctx.Err() != nil {
				err = nil // following ends when the caller ends it
			}
			return LogsResult{}, err
		},
	}
}
