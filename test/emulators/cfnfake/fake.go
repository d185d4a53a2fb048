// Package cfnfake imitates the query API of CloudFormation as far as no emulator
// does: limits of rate, stacks that take their time, protection, stack policies,
// drift, and the states that a stack gets stuck in. It is ours, and no proof of
// what AWS does; the AWS CLI reads its answers in a test.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
package cfnfake

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

// Options of a fake.
type Options struct {
	Takes   time.Duration // how long CloudFormation works on a stack
	PerCall float64       // calls of one kind in a second, beyond which they are throttled; 0: any
	Page    int           // stacks in one answer; 100 if 0
}

// Fake is one account in one region.
type Fake struct {
	URL string

	opt      Options
	mu       sync.Mutex
	stacks   map[string]*Stack
	sets     map[string]map[string]string // by stack: name → status
	counts   map[string]int
	throttle map[string]int
	limits   map[string]*rate.Limiter
	events   int
}

// Stack is a stack of the fake; a test may put one in any state.
type Stack struct {
	Name, Status, Reason string
	Protected            bool
	Policy               string
	Tags                 map[string]string
	Resources            map[string]string // logical ID → status
	Drifted              []string          // logical IDs
	Sticky               bool              // it cannot be deleted

	until  time.Time // when the work ends, in the status then
	then   string
	events []event
}

type event struct {
	id, logical, kind, status, reason string
	at                                time.Time
}

// New starts a fake that lasts for the test.
func New(t testing.TB, opt Options) *Fake {
	t.Helper()
	f, stop := Start(opt)
	t.Cleanup(stop)
	return f
}

// Start starts a fake.
func Start(opt Options) (f *Fake, stop func()) {
	if opt.Page == 0 {
		opt.Page = 100
	}
	f = &Fake{
		opt: opt, stacks: map[string]*Stack{}, sets: map[string]map[string]string{},
		counts: map[string]int{}, throttle: map[string]int{}, limits: map[string]*rate.Limiter{},
	}
	server := httptest.NewServer(f)
	f.URL = server.URL
	return f, server.Close
}

// Put places a stack.
func (f *Fake) Put(s Stack) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stacks[s.Name] = &s
}

// Get is a stack as it is now.
func (f *Fake) Get(name string) (Stack, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.stacks[name]
	if !ok {
		return Stack{}, false
	}
	return *s, true
}

// Counts are the calls by action, and how many of them were throttled.
func (f *Fake) Counts() (calls, throttled map[string]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.counts), maps.Clone(f.throttle)
}

// ServeHTTP answers one call.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	action := r.FormValue("Action")
	f.counts[action]++
	w.Header().Set("Content-Type", "text/xml")
	if f.opt.PerCall > 0 && !f.limit(action).Allow() {
		f.throttle[action]++
		fail(w, "Throttling", "Rate exceeded")
		return
	}
	f.settle()
	answer, code, text := f.answer(action, r)
	if code != "" {
		fail(w, code, text)
		return
	}
	fmt.Fprintf(w, `<%sResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><%sResult>%s</%sResult><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></%sResponse>`,
		action, action, answer, action, action)
}

func fail(w http.ResponseWriter, code, text string) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>x</RequestId></ErrorResponse>", code, text)
}

func (f *Fake) limit(action string) *rate.Limiter {
	if f.limits[action] == nil {
		f.limits[action] = rate.NewLimiter(rate.Limit(f.opt.PerCall), max(1, int(f.opt.PerCall)))
	}
	return f.limits[action]
}

// settle ends the work whose time has come.
func (f *Fake) settle() {
	for name, s := range f.stacks {
		if s.then == "" || time.Now().Before(s.until) {
			continue
		}
		if s.then == "DELETE_COMPLETE" {
			delete(f.stacks, name)
			continue
		}
		f.happen(s, s.then)
		s.Status, s.then = s.then, ""
	}
}

func (f *Fake) happen(s *Stack, status string) {
	f.events++
	s.events = append(s.events, event{fmt.Sprint(f.events), s.Name, "AWS::CloudFormation::Stack", status, "", time.Now()})
}

func (f *Fake) work(s *Stack, status, then string) {
	s.Status, s.then, s.until = status, then, time.Now().Add(f.opt.Takes)
	f.happen(s, status)
}

func arn(name string) string {
	return "arn:aws:cloudformation:eu-central-1:111111111111:stack/" + name + "/0a1b"
}

// named finds a stack by name or ARN.
func (f *Fake) named(r *http.Request) (*Stack, string) {
	name := r.FormValue("StackName")
	if parts := strings.Split(name, "/"); strings.HasPrefix(name, "arn:") && len(parts) > 1 {
		name = parts[1]
	}
	return f.stacks[name], name
}

func (f *Fake) answer(action string, r *http.Request) (answer, code, text string) {
	s, name := f.named(r)
	if s == nil && name != "" && action != "CreateChangeSet" && action != "CreateStack" && action != "DeleteStack" {
		return "", "ValidationError", "Stack with id " + name + " does not exist"
	}
	set := r.FormValue("ChangeSetName")
	switch action {
	case "DescribeStacks":
		return f.describe(s, r.FormValue("NextToken")), "", ""
	case "CreateChangeSet":
		if s == nil {
			s = &Stack{Name: name, Status: "REVIEW_IN_PROGRESS", Tags: map[string]string{}}
			f.stacks[name] = s
		}
		f.sets[name] = map[string]string{set: "AVAILABLE"}
		return "<Id>" + set + "</Id><StackId>" + arn(name) + "</StackId>", "", ""
	case "CreateStack":
		s = &Stack{Name: name, Tags: map[string]string{}}
		f.stacks[name] = s
		f.work(s, "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
		return "<StackId>" + arn(name) + "</StackId>", "", ""
	case "DescribeChangeSet":
		status, ok := f.sets[name][set]
		if !ok {
			return "", "ChangeSetNotFound", "ChangeSet [" + set + "] does not exist"
		}
		return "<ChangeSetName>" + set + "</ChangeSetName><ChangeSetId>" + set + "</ChangeSetId><Status>CREATE_COMPLETE</Status><ExecutionStatus>" + status + "</ExecutionStatus><Changes/>", "", ""
	case "ExecuteChangeSet":
		begin, end := "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"
		if s.Status == "REVIEW_IN_PROGRESS" {
			begin, end = "CREATE_IN_PROGRESS", "CREATE_COMPLETE"
		}
		f.sets[name][set] = "EXECUTE_COMPLETE"
		f.work(s, begin, end)
	case "DeleteStack":
		if s != nil && s.Sticky {
			f.work(s, "DELETE_IN_PROGRESS", "DELETE_FAILED")
		} else if s != nil {
			f.work(s, "DELETE_IN_PROGRESS", "DELETE_COMPLETE")
		}
	case "DescribeStackEvents":
		return s.story(), "", ""
	case "ListChangeSets":
		return "<Summaries/>", "", ""
	case "ListStackResources":
		return s.resources(), "", ""
	case "UpdateTerminationProtection":
		s.Protected = r.FormValue("EnableTerminationProtection") == "true"
		return "<StackId>" + arn(name) + "</StackId>", "", ""
	case "SetStackPolicy":
		s.Policy = r.FormValue("StackPolicyBody")
	case "DetectStackDrift":
		return "<StackDriftDetectionId>d</StackDriftDetectionId>", "", ""
	case "DescribeStackDriftDetectionStatus":
		return "<StackDriftDetectionId>d</StackDriftDetectionId><StackId>x</StackId><DetectionStatus>DETECTION_COMPLETE</DetectionStatus><StackDriftStatus>DRIFTED</StackDriftStatus><Timestamp>2026-11-20T10:00:00Z</Timestamp>", "", ""
	case "DescribeStackResourceDrifts":
		return s.drifts(), "", ""
	default:
		return "", "InvalidAction", "Could not find operation " + action
	}
	return "", "", ""
}

func (f *Fake) describe(one *Stack, token string) string {
	var b strings.Builder
	b.WriteString("<Stacks>")
	names := slices.Sorted(maps.Keys(f.stacks))
	if one != nil {
		names = []string{one.Name}
	}
	next := ""
	for _, name := range names {
		if one == nil && name <= token {
			continue
		}
		if one == nil && strings.Count(b.String(), "<member><StackId>") == f.opt.Page {
			break
		}
		next = name
		s := f.stacks[name]
		fmt.Fprintf(&b, "<member><StackId>%s</StackId><StackName>%s</StackName><StackStatus>%s</StackStatus><StackStatusReason>%s</StackStatusReason><CreationTime>2026-11-20T10:00:00Z</CreationTime><EnableTerminationProtection>%t</EnableTerminationProtection></member>",
			arn(s.Name), s.Name, s.Status, s.Reason, s.Protected)
	}
	b.WriteString("</Stacks>")
	if one == nil && next != "" && next != names[len(names)-1] {
		b.WriteString("<NextToken>" + next + "</NextToken>")
	}
	return b.String()
}

// story tells the newest first.
func (s *Stack) story() string {
	var b strings.Builder
	b.WriteString("<StackEvents>")
	for _, e := range slices.Backward(s.events) {
		fmt.Fprintf(&b, "<member><EventId>%s</EventId><StackId>%s</StackId><StackName>%s</StackName><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>%s</PhysicalResourceId><ResourceType>%s</ResourceType><ResourceStatus>%s</ResourceStatus><ResourceStatusReason>%s</ResourceStatusReason><Timestamp>%s</Timestamp></member>",
			e.id, arn(s.Name), s.Name, e.logical, arn(s.Name), e.kind, e.status, e.reason, e.at.UTC().Format(time.RFC3339Nano))
	}
	return b.String() + "</StackEvents>"
}

func (s *Stack) resources() string {
	var b strings.Builder
	b.WriteString("<StackResourceSummaries>")
	for _, id := range slices.Sorted(maps.Keys(s.Resources)) {
		fmt.Fprintf(&b, "<member><LogicalResourceId>%s</LogicalResourceId><PhysicalResourceId>p-%s</PhysicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType><ResourceStatus>%s</ResourceStatus><LastUpdatedTimestamp>2026-11-20T10:00:00Z</LastUpdatedTimestamp></member>", id, id, s.Resources[id])
	}
	return b.String() + "</StackResourceSummaries>"
}

func (s *Stack) drifts() string {
	var b strings.Builder
	b.WriteString("<StackResourceDrifts>")
	for _, id := range s.Drifted {
		fmt.Fprintf(&b, "<member><StackId>%s</StackId><LogicalResourceId>%s</LogicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType><StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><Timestamp>2026-11-20T10:00:00Z</Timestamp><PropertyDifferences><member><PropertyPath>/DelaySeconds</PropertyPath><ExpectedValue>0</ExpectedValue><ActualValue>5</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType></member></PropertyDifferences></member>", arn(s.Name), id)
	}
	return b.String() + "</StackResourceDrifts>"
}
