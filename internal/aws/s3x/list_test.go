package s3x

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Whatever the marks are, a listing leaves nothing out and has nothing twice.
func TestListWide(t *testing.T) {
	t.Parallel()
	mem := s3mem.New()
	if err := mem.CreateBucket("wide"); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for i := range 2345 {
		key := fmt.Sprintf("in/a b+%%/%04d ü", i)
		keys = append(keys, key)
		if _, err := mem.PutObject("wide", key, map[string]string{}, strings.NewReader("x"), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := mem.PutObject("wide", "out/side", map[string]string{}, strings.NewReader("x"), 1, nil); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(mem).Server())
	t.Cleanup(server.Close)
	c := New(aws.Config{Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")}, 4, open)
	for name, marks := range map[string][]string{
		"none": nil, "right": Marks(keys), "one": {keys[10]}, "the last": {keys[2344]}, "beyond": {"zzz"}, "before": {"a"},
		"not there": {keys[5] + "x", keys[2000] + "x"}, "many": keys[:50], "far apart": {keys[1500]},
	} {
		var got []string
		if err := c.ListWide(t.Context(), "wide", "in/", marks, func(o Object) { got = append(got, o.Key) }); err != nil {
			t.Fatal(err)
		}
		if slices.Sort(got); !slices.Equal(got, keys) {
			t.Errorf("marks %s: %d keys, want %d", name, len(got), len(keys))
		}
	}
	if err := c.ListWide(t.Context(), "nowhere", "in/", Marks(keys), func(Object) {}); err == nil {
		t.Error("a bucket that is not there was listed")
	}
}
