package cfn

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/test/emulators"
)

// A change set whose secret values cannot be compared is made again with the values
// of now; another one that is there is used.
func TestAChangeSetWithSecretsThatCannotBeComparedIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, once := range map[string]bool{"cannot be compared": true, "is the same": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var created url.Values
			deleted := false
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				ask, _ := url.ParseQuery(string(body))
				mu.Lock()
				defer mu.Unlock()
				action, result := ask.Get("Action"), ""
				switch action {
				case "DescribeStacks":
					result = "<Stacks><member><StackName>shop</StackName><StackId>arn:aws:cloudformation:eu-central-1:1:stack/shop/1</StackId><StackStatus>UPDATE_COMPLETE</StackStatus></member></Stacks>"
				case "DescribeChangeSet":
					result = "<ChangeSetId>arn:set</ChangeSetId><Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus>"
				case "DeleteChangeSet":
					deleted = true
				case "CreateChangeSet":
					created, result = ask, "<Id>arn:set</Id><StackId>arn:aws:cloudformation:eu-central-1:1:stack/shop/1</StackId>"
				}
				_, _ = fmt.Fprintf(w, "<%sResponse><%sResult>%s</%sResult></%sResponse>", action, action, result, action, action)
			}))
			t.Cleanup(server.Close)
			cfg := emulators.Nowhere("eu-central-1")
			cfg.BaseEndpoint = aws.String(server.URL)
			c := New(cfg, Options{Fast: time.Millisecond, Slow: time.Millisecond, PerCall: 1000})
			r := Request{Template: "{}", Parameters: []Parameter{{Key: "Pw", Value: "rotated", Secret: true}}, Once: once}
			if _, err := c.Propose(t.Context(), "shop", r, "one", nil); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if deleted != once || strings.Contains(created.Encode(), "rotated") != once {
				t.Errorf("deleted: %t, created with %s", deleted, created.Encode())
			}
		})
	}
}
