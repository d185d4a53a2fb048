package network_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// An error of the SDK is told in the words of the service, and is the same error still.
func TestAnsweredIsInTheWordsOfTheService(t *testing.T) {
	t.Parallel()
	status := func(code int, err error) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: err}
	}
	op := func(service, name string, err error) error {
		return &smithy.OperationError{ServiceID: service, OperationName: name, Err: err}
	}
	api := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	broken := errors.New("broken pipe")
	for want, err := range map[string]error{
		"CloudFormation CreateChangeSet: Template error (ValidationError)":     op("CloudFormation", "CreateChangeSet", status(400, api("ValidationError", "Template error."))),
		"ECR PutImage: ImageTagAlreadyExistsException":                         op("ECR", "PutImage", status(400, api("ImageTagAlreadyExistsException", ""))),
		"CloudFormation DescribeStacks: HTTP status 500":                       op("CloudFormation", "DescribeStacks", fmt.Errorf("exceeded maximum number of attempts, 3, %w", status(500, api("UnknownError", "UnknownError")))),
		"look at it: STS AssumeRole: no (AccessDenied)":                        fmt.Errorf("look at it: %w", op("ECR", "GetImage", fmt.Errorf("get credentials: %w", op("STS", "AssumeRole", status(403, api("AccessDenied", "no")))))),
		"operation error ECR: PutImage, broken pipe":                           op("ECR", "PutImage", broken),
		"two: ECR PutImage: a (A)\noperation error ECR: PutImage, broken pipe": fmt.Errorf("two: %w", errors.Join(op("ECR", "PutImage", api("A", "a")), op("ECR", "PutImage", broken))),
		"ECR PutImage: a web page answers":                                     op("ECR", "PutImage", status(200, fault.New(fault.Unavailable, "a web page answers"))),
		"broken pipe":                                                          broken,
	} {
		got := network.Answered(err)
		if got.Error() != want || !errors.Is(got, err) {
			t.Errorf("got %q, want %q", got, want)
		}
		if again := network.Answered(fmt.Errorf("x: %w", got)); again.Error() != "x: "+want {
			t.Errorf("again it is %q", again)
		}
	}
	if network.Answered(nil) != nil {
		t.Error("nothing is an error")
	}
}
