package aws

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/bucket/s3"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
	"falkirk/test/chaos/faults"
	"falkirk/test/emulators"
)

// Many processes want the same environment at once, over a network that loses
// answers: one has it at a time, and what is left is one whole release.
func TestManyProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulators.Moto(t), siteApp, "chaos-builds", "chaos-web-eu-central-1", "chaos-web-us-east-1")
	for _, v := range []string{"1", "2"} {
		w.site(v)
		w.must("pack", "--version", v)
		w.must("train", v, "--to", "prd")
	}
	w.proxy.Calm(faults.Rules{Seed: 3, Error: 0.03, Reset: 0.02, Lost: 0.05})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ends := make([]int, 8)
	var group sync.WaitGroup
	for i := range ends {
		group.Go(func() {
			cmd, said := w.command(ctx, "promote", fmt.Sprint(i%2+1), "--to", "prd")
			_ = cmd.Run()                                                            // how it ended is looked at below
			if ends[i] = cmd.ProcessState.ExitCode(); ends[i] != 0 && ends[i] != 5 { // done, or somebody else had it
				t.Errorf("a process ended with %d\n%s", ends[i], said)
			}
		})
	}
	group.Wait()
	w.proxy.Calm(faults.Rules{})
	w.alone("shop", "prd")
	w.must("converge", "prd")
	if got := w.live(); got != "1 whole" && got != "2 whole" {
		t.Errorf("it is %s", got)
	}
	w.must("verify")
}

// alone fails the test where two operations have had an environment at once.
func (w *world) alone(prefix, env string) {
	w.t.Helper()
	l := ledger.New(s3.New(w.s3, "chaos-builds", prefix), "shop", env, ledger.Options{})
	open, operations := "", 0
	for e, err := range l.Entries(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		switch {
		case e.Event == delivery.Opened && open != "":
			w.t.Errorf("%s began while %s was under way", e.Operation.ID, open)
		case e.Event == delivery.Opened:
			open = e.Operation.ID
			operations++
		case e.Event == delivery.Closed || e.Event == delivery.Taken:
			open = ""
		case e.Operation.ID != open && e.Event != delivery.Decided:
			w.t.Errorf("entry %d is of %s while %q had it", e.Number, e.Operation.ID, open)
		}
	}
	w.t.Logf("%d operations", operations)
}

const manyApp = `app: shop
store: s3://chaos-builds/shop
storeAccount: one
accounts:
  one: {id: "111111111111", region: eu-central-1, role: "arn:aws:iam::111111111111:role/falkirk"}
  two: {id: "222222222222", region: eu-central-1, role: "arn:aws:iam::222222222222:role/falkirk"}
components:
  web:
    site: {path: web}
    target: {site: {bucket: "many-${place.environment}-${place.account}-${place.region}"}}
environments:
  - {name: dev, accounts: [one, two], regions: [eu-central-1, eu-west-1, us-east-1, us-west-2]}
  - {name: sat, accounts: [one, two], regions: [eu-central-1, eu-west-1, us-east-1, us-west-2]}
  - {name: prd, accounts: [one, two], regions: [eu-central-1, eu-west-1, us-east-1, us-west-2]}
`

// Three environments, two accounts, four regions: 24 places. One that fails
// leaves its environment on the old release, and converge finishes what is
// missing.
func TestManyPlaces(t *testing.T) {
	t.Parallel()
	var buckets []string
	for _, e := range []string{"dev", "sat", "prd"} {
		for _, a := range []string{"one", "two"} {
			for _, r := range []string{"eu-central-1", "eu-west-1", "us-east-1", "us-west-2"} {
				buckets = append(buckets, "many-"+e+"-"+a+"-"+r)
			}
		}
	}
	w := newWorld(t, emulators.Moto(t), manyApp, append(buckets, "chaos-builds")...)
	pages := func() string {
		seen := map[string]int{}
		for _, b := range buckets {
			seen[b[5:8]+" "+w.object(b, "index.html")]++
		}
		return fmt.Sprint(seen)
	}
	for _, v := range []string{"1", "2"} {
		w.site(v)
		w.must("pack", "--version", v)
	}
	w.must("train", "1", "--to", "prd")
	if got, want := pages(), "map[dev <p>1</p>:8 prd <p>1</p>:8 sat <p>1</p>:8]"; got != want {
		t.Errorf("after the first train: %s", got)
	}
	w.lose("many-prd-two-us-west-2")
	cmd, out := w.command(t.Context(), "train", "2", "--to", "prd")
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "prd/two/us-west-2") {
		t.Errorf("a place that is not there: %v\n%s", err, out)
	}
	if got := pages(); !strings.Contains(got, "dev <p>2</p>:8") || !strings.Contains(got, "sat <p>2</p>:8") || !strings.Contains(got, "prd <p>1</p>:7") {
		t.Errorf("after a place has failed: %s", got)
	}
	if got := w.live(); got != "1 partial" {
		t.Errorf("with a place that has nothing it is %s", got)
	}
	if _, err := w.s3.CreateBucket(t.Context(), &awss3.CreateBucketInput{
		Bucket: aws.String("many-prd-two-us-west-2"), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuCentral1},
	}); err != nil {
		t.Fatal(err)
	}
	w.must("converge", "prd")
	if got := w.live(); got != "1 whole" || !strings.Contains(pages(), "prd <p>1</p>:8") {
		t.Errorf("converged, it is %s: %s", got, pages())
	}
	w.must("train", "2", "--to", "prd")
	if got, want := pages(), "map[dev <p>2</p>:8 prd <p>2</p>:8 sat <p>2</p>:8]"; got != want {
		t.Errorf("after the second train: %s", got)
	}
}

// lose empties a bucket and removes it.
func (w *world) lose(bucket string) {
	w.t.Helper()
	list, err := w.s3.ListObjectsV2(w.t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range list.Contents {
		if _, err := w.s3.DeleteObject(w.t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: o.Key}); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := w.s3.DeleteBucket(w.t.Context(), &awss3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		w.t.Fatal(err)
	}
}
