package s3_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	bucket "falkirk/internal/bucket/s3"
	"falkirk/internal/fault"
)

// A store that cannot be reached is told by the cause and the next step.
func TestAStoreThatIsNotReachedIsToldByItsCause(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for address, text := range map[string]string{"http://" + refused: refused + " refuses the connection", "https://s3.example.onion": "cannot resolve s3.example.onion"} {
		client := s3.New(s3.Options{
			Region: "eu-central-1", BaseEndpoint: aws.String(address), UsePathStyle: true, Retryer: aws.NopRetryer{},
			Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "secret", ""),
		})
		_, _, err := bucket.New(client, "builds", "shop/").Get(context.Background(), "x")
		if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "operation error") || fault.HintOf(err) == "" {
			t.Errorf("%v (%s)", err, fault.HintOf(err))
		}
	}
}

// A key of somebody else that XML cannot hold does not make the listing unreadable,
// also where a key has signs that are encoded.
func TestAListingWithKeysThatXMLCannotHoldIsRead(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		encode, encoding := func(s string) string { return strings.ReplaceAll(s, "\x01", "&#x1;") }, ""
		if r.URL.Query().Get("encoding-type") == "url" {
			encode, encoding = url.QueryEscape, "<EncodingType>url</EncodingType>"
		}
		_, _ = fmt.Fprintf(w, "<ListBucketResult>%s<Contents><Key>%s</Key></Contents><Contents><Key>%s</Key></Contents></ListBucketResult>",
			encoding, encode("shop/a\x01b"), encode("shop/c+d e"))
	}))
	t.Cleanup(server.Close)
	client := s3.New(s3.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "secret", ""),
	})
	var keys []string
	for o, err := range bucket.New(client, "builds", "shop").List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	if got := strings.Join(keys, "|"); got != "c+d e" {
		t.Errorf("listed: %q", got)
	}
}
