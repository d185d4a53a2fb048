// Package s3x moves objects inside S3: listings that arrive page by page,
// copies by the server with the headers that are wanted, uploads where the
// server cannot copy, and deletes in batches. Every write and delete says what
// must be at its destination. It asks nothing of single objects, unless such a
// condition was refused. It knows no release.
package s3x

import (
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/fence"
	"falkirk/internal/limit"
	"falkirk/internal/network"
)

// Sizes of https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	mostCopied = 5 << 30   // bytes that one CopyObject takes
	mostParts  = 10_000    // parts of an upload
	partCopied = 512 << 20 // bytes of a part that the server copies
	partSent   = 16 << 20  // bytes of a part that is sent from here
	mostNamed  = 1000      // keys that one DeleteObjects takes
)

// most is how many requests are under way at once at most.
const most = 256

// Client talks to the buckets that one identity reaches. It may be used from
// many goroutines, which share its limit.
type Client struct {
	api   *s3.Client
	limit *limit.Limit
	sizes sizes
	room  *room
}

// sizes say from where on an object goes in parts.
type sizes struct{ copied, partCopied, sent, partSent int64 }

// New makes a client with that many requests under way at first. open makes
// the SDK's client of a configuration.
func New(cfg aws.Config, parallel int, open func(aws.Config) *s3.Client) *Client {
	c := &Client{
		limit: limit.New(parallel, most),
		sizes: sizes{copied: mostCopied, partCopied: partCopied, sent: partSent, partSent: partSent},
		room:  newRoom(inMemory),
	}
	cfg = cfg.Copy()
	cfg.HTTPClient = watched{wide(cfg.HTTPClient), c.limit}
	cfg.Retryer = patient(cfg.Retryer)
	c.api = open(cfg)
	return c
}

// wide is the client of a configuration, which keeps as many connections open as
// there are requests under way. One without gets a client that does.
func wide(given aws.HTTPClient) aws.HTTPClient {
	if given != nil {
		return given
	}
	t := network.NewTransport(nil)
	t.MaxIdleConns, t.MaxIdleConnsPerHost = most, most
	fence.Limit(t)
	return network.NewClient(t, network.Limits{})
}

// watched tells the limit when the service asks to be slower, at once and not
// only after the SDK has sent the request again.
type watched struct {
	aws.HTTPClient
	limit *limit.Limit
}

func (w watched) Do(r *http.Request) (*http.Response, error) {
	res, err := w.HTTPClient.Do(r)
	if err == nil && (res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusTooManyRequests) {
		w.limit.Slower(0)
	}
	return res, err
}
