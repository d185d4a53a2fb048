package iam

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/aws/account"
)

// A damaged blob is found and noted under the generated role. The bucket refuses to
// replace it, also when packing; the message says who removes it and how, and
// after that packing the same content writes it again.
func TestADamagedBlobIsWrittenAgain(t *testing.T) {
	t.Parallel()
	const cleaner = "arn:aws:iam::" + builds + ":role/cleaner"
	s := newStageOf(t, strings.Replace(appFile, "storeAccount: builds\n", "storeAccount: builds\nstoreBucket: {pruneRole: \""+cleaner+"\"}\n", 1))
	cli := s.admin[builds]
	cli.Must(t, "iam", "create-role", "--role-name", "cleaner", "--assume-role-policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)
	cli.Must(t, "iam", "put-role-policy", "--role-name", "cleaner", "--policy-name", "p", "--policy-document", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::shop-builds/team/blobs/*"}]}`)
	s.write(t, "web/index.html", "page")
	s.write(t, "web/large.txt", strings.Repeat("large\n", 20_000))
	falkirk := func(code string, args ...string) string {
		t.Helper()
		out, err := s.run(t.Context(), s.env, args...)
		if code == "" && err != nil || code != "" && (err == nil || !strings.Contains(err.Error(), code)) {
			t.Fatalf("falkirk %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return out
	}
	falkirk("", "pack", "--version", "1.0.0")
	all := strings.Fields(cli.Must(t, "s3api", "list-objects-v2", "--bucket", "shop-builds", "--prefix", "team/blobs/", "--query", "Contents[].Key", "--output", "text"))
	s.damage(t, all)

	if out := falkirk("exit status 8", "verify", "--blobs"); strings.Contains(out, "damaged/sha256") || strings.Count(out, "damaged sha256:") != len(all) {
		t.Fatalf("the audit says %s", out)
	}
	var removed []string
	for range all {
		out := falkirk("exit status 6", "pack", "--version", "1.0.0")
		_, command, found := strings.Cut(out, "next: as the role in storeBucket.pruneRole: aws s3api delete-object --bucket shop-builds --key ")
		key, _, _ := strings.Cut(command, ",")
		if !found || !slices.Contains(all, key) || slices.Contains(removed, key) || !strings.Contains(out, "its bucket refuses to replace it") {
			t.Fatalf("after %v packing says %s", removed, out)
		}
		s.remove(t, cleaner, key)
		if removed = append(removed, key); len(removed) == len(all) {
			break
		}
	}
	falkirk("", "pack", "--version", "1.0.0")
	falkirk("", "verify", "--blobs")
	falkirk("", "provision", "1.0.0", "--to", "prd")
	falkirk("", "promote", "1.0.0", "--to", "prd")
}

// damage changes the content of objects, as nobody may while the policy is there.
func (s *stage) damage(t *testing.T, keys []string) {
	t.Helper()
	cli := s.admin[builds]
	var got struct{ Policy string }
	cli.JSON(t, &got, "s3api", "get-bucket-policy", "--bucket", "shop-builds")
	cli.Must(t, "s3api", "delete-bucket-policy", "--bucket", "shop-builds")
	s.write(t, "damaged", "other bytes")
	for _, key := range keys {
		cli.Must(t, "s3api", "put-object", "--bucket", "shop-builds", "--key", key, "--body", filepath.Join(s.dir, "damaged"))
	}
	cli.Must(t, "s3api", "put-bucket-policy", "--bucket", "shop-builds", "--policy", got.Policy)
}

// remove deletes an object of the store as a role.
func (s *stage) remove(t *testing.T, role, key string) {
	t.Helper()
	var got struct {
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	s.admin[builds].JSON(t, &got, "sts", "assume-role", "--role-arn", role, "--role-session-name", "cleans")
	cfg := s.server.Config("eu-central-1")
	c := got.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	if _, err := account.S3(cfg).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("shop-builds"), Key: aws.String(key)}); err != nil {
		t.Fatal(err)
	}
}
