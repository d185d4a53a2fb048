package cfn

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/test/emulators"
)

// Events with the same time keep the order in which they happened, in an answer
// that gives the newest first, as AWS does, and in one that gives the oldest first.
func TestEventsOfOneInstantKeepTheirOrder(t *testing.T) {
	t.Parallel()
	happened := []struct{ id, status, at string }{
		{"shop", "REVIEW_IN_PROGRESS", "00"},
		{"shop", "CREATE_IN_PROGRESS", "01"}, {"Queue", "CREATE_IN_PROGRESS", "01"},
		{"Queue", "CREATE_COMPLETE", "01"}, {"shop", "CREATE_COMPLETE", "01"},
	}
	for name, first := range map[string]int{"with an earlier event": 0, "all at once": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for n, e := range slices.Backward(happened[first:]) {
				kind := "AWS::SQS::Queue"
				if e.id == "shop" {
					kind = "AWS::CloudFormation::Stack"
				}
				fmt.Fprintf(&b, "<member><EventId>%d</EventId><StackName>shop</StackName><StackId>arn:shop</StackId><PhysicalResourceId>arn:%s</PhysicalResourceId><LogicalResourceId>%[2]s</LogicalResourceId><ResourceType>%s</ResourceType><ResourceStatus>%s</ResourceStatus><Timestamp>2026-01-02T03:04:%sZ</Timestamp></member>",
					n, e.id, kind, e.status, e.at)
			}
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>%s</StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>", b.String())
			}))
			t.Cleanup(api.Close)
			c := New((&emulators.Server{}).At(api.URL).Config("eu-central-1"), Options{Where: "prd/eu-central-1"})
			got, err := (&story{c: c, stack: "shop"}).read(t.Context())
			must(t, err)
			var order []string
			for _, e := range got {
				order = append(order, e.LogicalID+" "+e.Status)
			}
			want := []string{"shop CREATE_IN_PROGRESS", "Queue CREATE_IN_PROGRESS", "Queue CREATE_COMPLETE", "shop CREATE_COMPLETE"}
			if !slices.Equal(order, want) {
				t.Errorf("the order is %v", order)
			}
		})
	}
	t.Run("the oldest first", func(t *testing.T) {
		t.Parallel()
		at := func(id string, s int) Event { return Event{id: id, At: time.Unix(int64(s), 0)} }
		got := []Event{at("a", 1), at("b", 2), at("c", 2), at("d", 3)}
		want := slices.Clone(got)
		oldestFirst(got)
		if !slices.Equal(got, want) {
			t.Errorf("the order is %v", got)
		}
	})
}
