package site_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/internal/target/site"
)

// How a setting that changes after a release went live reaches it.
const (
	elsewhere = "elsewhere" // nothing is live at the new place: converge brings the release there
	atOnce    = "at once"   // each command goes by it, and nothing that is there depends on it
	later     = "later"     // status says that it comes with the next release
)

// Each setting that changes after the release went live is told and brought by what
// status names, or needs nothing.
func TestEverySettingThatChanges(t *testing.T) {
	t.Parallel()
	all := map[string]struct {
		how    string
		change func(*site.Settings)
	}{
		"bucket":       {elsewhere, func(s *site.Settings) { s.Bucket = "shop-other" }},
		"prefix":       {elsewhere, func(s *site.Settings) { s.Prefix = "docs" }},
		"distribution": {atOnce, func(s *site.Settings) { s.Distribution = "E1A2B3C4D5E6F7" }},
		"wait":         {atOnce, func(s *site.Settings) { s.Wait = true }},
		"url":          {atOnce, func(s *site.Settings) { s.URL = "https://www.example.com/" }},
		"parallel":     {atOnce, func(s *site.Settings) { s.Parallel = 3 }},
		"kmsKey":       {later, func(s *site.Settings) { s.KMSKey = "alias/shop" }},
	}
	for f := range reflect.TypeFor[site.Settings]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		c, ok := all[name]
		if !ok {
			t.Errorf("no change of the setting %s is tested", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.must(w.api().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("shop-other")}))
			w.pack("1", first)
			w.pack("2", second)
			w.provision("1")
			w.promote("1")
			w.expectIdle("1")
			c.change(&w.set)
			w.target = w.another()
			switch st := w.observe("1"); c.how {
			case elsewhere:
				if st.Live != "" || w.provision("1")+w.promote("1") == 0 {
					t.Errorf("status says %+v", st)
				}
				w.expectIdle("1")
				key := strings.TrimPrefix(w.set.Prefix+"/index.html", "/")
				if _, err := w.api().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &w.set.Bucket, Key: &key}); err != nil {
					t.Errorf("it is not at the new place: %v", err)
				}
			case atOnce:
				w.expectIdle("1")
			case later:
				if told := strings.Join(st.Drift, "\n"); !strings.Contains(told, "the default of the bucket and not with alias/shop; that changes with the next release only") {
					t.Errorf("status says %q", told)
				}
				if n := w.provision("1") + w.promote("1"); n != 0 {
					t.Errorf("%d steps change nothing of it", n)
				}
				w.provision("2")
				w.promote("2")
				w.expectIdle("2")
			}
		})
	}
}
