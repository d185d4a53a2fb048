//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/sync/errgroup"

	"falkirk/internal/aws/cfn"
	"falkirk/test/emulators/cfnfake"
)

// callsPerSecond is what the API of a region bears of each kind of call.
const callsPerSecond = 10

// stacks makes stacks in four regions at once.
func (b *bench) stacks(p *page) error {
	regions, takes := 4, 4*time.Second
	counts := []int{20, 200}
	if b.size.objects < 1000 {
		counts, takes = []int{8}, 50*time.Millisecond
	}
	p.say("### Making stacks in %d regions\n", regions)
	p.say("Against an imitation of the CloudFormation API, in which a stack takes %s and each kind of call is limited to", takes)
	p.say("%d in a second and region. *Least* is what the limit on making them allows.\n", callsPerSecond)
	var rows [][]string
	for _, n := range counts {
		least := takes + time.Duration(max(0, n/regions-callsPerSecond))*time.Second/callsPerSecond
		for _, way := range []struct {
			name string
			most int
			do   func(context.Context, *cfnfake.Fake, int) error
		}{
			{"aws create-stack, wait; a process each", 20, b.stacksByCLI},
			{"falkirk", 1 << 20, stacksByFalkirk},
		} {
			if n > way.most {
				continue
			}
			row, err := b.makeStacks(way.name, n, regions, takes, way.do)
			if err != nil {
				p.say("Left out: %s: %v.\n", way.name, err)
				continue
			}
			rows = append(rows, append(row, fmt.Sprintf("%.1f s", least.Seconds())))
		}
	}
	p.table([]string{"Program", "Stacks", "Time", "Reads of stacks", "Throttled", "Least"}, rows)
	return nil
}

func (b *bench) makeStacks(name string, n, regions int, takes time.Duration, do func(context.Context, *cfnfake.Fake, int) error) ([]string, error) {
	fakes := make([]*cfnfake.Fake, regions)
	for i := range fakes {
		f, stop := cfnfake.Start(cfnfake.Options{Takes: takes, PerCall: callsPerSecond})
		defer stop()
		fakes[i] = f
	}
	began := time.Now()
	group, ctx := errgroup.WithContext(b.ctx)
	for _, f := range fakes {
		group.Go(func() error { return do(ctx, f, n/regions) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	took, reads, refused := time.Since(began), 0, 0
	for _, f := range fakes {
		calls, throttled := f.Counts()
		reads += calls["DescribeStacks"]
		for _, k := range throttled {
			refused += k
		}
	}
	return []string{name, fmt.Sprint(n), fmt.Sprintf("%.1f s", took.Seconds()), fmt.Sprint(reads), fmt.Sprint(refused)}, nil
}

const emptyTemplate = `{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}`

// stacksByFalkirk makes the stacks of one region as the target does.
func stacksByFalkirk(ctx context.Context, f *cfnfake.Fake, n int) error {
	client := cfn.New(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(f.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "bench", ""),
	}, cfn.Options{PerCall: callsPerSecond * 0.9})
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			name, r := fmt.Sprintf("shop-%d", i), cfn.Request{Template: emptyTemplate}
			if _, errs[i] = client.Propose(ctx, name, r, "one", nil); errs[i] == nil {
				_, errs[i] = client.Execute(ctx, name, "one", r, nil)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// stacksByCLI makes the stacks of one region with a process each.
func (b *bench) stacksByCLI(ctx context.Context, f *cfnfake.Fake, n int) error {
	if !found("aws") {
		return errors.New("aws is not installed here")
	}
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			line := fmt.Sprintf("aws cloudformation create-stack --stack-name shop-%d --template-body '%s' >/dev/null && aws cloudformation wait stack-create-complete --stack-name shop-%d", i, emptyTemplate, i)
			cmd := exec.CommandContext(ctx, "sh", "-c", line)
			cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+f.URL, "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=bench", "AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1")
			if out, err := cmd.CombinedOutput(); err != nil {
				errs[i] = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
