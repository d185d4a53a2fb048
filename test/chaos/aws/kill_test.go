package aws

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"falkirk/test/chaos"
	"falkirk/test/chaos/faults"
	"falkirk/test/emulators"
)

// killed runs a command and kills it when its nth request comes; false when it
// came to its end before that.
func (w *world) killed(nth int, args ...string) bool {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	cmd, out := w.command(ctx, args...)
	var struck atomic.Bool
	w.proxy.Strike(nth, func() {
		struck.Store(true)
		cancel() // kills it
	})
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	err := cmd.Wait()
	w.proxy.Strike(0, nil)
	if err != nil && !struck.Load() {
		w.t.Fatalf("falkirk %v: %v\n%s", args, err, out)
	}
	return struck.Load()
}

// sweep kills a command at every stride-th of its requests, and repeats it
// after each kill, until it is not killed any more.
func (w *world) sweep(stride int, args func(round int) []string, whole func(round int)) {
	w.t.Helper()
	for round, nth := 0, 1; ; round, nth = round+1, nth+stride {
		a := args(round)
		struck := w.killed(nth, a...)
		w.must(a...)
		whole(round)
		if !struck || w.t.Failed() {
			w.t.Logf("%v: killed %d times, at up to request %d", a, round, nth)
			return
		}
	}
}

func TestKilledOverS3(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulators.Moto(t), siteApp, "chaos-builds", "chaos-web-eu-central-1", "chaos-web-us-east-1")
	versions := []string{"1", "2"}
	for _, v := range versions {
		w.site(v)
		w.must("pack", "--version", v)
	}
	w.must("train", "1", "--to", "prd")
	w.sweep(chaos.Count(11, 2), func(i int) []string { return []string{"train", versions[(i+1)%2], "--to", "prd"} }, func(i int) {
		w.serves(versions[(i+1)%2])
	})
	if got := w.live(); got != "1 whole" && got != "2 whole" {
		t.Errorf("it is %s", got)
	}
	w.must("verify")
}

func TestKilledPackAndPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulators.Moto(t), siteApp, "chaos-builds", "chaos-web-eu-central-1", "chaos-web-us-east-1")
	w.sweep(chaos.Count(15, 3), func(i int) []string {
		v := string(rune('a' + i))
		w.site(v)
		return []string{"pack", "--version", v}
	}, func(int) {})
	for _, v := range []string{"a", "b", "c"} {
		w.must("train", v, "--to", "prd")
	}
	w.sweep(chaos.Count(5, 1), func(int) []string { return []string{"prune", "prd"} }, func(int) { w.serves("c") })
	w.serves("c")
	w.must("rollback", "prd")
	w.serves("b")
	w.must("verify")
	w.once("shop")
}

const stackApp = `app: shop
lock: {request: 300ms}
store: s3://chaos-builds/shop
storeAccount: prd
accounts:
  prd: {id: "444444444444", region: eu-central-1}
components:
  queue:
    stack: {template: queue.yaml}
    target: {stack: {name: "chaos", parameters: {Name: "chaos-${release.version}"}}}
environments:
  - {name: prd, account: prd}
`

const queue = `Parameters:
  Name: {Type: String}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Ref Name}
`

func TestKilledOverCloudFormation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulators.Ministack(t, "444444444444"), stackApp, "chaos-builds")
	w.write("queue.yaml", queue)
	versions := []string{"1", "2"}
	for _, v := range versions {
		w.must("pack", "--version", v)
	}
	w.must("train", "1", "--to", "prd")
	w.sweep(chaos.Count(15, 3), func(i int) []string { return []string{"train", versions[(i+1)%2], "--to", "prd"} }, func(i int) {
		if got, want := w.live(), versions[(i+1)%2]+" whole"; got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	})
	out := w.server.CLI(t).Must(t, "--region", "eu-central-1", "sqs", "list-queues")
	t.Logf("the AWS CLI finds %s", out)
	w.must("verify")
}

func TestStacksOnABadDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulators.Ministack(t, "444444444444"), stackApp, "chaos-builds")
	w.write("queue.yaml", queue)
	w.proxy.Calm(bad(11))
	for _, v := range []string{"1", "2"} {
		w.must("pack", "--version", v)
		w.must("train", v, "--to", "prd")
	}
	w.must("rollback", "prd")
	w.must("prune", "prd")
	w.proxy.Calm(faults.Rules{})
	if got := w.live(); got != "1 whole" {
		t.Errorf("it is %s", got)
	}
	w.once("shop")
}
