// Package cfn delivers CloudFormation stacks: by change set always, watched by
// one reader for all stacks of an account and region, and diagnosed when they
// fail. It knows no app file.
package cfn

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	"golang.org/x/time/rate"

	"falkirk/internal/aws/account"
	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// Options are what a client can be told; each has a default.
type Options struct {
	Where    string        // account and region as people know them, for errors
	Fast     time.Duration // between two looks while something happens; 1 s
	Slow     time.Duration // between two looks while nothing does; 5 s
	PerCall  rate.Limit    // calls of one kind in a second; 5
	Watchers int           // stacks whose events are read one by one, at most; more are read together; 4
}

// Client works on the stacks of one account and region. All who work there at
// once share one, so that they share its reads and its limits.
type Client struct {
	api    *cloudformation.Client
	opt    Options
	pace   *pace
	watch  *watcher
	looks  *looker
	lately sync.Map // Stack by name: as Propose has just left it, for the Execute that follows
}

// New makes a client; nothing is asked yet.
func New(cfg aws.Config, opt Options) *Client {
	opt.Fast, opt.Slow = orElse(opt.Fast, time.Second), orElse(opt.Slow, 5*time.Second)
	opt.PerCall, opt.Watchers = orElse(opt.PerCall, 5), orElse(opt.Watchers, 4)
	if opt.Where == "" {
		opt.Where = cfg.Region
	}
	c := &Client{api: cloudformation.NewFromConfig(cfg), opt: opt, pace: &pace{limit: opt.PerCall}}
	c.looks = &looker{c: c}
	c.watch = &watcher{c: c, stacks: map[string]*watched{}, wake: make(chan struct{}, 1)}
	return c
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// Stack is a stack as it is found.
type Stack struct {
	Name, ID, Status, Reason  string
	Tags, Outputs, Parameters map[string]string
	Protected                 bool
	Drift                     string // of the last detection: IN_SYNC, DRIFTED, NOT_CHECKED, UNKNOWN
	Updated                   time.Time
}

// ref is what names the stack and no later one of the same name: its ID.
func (s Stack) ref() string { return orElse(s.ID, s.Name) }

func stackOf(s types.Stack) Stack {
	out := Stack{
		Name: aws.ToString(s.StackName), ID: aws.ToString(s.StackId),
		Status: string(s.StackStatus), Reason: aws.ToString(s.StackStatusReason),
		Tags: map[string]string{}, Outputs: map[string]string{}, Parameters: map[string]string{},
		Protected: aws.ToBool(s.EnableTerminationProtection),
		Updated:   aws.ToTime(orElse(s.LastUpdatedTime, s.CreationTime)),
	}
	if s.DriftInformation != nil {
		out.Drift = string(s.DriftInformation.StackDriftStatus)
	}
	for _, t := range s.Tags {
		out.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	for _, o := range s.Outputs {
		out.Outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	for _, p := range s.Parameters {
		out.Parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	return out
}

// InProgress reports whether CloudFormation is at work on the stack. A stack
// that has a change set and nothing else is not.
func (s Stack) InProgress() bool {
	return strings.HasSuffix(s.Status, "_IN_PROGRESS") && s.Status != string(types.StackStatusReviewInProgress)
}

// absent is how CloudFormation says that a stack is not there.
var absent = regexp.MustCompile(`^Stack (with id )?\S+ does not exist$`)

// explain says what was being done with which stack where, and gives the error
// its kind.
func (c *Client) explain(doing, name string, err error) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	isAPI := errors.As(err, &api)
	if isAPI && api.ErrorCode() == "ValidationError" && absent.MatchString(api.ErrorMessage()) {
		return fault.New(fault.NotFound, "%s stack %s in %s: there is no stack of this name", doing, name, c.opt.Where)
	}
	err = fmt.Errorf("%s stack %s in %s: %w", doing, name, c.opt.Where, network.Answered(err))
	if isAPI && api.ErrorCode() == "ValidationError" {
		if strings.Contains(api.ErrorMessage(), "does not exist") {
			return fault.New(fault.NotFound, "%w", err)
		}
		return fault.New(fault.Invalid, "%w", err)
	}
	if err = account.Classify(err); fault.KindOf(err) == fault.Refused && fault.HintOf(err) == "" {
		err = fault.Hint(err, "falkirk doctor says which statement is missing")
	}
	return err
}
