package s3x

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/aws/account"
	"falkirk/internal/fault"
)

// codeRace is what S3 answers to a conditional write that meets another write
// of the same object. The same request is sent again: its condition is still the
// right one. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
const codeRace = "ConditionalRequestConflict"

// patient also sends again what met another write of the same object.
func patient(given func() aws.Retryer) func() aws.Retryer {
	return func() aws.Retryer {
		var r aws.Retryer
		if given != nil {
			r = given()
		} else {
			r = account.Standard()
		}
		return retry.AddWithErrorCodes(r, codeRace)
	}
}

// condition is what must be at the destination, as headers: every write has one.
func (i Item) condition() (match, none *string) {
	if i.Was == "" {
		return nil, aws.String("*")
	}
	return aws.String(quoted(i.Was)), nil
}

// split reports whether the object is written in parts although it is small.
// The ETag of an object in parts ends with a dash and their number, that of one
// in one piece never does. So the same content gets another ETag, and a request
// that names the old one does nothing.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
func (i Item) split() bool { return i.Not != "" && !strings.Contains(i.Not, "-") }

// written decides what a write that was refused means. An answer that is lost
// makes the SDK send the request again, and then the object is there already:
// that is success. Otherwise fault.Conflict names the object.
func (c *Client) written(ctx context.Context, item Item, met error) (string, error) {
	if !isRefusedCondition(met) {
		return "", met
	}
	out, err := c.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &item.To.Bucket, Key: &item.To.Key})
	if err != nil && status(err) != http.StatusNotFound {
		return "", errors.Join(met, fmt.Errorf("look at %s: %w", item.To, err))
	}
	if err == nil && item.is(out) {
		return unquote(out.ETag), nil
	}
	is := "is not there any more"
	switch {
	case err == nil && item.Was == "":
		is = "is there already, with other content"
	case err == nil && unquote(out.ETag) == item.Was:
		return "", met // the destination is as it was: the source is not
	case err == nil:
		is = "has other content now"
	case item.Was == "":
		return "", met
	}
	return "", fault.New(fault.Conflict, "%s %s: %w", item.To, is, met)
}

// is reports whether an object is what the item asks for.
func (i Item) is(out *s3.HeadObjectOutput) bool {
	for name, value := range i.Metadata() {
		if out.Metadata[name] != value {
			return false
		}
	}
	return aws.ToInt64(out.ContentLength) == i.Size &&
		(i.Coding == "" || aws.ToString(out.ContentEncoding) == i.Coding) && (i.Type == "" || aws.ToString(out.ContentType) == i.Type) && aws.ToString(out.CacheControl) == i.Cache &&
		(i.Not == "" || unquote(out.ETag) != i.Not)
}

// isRefusedCondition reports whether a write was refused because of what is at
// its destination, or at its source. If-Match on an object that is not there is
// answered with 404 and not 412.
func isRefusedCondition(err error) bool { return isPrecondition(err) || isGone(err) || isNoUpload(err) }

func isPrecondition(err error) bool {
	s := status(err)
	return s == http.StatusPreconditionFailed || s == http.StatusConflict
}

func isGone(err error) bool { return hasCode(err, "NoSuchKey") }

// isNoUpload: an upload is gone once it is complete.
func isNoUpload(err error) bool { return hasCode(err, "NoSuchUpload") }

func hasCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

func quoted(tag string) string { return `"` + tag + `"` }

func unquote(tag *string) string { return strings.Trim(aws.ToString(tag), `"`) }

func status(err error) int {
	var res *smithyhttp.ResponseError
	if errors.As(err, &res) {
		return res.HTTPStatusCode()
	}
	return 0
}
