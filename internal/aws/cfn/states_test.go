package cfn

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/fault"
	"falkirk/test/emulators"
	"falkirk/test/emulators/cfnfake"
)

// on is a client on a fake, that looks often.
func on(f *cfnfake.Fake, opt Options) *Client {
	cfg := emulators.Nowhere("eu-central-1")
	cfg.BaseEndpoint = aws.String(f.URL)
	opt.Where = "prd/eu-central-1"
	opt.Fast, opt.Slow = orElse(opt.Fast, 10*time.Millisecond), orElse(opt.Slow, 20*time.Millisecond)
	opt.PerCall = orElse(opt.PerCall, 1000)
	return New(cfg, opt)
}

func TestProtection(t *testing.T) {
	t.Parallel()
	f := cfnfake.New(t, cfnfake.Options{Takes: 30 * time.Millisecond})
	c := on(f, Options{})
	if _, _, err := up(t, c, "shop", "one", Request{Template: good, Protect: true, Policy: `{"Statement": []}`}); err != nil {
		t.Fatal(err)
	}
	if s, _ := f.Get("shop"); !s.Protected || s.Policy != `{"Statement": []}` {
		t.Errorf("the stack is %+v", s)
	}
	err := c.Delete(t.Context(), "shop", "op", nil)
	if !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "--no-enable-termination-protection --stack-name shop") {
		t.Errorf("deleting it: %v (%s)", err, fault.HintOf(err))
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	f := cfnfake.New(t, cfnfake.Options{})
	f.Put(cfnfake.Stack{Name: "shop", Status: "CREATE_COMPLETE", Drifted: []string{"Queue"}})
	lines, err := on(f, Options{}).Drift(t.Context(), "shop")
	if err != nil || len(lines) != 1 || lines[0] != "Queue (AWS::SQS::Queue) is MODIFIED; /DelaySeconds is 5 and not 0" {
		t.Errorf("got %q, %v", lines, err)
	}
}

// Every state that a stack gets stuck in has a way out that is named, or is
// taken where nothing is lost by it.
func TestStuckStates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stack cfnfake.Stack
		hint  string // "": it is made anew
	}{
		"nothing left":    {cfnfake.Stack{Status: "ROLLBACK_COMPLETE", Resources: map[string]string{"Queue": "DELETE_COMPLETE"}}, ""},
		"something left":  {cfnfake.Stack{Status: "ROLLBACK_COMPLETE", Resources: map[string]string{"Table": "DELETE_SKIPPED"}}, "look at these, then: aws cloudformation delete-stack --stack-name shop"},
		"update stuck":    {cfnfake.Stack{Status: "UPDATE_ROLLBACK_FAILED", Resources: map[string]string{"Queue": "UPDATE_FAILED", "Role": "UPDATE_COMPLETE"}}, "aws cloudformation continue-update-rollback --stack-name shop --resources-to-skip Queue"},
		"half deleted":    {cfnfake.Stack{Status: "DELETE_FAILED", Resources: map[string]string{"Bucket": "DELETE_FAILED"}}, "aws cloudformation delete-stack --stack-name shop --retain-resources Bucket"},
		"only a name yet": {cfnfake.Stack{Status: "REVIEW_IN_PROGRESS"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := cfnfake.New(t, cfnfake.Options{Takes: 20 * time.Millisecond})
			test.stack.Name = "shop"
			f.Put(test.stack)
			s, _, err := up(t, on(f, Options{}), "shop", "one", Request{Template: good})
			switch {
			case test.hint == "" && (err != nil || s.Status != "CREATE_COMPLETE"):
				t.Errorf("it is %s: %v", s.Status, err)
			case test.hint != "" && (!fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), test.hint)):
				t.Errorf("got %v (%s)", err, fault.HintOf(err))
			}
		})
	}
}

// Fifty stacks of a region at once: no call is throttled, and however many they
// are, one look at all of them serves everybody.
func TestManyStacksFewReads(t *testing.T) {
	t.Parallel()
	const many = 50
	f := cfnfake.New(t, cfnfake.Options{Takes: time.Second, PerCall: 60})
	const fast = 200 * time.Millisecond
	c := on(f, Options{PerCall: 50, Fast: fast, Slow: 2 * fast})
	began := time.Now()
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			name := fmt.Sprintf("shop-%02d", i)
			if s, _, err := up(t, c, name, "one", Request{Template: good}); err != nil || s.Status != "CREATE_COMPLETE" {
				t.Errorf("%s: %s, %v", name, s.Status, err)
			}
		})
	}
	group.Wait()
	calls, throttled := f.Counts()
	t.Logf("calls %v, throttled %v", calls, throttled)
	// A look by the watcher and one by those that begin in each tick, and no more for more stacks.
	if n, most := calls["DescribeStacks"], 10+3*int(time.Since(began)/fast); n > most {
		t.Errorf("there were %d looks at %d stacks in %s, more than %d", n, many, time.Since(began), most)
	}
	for action, n := range throttled {
		t.Errorf("%s was throttled %d times", action, n)
	}
}
