package cfn

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

const good = `# a queue
Parameters:
  Name: {Type: String, Default: one}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-${Name}"
Outputs:
  Url: {Value: !Ref Queue}
`

const bad = `Resources:
  Queue:
    Type: AWS::SQS::Queue
  Broken:
    Type: AWS::IAM::Policy
    DependsOn: Queue
    Properties:
      PolicyName: p
      Roles: [nobody]
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "*"}]}
`

// near is a client that looks often, so that tests are quick.
func near(s *emulators.Server) *Client {
	return New(s.Config("eu-central-1"), Options{Where: "prd/eu-central-1", Fast: 20 * time.Millisecond, Slow: 50 * time.Millisecond, PerCall: 1000})
}

type heard struct {
	mu     sync.Mutex
	events []Event
}

func (h *heard) hear(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *heard) lines() string {
	var b strings.Builder
	for _, e := range h.events {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}

func up(t *testing.T, c *Client, stack, set string, r Request) (Stack, *heard, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h := &heard{}
	if _, err := c.Propose(ctx, stack, r, set, h.hear); err != nil {
		return Stack{}, h, err
	}
	s, err := c.Execute(ctx, stack, set, r, h.hear)
	return s, h, err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLife(t *testing.T) {
	t.Parallel()
	server := emulators.Ministack(t, "111111111111")
	c, aws := near(server), server.CLI(t)
	r := Request{Template: good, Tags: map[string]string{"falkirk:release": "1"}, Token: "op-1"}

	set, err := c.Propose(t.Context(), "shop", r, "one", nil)
	must(t, err)
	if !set.Create || set.Empty || len(set.Changes) != 1 || set.Changes[0].Action != Add || set.Changes[0].LogicalID != "Queue" {
		t.Errorf("the change set is %+v", set)
	}
	if _, err := c.Propose(t.Context(), "shop", r, "one", nil); err != nil {
		t.Errorf("proposing again: %v", err)
	}
	s, h, err := up(t, c, "shop", "one", r)
	must(t, err)
	if s.Status != "CREATE_COMPLETE" || s.Tags["falkirk:release"] != "1" || !strings.Contains(s.Outputs["Url"], "shop-one") {
		t.Errorf("the stack is %+v", s)
	}
	if got := h.lines(); !strings.Contains(got, "Queue AWS::SQS::Queue CREATE_COMPLETE") {
		t.Errorf("the events are\n%s", got)
	}
	if got := aws.Must(t, "--region", "eu-central-1", "sqs", "list-queues"); !strings.Contains(got, "shop-one") {
		t.Errorf("the queues are %s", got)
	}

	r.Parameters, r.Tags = []Parameter{{Key: "Name", Value: "two"}}, map[string]string{"falkirk:release": "2"}
	s, _, err = up(t, c, "shop", "two", r)
	must(t, err)
	if s.Status != "UPDATE_COMPLETE" || s.Tags["falkirk:release"] != "2" || s.Parameters["Name"] != "two" {
		t.Errorf("updated, the stack is %+v", s)
	}
	must(t, c.Delete(t.Context(), "shop", "op-9", nil))
	must(t, c.Delete(t.Context(), "shop", "op-9", nil))
	if _, err := c.Describe(t.Context(), "shop"); !fault.Is(err, fault.NotFound) {
		t.Errorf("deleted, the stack is there: %v", err)
	}
}

// The first cause is named, with its line; and the next try makes the stack anew.
func TestFailure(t *testing.T) {
	t.Parallel()
	server := emulators.Ministack(t, "111111111111")
	c := near(server)
	_, h, err := up(t, c, "shop", "one", Request{Template: bad, OnFailure: "rollback"})
	if err == nil {
		t.Fatalf("the stack was made:\n%s", h.lines())
	}
	for _, want := range []string{"stack shop in prd/eu-central-1 is ROLLBACK_COMPLETE", "Broken (AWS::IAM::Policy), line 4 of the template", "CREATE_FAILED"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if fault.HintOf(err) == "" {
		t.Error("there is no advice")
	}
	s, _, err := up(t, c, "shop", "two", Request{Template: good})
	if err != nil || s.Status != "CREATE_COMPLETE" {
		t.Errorf("the second try: %+v, %v", s, err)
	}
	_, _, err = up(t, c, "shop", "three", Request{Template: bad})
	if err == nil || !strings.Contains(err.Error(), "UPDATE_ROLLBACK_COMPLETE") || !strings.Contains(err.Error(), "Broken") {
		t.Errorf("an update that fails: %v", err)
	}
}

// Nothing to change is an outcome. The change set is kept, because
// a release with other tags only is ready by it.
func TestNothingToChange(t *testing.T) {
	t.Parallel()
	c := near(emulators.Moto(t))
	r := Request{Template: good}
	_, _, err := up(t, c, "shop", "one", r)
	must(t, err)
	set, err := c.Propose(t.Context(), "shop", r, "same", nil)
	must(t, err)
	if !set.Empty {
		t.Errorf("the change set is %+v", set)
	}
	named := func() []ChangeSet {
		sets, err := c.ChangeSets(t.Context(), "shop")
		must(t, err)
		return slices.DeleteFunc(sets, func(s ChangeSet) bool { return s.Name != "same" })
	}
	if kept := named(); len(kept) != 1 || !kept[0].Empty {
		t.Errorf("the list has %+v", kept)
	}
	must(t, c.DeleteChangeSet(t.Context(), "shop", set.Ref()))
	if left := named(); len(left) > 0 {
		t.Errorf("after it was deleted the list has %+v", left)
	}
}

// Many stacks at once share one reader.
func TestManyStacks(t *testing.T) {
	t.Parallel()
	c := near(emulators.Ministack(t, "111111111111"))
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			name := fmt.Sprintf("shop-%d", i)
			s, _, err := up(t, c, name, "one", Request{Template: good})
			if err != nil || s.Status != "CREATE_COMPLETE" || s.Name != name {
				t.Errorf("%s: %+v, %v", name, s, err)
			}
		})
	}
	group.Wait()
}

func TestDiagnosis(t *testing.T) {
	t.Parallel()
	c := New(emulators.Nowhere("eu-central-1"), Options{Where: "prd/eu-central-1"})
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	tale := &story{c: c, stack: "shop", events: []Event{
		{LogicalID: "Role", Type: "AWS::IAM::Role", Status: "CREATE_FAILED", Reason: "Resource creation cancelled", At: at},
		{LogicalID: "Queue", Type: "AWS::SQS::Queue", Status: "CREATE_FAILED", Reason: "queue shop already exists", At: at.Add(time.Second)},
		{LogicalID: "shop", Type: "AWS::CloudFormation::Stack", Status: "ROLLBACK_IN_PROGRESS", Own: true, Reason: "The following resource(s) failed to create: [Queue, Role].", At: at.Add(2 * time.Second)},
	}}
	err := c.diagnose(t.Context(), Stack{Name: "shop", Status: "ROLLBACK_COMPLETE"}, tale, good)
	if !strings.Contains(err.Error(), "Queue (AWS::SQS::Queue), line 5 of the template: CREATE_FAILED: queue shop already exists") {
		t.Errorf("got %v", err)
	}
	if hint := fault.HintOf(err); !strings.Contains(hint, "another name") {
		t.Errorf("the advice is %q", hint)
	}
	json := `{"Resources": {
  "Queue": {"Type": "AWS::SQS::Queue"}}}`
	if line := lineOf(json, "Queue"); line != 2 {
		t.Errorf("in JSON the line is %d", line)
	}
}
