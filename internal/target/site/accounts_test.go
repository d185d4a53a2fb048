package site_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/account"
	"falkirk/internal/delivery"
	"falkirk/internal/target/site"
	"falkirk/test/emulators"
)

const (
	buildsAccount = "111111111111"
	prdAccount    = "222222222222"
)

// pulling reaches the environment's account by its own chain of roles.
type pulling struct {
	*account.Pool
	wire *wire
}

func (p pulling) Config(ctx context.Context, name, region string) (aws.Config, error) {
	cfg, err := p.Pool.Config(ctx, name, region)
	cfg.HTTPClient = p.wire
	return cfg, err
}

// awkward are names that have to survive headers, URLs and XML.
var awkward = map[string]string{
	"index.html": "root", "a b+c.11111111.js": "plus", "100%25.22222222.js": "percent", "ünïcode/日本語.33333333.css": "words",
	"q?x=1&y=2#z.44444444.txt": "query", "tilde~'\"<>*;:@$,!().55555555.txt": "signs", "emoji/🚢.66666666.svg": "ship",
	"dir.with.dots/deep/er/index.html": "deep", "UPPER/lower.77777777.JS": "case", "e/..hidden": "dots", "é/e\u0301.88888888.js": "two ways to write one",
}

// The builds lie in one account, the environment's bucket in another, and only
// the credentials of the latter are used. The AWS CLI says what came of it.
func TestTwoAccounts(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	b, prd := moto.As(t, buildsAccount), moto.As(t, prdAccount)
	b.Must(t, "s3api", "create-bucket", "--bucket", builds)
	prd.Must(t, "s3api", "create-bucket", "--bucket", bucket)

	w := bareWorld(t, moto.URL)
	w.place.Account = "prd"
	creds := moto.Config("us-east-1")
	w.creds = &creds
	w.target = site.New(site.Options{Store: w.store(), Accounts: pulling{account.New(account.Options{
		Accounts: []delivery.Account{{Name: "prd", ID: prdAccount, Role: "arn:aws:iam::" + prdAccount + ":role/deploy", Region: "us-east-1"}},
		App:      "shop", Actor: "ann",
		Start: func(context.Context) (aws.Config, error) { return creds, nil },
	}), w.wire}})
	w.pack("1", awkward)
	w.live("1")
	w.expectIdle("1")

	var listed struct{ Contents []struct{ Key string } }
	prd.JSON(t, &listed, "s3api", "list-objects-v2", "--bucket", bucket)
	there := map[string]bool{}
	for _, o := range listed.Contents {
		there[o.Key] = true
	}
	for key, text := range awkward {
		if !there[key] {
			t.Errorf("the AWS CLI does not list %q", key)
			continue
		}
		w.witness(prd, key, text)
	}
	asked, _ := w.wire.counted()
	if asked["put"] > 4 || asked["head"] > 0 { // the record twice, the pointer twice
		t.Errorf("bytes went through this machine, or objects were asked about: %v", asked)
	}
}

// witness has the AWS CLI say what an object is.
func (w *world) witness(c emulators.CLI, key, text string) {
	w.t.Helper()
	var got struct {
		ContentType, CacheControl string
		Metadata                  map[string]string
	}
	file := w.t.TempDir() + "/body"
	c.JSON(w.t, &got, "s3api", "get-object", "--bucket", bucket, "--key", key, file)
	f := w.file(key, text)
	if got.ContentType != f.Type && f.Type != "" || got.CacheControl != f.Cache.Header() || got.Metadata["falkirk-sha256"] != strings.TrimPrefix(f.Digest, "sha256:") {
		w.t.Errorf("%q: the AWS CLI sees %+v; it was packed as %+v", key, got, f)
	}
	if raw := readFile(w.t, file); raw != text {
		w.t.Errorf("%q: the AWS CLI reads %q, want %q", key, raw, text)
	}
}
