package site_test

import (
	"testing"

	"falkirk/internal/delivery"
	"falkirk/test/emulators"
)

// Type, cache header and digest are as packed, through promotion and rollback,
// on a server that is strict about them; the AWS CLI says so. A release that
// changes nothing but a header changes it.
func TestHeadersSurvive(t *testing.T) {
	t.Parallel()
	server := emulators.Versity(t)
	w := bareWorld(t, server.URL)
	creds := server.Config("us-east-1")
	w.creds = &creds
	cli := server.CLI(t)
	for _, b := range []string{builds, bucket} {
		cli.Must(t, "s3api", "create-bucket", "--bucket", b)
	}
	names := map[string]string{}
	for k, v := range awkward {
		names[k] = v
	}
	w.pack("1", names)
	w.live("1")
	w.expectIdle("1")
	for key, text := range names {
		w.witness(cli, key, text)
	}

	s := w.sites[w.packed["1"].Digest]
	next := delivery.Site{Schema: 1}
	for _, f := range s.Files {
		if f.Path == "a b+c.11111111.js" {
			f.Type, f.Cache = "application/x-other", delivery.CacheRevalidate
		}
		next.Files = append(next.Files, f)
	}
	w.packSite("2", next)
	check := func(version, kind string) {
		t.Helper()
		w.live(version)
		w.expectIdle(version)
		var got struct{ ContentType string }
		cli.JSON(t, &got, "s3api", "head-object", "--bucket", bucket, "--key", "a b+c.11111111.js")
		if got.ContentType != kind {
			t.Errorf("release %s: the type is %q, want %q", version, got.ContentType, kind)
		}
	}
	check("2", "application/x-other")
	check("1", "text/javascript; charset=utf-8")
	check("2", "application/x-other")
	w.prune("1")
	w.expectIdle("2")
}

// Encoding, caching and metadata of a release come and go with it, also where
// nothing else changes; the AWS CLI says so. versitygw 1.8.0 keeps the
// Content-Encoding of an object that is replaced, which S3 does not.
func TestOtherHeadersComeAndGo(t *testing.T) {
	t.Parallel()
	const key = "app.11111111.js"
	moto := emulators.Moto(t)
	w := worldAt(t, moto.URL)
	cli := moto.CLI(t)
	w.pack("1", map[string]string{"index.html": "root", key: "text", "a.css": "css"})
	plain := w.sites[w.packed["1"].Digest]
	rich := delivery.Site{Schema: 2}
	for _, f := range plain.Files {
		f.Headers = delivery.Headers{Encoding: "gzip", CacheControl: "max-age=60", Metadata: delivery.NewMetadata(map[string]string{"owner": "a, b=c"})}
		rich.Files = append(rich.Files, f)
	}
	w.packSite("2", rich)
	for _, version := range []string{"1", "2", "1", "2"} {
		w.live(version)
		w.expectIdle(version)
		for _, f := range plain.Files {
			var got struct {
				ContentEncoding, CacheControl string
				Metadata                      map[string]string
			}
			cli.JSON(t, &got, "s3api", "head-object", "--bucket", bucket, "--key", f.Path)
			coding, caching, owner := "", f.Cache.Header(), ""
			if version == "2" {
				coding, caching, owner = "gzip", "max-age=60", "a, b=c"
			}
			if got.ContentEncoding != coding || got.CacheControl != caching || got.Metadata["owner"] != owner || got.Metadata["falkirk-sha256"] == "" {
				t.Errorf("release %s: the AWS CLI sees %s as %+v", version, f.Path, got)
			}
		}
	}
	w.prune("1")
	w.expectIdle("2")
}
