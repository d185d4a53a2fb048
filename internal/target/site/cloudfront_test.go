package site_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

const distribution = `{"CallerReference":"one","Comment":"","Enabled":true,
 "Origins":{"Quantity":1,"Items":[{"Id":"bucket","DomainName":"shop-prd.s3.amazonaws.com","S3OriginConfig":{"OriginAccessIdentity":""}}]},
 "DefaultCacheBehavior":{"TargetOriginId":"bucket","ViewerProtocolPolicy":"redirect-to-https","MinTTL":0,"ForwardedValues":{"QueryString":false,"Cookies":{"Forward":"none"}}}}`

// front is a world with a distribution before the bucket.
func front(t *testing.T) (*world, emulators.CLI) {
	t.Helper()
	moto := emulators.Moto(t)
	cli := moto.CLI(t)
	file := filepath.Join(t.TempDir(), "distribution.json")
	if err := os.WriteFile(file, []byte(distribution), 0o600); err != nil {
		t.Fatal(err)
	}
	var made struct{ Distribution struct{ ID string } }
	cli.JSON(t, &made, "cloudfront", "create-distribution", "--distribution-config", "file://"+file)
	w := bareWorld(t, moto.URL)
	creds := moto.Config("us-east-1")
	w.creds, w.server = &creds, moto
	for _, b := range []string{builds, bucket} {
		cli.Must(t, "s3api", "create-bucket", "--bucket", b)
	}
	w.set.Distribution = made.Distribution.ID
	return w, cli
}

// invalidated are the paths of every invalidation, in no order.
func (w *world) invalidated(c emulators.CLI) [][]string {
	w.t.Helper()
	var list struct {
		InvalidationList struct{ Items []struct{ ID string } }
	}
	c.JSON(w.t, &list, "cloudfront", "list-invalidations", "--distribution-id", w.set.Distribution)
	var all [][]string
	for _, i := range list.InvalidationList.Items {
		var got struct {
			Invalidation struct {
				InvalidationBatch struct{ Paths struct{ Items []string } }
			}
		}
		c.JSON(w.t, &got, "cloudfront", "get-invalidation", "--distribution-id", w.set.Distribution, "--id", i.ID)
		all = append(all, got.Invalidation.InvalidationBatch.Paths.Items)
	}
	return all
}

// CloudFront forgets exactly what changed under a name that stays.
func TestInvalidation(t *testing.T) {
	t.Parallel()
	w, cli := front(t)
	w.set.Wait = true
	w.pack("1", first)
	w.pack("2", merge(first, map[string]string{"about/index.html": "about two", "app.22222222.js": "two"}))
	w.live("1")
	w.expectIdle("1")
	w.live("2")
	w.expectIdle("2")
	w.promote("1")
	all := w.invalidated(cli)
	want := []string{"/about/", "/about/index.html"}
	n := 0
	for _, paths := range all {
		slices.Sort(paths)
		if slices.Equal(paths, want) {
			n++
		}
	}
	if len(all) != 3 || n != 2 { // the second one is no repetition of the first, though it is the same
		t.Errorf("the invalidations are %q", all)
	}
}

// What a killed run left at the edge is forgotten when it is repeated.
func TestKilledBeforeTheInvalidation(t *testing.T) {
	t.Parallel()
	w, cli := front(t)
	w.pack("1", first)
	w.provision("1")
	w.wire.counted()
	p := w.placement("1")
	st := w.observe("1")
	steps := w.target.Plan(delivery.Promote, p, st)
	if len(steps) != 2 {
		t.Fatalf("there are %d steps", len(steps))
	}
	if _, err := w.target.Do(t.Context(), p, steps[0], nil); err != nil {
		t.Fatal(err)
	}
	w.target = w.another() // killed here
	if n := w.promote("1"); n != 1 {
		t.Errorf("%d steps are left, want that of the invalidation", n)
	}
	if all := w.invalidated(cli); len(all) != 1 || slices.Contains(all[0], "/style.css") || !slices.Contains(all[0], "/") {
		t.Errorf("the invalidations are %q", all)
	}
	w.expectIdle("1")
}

// Which release is served is asked at the site's own address.
func TestServes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pack("1", first)
	w.pack("2", second)
	w.live("1")
	w.live("2")
	serves := func() (string, error) {
		w.t.Helper()
		p := w.placement("2")
		return w.target.Serves(t.Context(), p, w.observe("2"))
	}
	if v, err := serves(); v != "2" || err != nil {
		t.Errorf("the bucket serves %q: %v", v, err)
	}
	w.set.URL = w.url + "/" + bucket
	if v, err := serves(); v != "2" || err != nil {
		t.Errorf("%s serves %q: %v", w.set.URL, v, err)
	}
	w.write("index.html", first["index.html"])
	if v, err := serves(); v != "1" || err != nil {
		t.Errorf("the old page is told to be of %q: %v", v, err)
	}
	w.set.URL = w.url + "/nowhere"
	if v, err := serves(); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "404") {
		t.Errorf("an address that does not answer serves %q: %v", v, err)
	}
}

// What is not allowed is said with the place, the object and what to ask next.
func TestDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.place.Account = "production"
	w.pack("1", first)
	w.wire.breaks(func(r *http.Request) *http.Response {
		if what(r) != "copy" {
			return nil
		}
		return answer(http.StatusForbidden, "<Error><Code>AccessDenied</Code><Message>not allowed: s3:GetObject</Message></Error>")
	})
	_, err := w.phase(delivery.Provision, "1")
	if !fault.Is(err, fault.Refused) {
		t.Errorf("the kind is %v: %v", fault.KindOf(err), err)
	}
	for _, part := range []string{"production", "us-east-1", "s3://shop-prd", "s3://builds/store/blobs", "s3:GetObject"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	if hint := fault.HintOf(err); !strings.Contains(hint, "falkirk doctor production") {
		t.Errorf("the hint is %q", hint)
	}
	_, _ = w.wire.counted()
}

// One call in ten is throttled, fails or breaks off; every phase still ends well.
func TestBadWeather(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set.Parallel = 8
	w.pack("1", large(60, 10, 1))
	w.pack("2", large(60, 10, 2))
	n := 0
	w.wire.breaks(func(*http.Request) *http.Response {
		if n++; n%10 != 0 {
			return nil
		}
		if n%20 == 0 {
			return answer(http.StatusServiceUnavailable, "<Error><Code>SlowDown</Code></Error>")
		}
		return answer(http.StatusInternalServerError, "<Error><Code>InternalError</Code></Error>")
	})
	for _, v := range []string{"1", "2", "1", "2"} {
		w.live(v)
		w.expectIdle(v)
	}
	w.prune("1")
	w.wire.breaks(nil)
	w.expect("after bad weather", large(60, 10, 2))
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/xml"}}, Body: readCloser(body), ContentLength: int64(len(body)),
	}
}
