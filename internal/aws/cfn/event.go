package cfn

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Event is something that happened to a stack or a resource of it.
type Event struct {
	Stack     string // name
	Where     string // account and region
	At        time.Time
	LogicalID string
	Physical  string
	Type      string
	Status    string
	Reason    string
	Took      time.Duration // since it began; 0 when it only begins
	Own       bool          // it is about the stack itself
	Note      string        // of Falkirk, about the API; then there is no event

	id string
}

// String is one line for people.
func (e Event) String() string {
	if e.Note != "" {
		return e.Note
	}
	line := fmt.Sprintf("%s %s %s", e.LogicalID, e.Type, e.Status)
	if e.Took > 0 {
		line += fmt.Sprintf(" (%s)", e.Took.Round(100*time.Millisecond))
	}
	if e.Reason != "" {
		line += ": " + e.Reason
	}
	return line
}

// Failed reports whether the event says that something could not be done.
func (e Event) Failed() bool { return strings.HasSuffix(e.Status, "_FAILED") }

// begins are the states in which CloudFormation begins with a stack.
func begins(e Event) bool {
	switch types.ResourceStatus(e.Status) {
	case types.ResourceStatusCreateInProgress, types.ResourceStatusUpdateInProgress, types.ResourceStatusDeleteInProgress:
		return e.Own
	}
	return false
}

// story is the events of one stack since the work on it began, in their order.
type story struct {
	c       *Client
	stack   string // ID
	seen    map[string]bool
	events  []Event
	started map[string]time.Time
}

// read adds what is new, oldest first, and gives it.
func (s *story) read(ctx context.Context) ([]Event, error) {
	if s.seen == nil {
		s.seen, s.started = map[string]bool{}, map[string]time.Time{}
	}
	var fresh []Event
	first := len(s.events) == 0
	for pages := cloudformation.NewDescribeStackEventsPaginator(s.c.api, &cloudformation.DescribeStackEventsInput{StackName: &s.stack}); pages.HasMorePages(); {
		if err := s.c.pace.wait(ctx, "DescribeStackEvents"); err != nil {
			return nil, err
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.c.explain("read the events of", s.stack, err)
		}
		known := false
		for _, x := range page.StackEvents {
			e := s.c.eventOf(x)
			if s.seen[e.id] {
				known = true
				continue
			}
			s.seen[e.id] = true
			fresh = append(fresh, e)
		}
		if known || first && slices.ContainsFunc(fresh, begins) {
			break
		}
	}
	oldestFirst(fresh)
	if first {
		fresh = sinceBegin(fresh)
	}
	for i := range fresh {
		s.time(&fresh[i])
	}
	s.events = append(s.events, fresh...)
	return fresh, nil
}

// oldestFirst sorts what the API gives: the newest first, as AWS documents it.
// The order of events with one time is known from that only. Some emulators give
// the oldest first; times show it.
func oldestFirst(events []Event) {
	if n := len(events); n > 0 && !events[0].At.Before(events[n-1].At) {
		slices.Reverse(events)
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
}

// newest is the newest event about a stack itself; the zero one where there is
// none.
func (c *Client) newest(ctx context.Context, stack string) (Event, error) {
	s := &story{c: c, stack: stack}
	if _, err := s.read(ctx); err != nil {
		return Event{}, err
	}
	for _, e := range slices.Backward(s.events) {
		if e.Own {
			return e, nil
		}
	}
	return Event{}, nil
}

// sinceBegin drops what belongs to earlier work on the stack.
func sinceBegin(events []Event) []Event {
	for i, e := range slices.Backward(events) {
		if begins(e) {
			return events[i:]
		}
	}
	return events
}

// time says how long something took.
func (s *story) time(e *Event) {
	if strings.HasSuffix(e.Status, "_IN_PROGRESS") {
		if _, known := s.started[e.LogicalID]; !known || begins(*e) {
			s.started[e.LogicalID] = e.At
		}
		return
	}
	if from, ok := s.started[e.LogicalID]; ok {
		e.Took = e.At.Sub(from)
		delete(s.started, e.LogicalID)
	}
}

func (c *Client) eventOf(x types.StackEvent) Event {
	e := Event{
		id: aws.ToString(x.EventId), Stack: aws.ToString(x.StackName), Where: c.opt.Where, At: aws.ToTime(x.Timestamp),
		LogicalID: aws.ToString(x.LogicalResourceId), Physical: aws.ToString(x.PhysicalResourceId), Type: aws.ToString(x.ResourceType),
		Status: string(x.ResourceStatus), Reason: aws.ToString(x.ResourceStatusReason),
	}
	e.Own = e.Type == "AWS::CloudFormation::Stack" && (e.Physical == aws.ToString(x.StackId) || e.LogicalID == e.Stack)
	return e
}
