package s3x

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// rounds is how often an object is asked to be deleted that S3 could not delete
// at that moment.
const rounds = 5

// Delete removes objects, a thousand per request, each only while it has the
// ETag that the listing had, and says how many are gone. One that is not there
// is no error; one that has changed is fault.Conflict, and stays.
func (c *Client) Delete(ctx context.Context, bucket string, all []Object) (gone int, err error) {
	for len(all) > 0 {
		batch := all[:min(len(all), mostNamed)]
		all = all[len(batch):]
		if err := c.deleteBatch(ctx, bucket, batch); err != nil {
			return gone, err
		}
		gone += len(batch)
	}
	return gone, nil
}

func (c *Client) deleteBatch(ctx context.Context, bucket string, batch []Object) error {
	names := make([]types.ObjectIdentifier, len(batch))
	for i, o := range batch {
		names[i] = types.ObjectIdentifier{Key: aws.String(o.Key), ETag: aws.String(quoted(o.ETag))}
	}
	for round := 1; ; round++ {
		if err := fence.Check(ctx); err != nil {
			return err
		}
		out, err := c.api.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: &bucket, Delete: &types.Delete{Objects: names, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return fmt.Errorf("delete %s of s3://%s: %w", fault.Count(len(names), "object", "objects"), bucket, err)
		}
		stay, again := sorted(out.Errors, names)
		if len(stay) > 0 {
			return notDeleted(bucket, stay)
		}
		if len(again) == 0 {
			return nil
		}
		if round == rounds {
			return notDeleted(bucket, out.Errors)
		}
		if err := pause(ctx, time.Duration(round)*200*time.Millisecond); err != nil {
			return err
		}
		names = again
	}
}

// sorted tells the errors that stay from the objects that are asked again. An
// object that is gone is what was asked for.
func sorted(errs []types.Error, names []types.ObjectIdentifier) (stay []types.Error, again []types.ObjectIdentifier) {
	busy := map[string]bool{}
	for _, e := range errs {
		switch aws.ToString(e.Code) {
		case "NoSuchKey", "NoSuchVersion":
		case codeRace, "InternalError", "SlowDown", "ServiceUnavailable":
			busy[aws.ToString(e.Key)] = true
		default:
			stay = append(stay, e)
		}
	}
	for _, n := range names {
		if busy[aws.ToString(n.Key)] {
			again = append(again, n)
		}
	}
	return stay, again
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func notDeleted(bucket string, all []types.Error) error {
	e := all[0]
	kind := fault.Internal
	switch aws.ToString(e.Code) {
	case "AccessDenied":
		kind = fault.Refused
	case "PreconditionFailed":
		kind = fault.Conflict
	case codeRace, "InternalError", "SlowDown", "ServiceUnavailable":
		kind = fault.Unavailable
	}
	return fault.New(kind, "delete s3://%s/%s: %s: %s (%d objects stay)",
		bucket, aws.ToString(e.Key), aws.ToString(e.Code), aws.ToString(e.Message), len(all))
}
