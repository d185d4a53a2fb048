package delivery

import "context"

type operationKey struct{}

// WithOperation gives what is done on the way the operation that it is done
// for: sessions are named after it, and what is made is tagged with it.
func WithOperation(ctx context.Context, op Operation) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

// OperationOf is the operation that something is done for; false when there is
// none, as when somebody only looks.
func OperationOf(ctx context.Context) (Operation, bool) {
	op, ok := ctx.Value(operationKey{}).(Operation)
	return op, ok
}
