package account

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// direct makes a client that follows no redirect: the answer itself is the result.
//
// A signature names the host that it is for, so no other host could accept it.
// The SDK follows 307 and 308, with the body and, from the second redirect on,
// with the session token. A client that is not the SDK's own stays as it is.
func direct(c aws.HTTPClient) aws.HTTPClient {
	if c == nil {
		c = wide()
	}
	b, ok := c.(*awshttp.BuildableClient)
	if !ok {
		return c
	}
	return &http.Client{
		Transport: b.GetTransport(), Timeout: b.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
