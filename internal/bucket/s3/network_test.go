package s3_test

import (
	"context"
	"net"
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
