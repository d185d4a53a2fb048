package s3proxy

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is one request, and what became of it.
type Request struct {
	Client    string
	Number    int    // in the order of arrival, from 1
	Operation string // as AWS names it
	Bucket    string
	Keys      []string // of the objects; one but for DeleteObjects
	Condition string   // If-Match or If-None-Match, as it was sent
	Status    int
	At        time.Time // when it was answered
	Refused   []string  // keys that DeleteObjects did not delete

	tags map[string]string // of DeleteObjects, by key
}

// Key is the first of the keys.
func (q Request) Key() string {
	if len(q.Keys) == 0 {
		return ""
	}
	return q.Keys[0]
}

// Changed reports whether the server has changed an object for it.
func (q Request) Changed() bool {
	return q.IsWrite() && q.Status/100 == 2 && len(q.Refused) < max(len(q.Keys), 1)
}

// Done are the keys of objects that it changed.
func (q Request) Done() []string {
	if !q.Changed() {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(q.Keys), func(k string) bool { return slices.Contains(q.Refused, k) })
}

// IsWrite reports whether it can change an object: parts of an upload change none until it is complete.
func (q Request) IsWrite() bool {
	switch q.Operation {
	case "PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject", "DeleteObjects":
		return q.Bucket != "" && len(q.Keys) > 0
	}
	return false
}

func (q Request) isConditionalDelete() bool { return q.Operation == "DeleteObjects" && len(q.tags) > 0 }

// named is the body of DeleteObjects.
type named struct {
	Objects []struct {
		Key  string
		ETag *string
	} `xml:"Object"`
	Quiet bool
}

func read(r *http.Request, body []byte) Request {
	q := Request{Operation: operation(r, body), Condition: r.Header.Get("If-Match")}
	if q.Condition == "" {
		q.Condition = r.Header.Get("If-None-Match")
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	var errs [2]error
	q.Bucket, errs[0] = url.PathUnescape(bucket)
	key, errs[1] = url.PathUnescape(key)
	if errs[0] != nil || errs[1] != nil {
		return q
	}
	if key != "" {
		q.Keys = []string{key}
	}
	if q.Operation == "DeleteObjects" {
		q.Keys, q.tags = keysOf(body)
	}
	return q
}

func keysOf(body []byte) (keys []string, tags map[string]string) {
	var n named
	if xml.Unmarshal(body, &n) != nil {
		return nil, nil
	}
	tags = map[string]string{}
	for _, o := range n.Objects {
		keys = append(keys, o.Key)
		if o.ETag != nil {
			tags[o.Key] = *o.ETag
		}
	}
	return keys, tags
}
