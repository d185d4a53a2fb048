package account

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"falkirk/internal/network"
)

// direct makes a client that follows no redirect, the answer itself is the result,
// and that waits for no part of a request without a limit.
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
	client := network.NewClient(b.GetTransport(), network.Limits{})
	client.Timeout = b.GetTimeout()
	return client
}
