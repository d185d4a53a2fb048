package iam

import (
	"path/filepath"
	"strings"
	"testing"
)

// Nobody replaces or deletes what is to stay in the builds bucket, not even an
// administrator of its account, in any of the ways that S3 has; what can be lost
// beside it may be written again.
func TestTheRecordIsWrittenOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if _, err := s.life(t); err != nil {
		t.Fatal(err)
	}
	cli := s.admin[builds]
	keys := map[string]string{}
	for _, key := range strings.Fields(cli.Must(t, "s3api", "list-objects-v2", "--bucket", "shop-builds", "--query", "Contents[].Key", "--output", "text")) {
		kind, _, _ := strings.Cut(strings.TrimPrefix(key, "team/"), "/")
		keys[kind] = key
	}
	s.write(t, "other", "forged")
	other := filepath.Join(s.dir, "other")
	for _, kind := range []string{"ledger", "releases", "blobs"} {
		key := keys[kind]
		if key == "" {
			t.Fatalf("the store has no %s: %v", kind, keys)
		}
		at := []string{"--bucket", "shop-builds", "--key", key}
		for name, command := range map[string][]string{
			"put":    append([]string{"s3api", "put-object", "--body", other}, at...),
			"copy":   append([]string{"s3api", "copy-object", "--copy-source", "shop-builds/" + keys["releases"]}, at...),
			"delete": append([]string{"s3api", "delete-object"}, at...),
			"erase":  append([]string{"s3api", "delete-object", "--version-id", "null"}, at...),
			"batch":  {"s3", "rm", "s3://shop-builds/" + key},
		} {
			if out, err := cli.Try(command...); err == nil {
				t.Errorf("%s of %s is allowed: %s", name, key, out)
			}
		}
		// A multipart upload may begin and go on; it cannot end in the place of what is there.
		var up struct{ UploadID string }
		cli.JSON(t, &up, append([]string{"s3api", "create-multipart-upload"}, at...)...)
		var part struct{ ETag string }
		cli.JSON(t, &part, append([]string{"s3api", "upload-part", "--part-number", "1", "--body", other, "--upload-id", up.UploadID}, at...)...)
		parts := `{"Parts":[{"PartNumber":1,"ETag":` + part.ETag + `}]}`
		for name, more := range map[string][]string{"an upload": nil, "a conditional upload": {"--if-none-match", "*"}} {
			if out, err := cli.Try(append(append([]string{"s3api", "complete-multipart-upload", "--multipart-upload", parts, "--upload-id", up.UploadID}, at...), more...)...); err == nil {
				t.Errorf("the end of %s to %s is allowed: %s", name, key, out)
			}
		}
		// What is new may come, on the condition that it is new.
		fresh := []string{"s3api", "put-object", "--body", other, "--bucket", "shop-builds", "--key", key + "-new"}
		if out, err := cli.Try(fresh...); err == nil {
			t.Errorf("a bare put of what is new is allowed: %s", out)
		}
		cli.Must(t, append(fresh, "--if-none-match", "*")...)
	}
	for _, kind := range []string{"ledger-head"} {
		cli.Must(t, "s3api", "put-object", "--body", other, "--bucket", "shop-builds", "--key", keys[kind])
		cli.Must(t, "s3api", "delete-object", "--bucket", "shop-builds", "--key", keys[kind])
	}
	if _, err := s.life(t); err != nil {
		t.Errorf("the next release: %v", err)
	}
}
