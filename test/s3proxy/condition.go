package s3proxy

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// holds looks whether the condition of a write holds, as S3 does; status 0 says
// that it does, or that there is none.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (p *Proxy) holds(r *http.Request, q *Request) (status int, code string, err error) {
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	if !q.IsWrite() || q.Operation == "DeleteObjects" || match == "" && none == "" {
		return 0, "", nil
	}
	tag, there, err := p.tag(r.Context(), q.Bucket, q.Key())
	switch {
	case err != nil:
		return 0, "", err
	case none != "" && there, match != "" && there && !same(match, tag):
		return http.StatusPreconditionFailed, "PreconditionFailed", nil
	case match != "" && !there:
		return http.StatusNotFound, "NoSuchKey", nil
	}
	return 0, "", nil
}

func same(want, tag string) bool {
	return want == "*" || strings.Trim(want, `"`) == strings.Trim(tag, `"`)
}

// tag is the ETag of an object now. The look goes on when the client is gone:
// what it sent arrives.
func (p *Proxy) tag(ctx context.Context, bucket, key string) (string, bool, error) {
	out, err := p.api.HeadObject(context.WithoutCancel(ctx), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	var res *smithyhttp.ResponseError
	if errors.As(err, &res) && res.HTTPStatusCode() == http.StatusNotFound {
		return "", false, nil
	}
	if err != nil {
		p.t.Errorf("the proxy cannot look at s3://%s/%s: %v", bucket, key, err)
		return "", false, err
	}
	return aws.ToString(out.ETag), true, nil
}

type deleteResult struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ DeleteResult"`
	Deleted []deleted
	Error   []notDeleted
}

type deleted struct{ Key string }

type notDeleted struct{ Key, Code, Message string }

// delete deletes the objects of a DeleteObjects whose ETags are as it says, one
// after the other, and answers as S3 does: 200, with an error per other object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
func (p *Proxy) delete(w *httptest.ResponseRecorder, r *http.Request, q *Request) error {
	ctx := context.WithoutCancel(r.Context())
	var out deleteResult
	for _, key := range q.Keys {
		code, err := p.deleteOne(ctx, q, key)
		if err != nil {
			return err
		}
		if code == "" {
			out.Deleted = append(out.Deleted, deleted{key})
			continue
		}
		q.Refused = append(q.Refused, key)
		out.Error = append(out.Error, notDeleted{key, code, "by the test"})
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusOK)
	return xml.NewEncoder(w).Encode(out)
}

func (p *Proxy) deleteOne(ctx context.Context, q *Request, key string) (code string, err error) {
	if want, conditional := q.tags[key]; conditional {
		tag, there, err := p.tag(ctx, q.Bucket, key)
		switch {
		case err != nil:
			return "", err
		case !there:
			return "NoSuchKey", nil
		case !same(want, tag):
			return "PreconditionFailed", nil
		}
	}
	out, err := p.api.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &q.Bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &key}}},
	})
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode(), nil
	case err != nil:
		return "", err
	case len(out.Errors) > 0:
		return aws.ToString(out.Errors[0].Code), nil
	}
	return "", nil
}
