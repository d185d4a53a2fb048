package s3proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Memory starts a server of S3 in the memory of this process, for as long as the
// test lasts, and gives its URL. It is gofakes3, and what that leaves out:
// UploadPartCopy, the ETags of objects that were written in parts,
// Cache-Control, and the condition on the source of a copy.
func Memory(t testing.TB) string {
	t.Helper()
	m := &memory{inner: gofakes3.New(s3mem.New(), gofakes3.WithTimeSkewLimit(0)).Server(), tags: map[string]string{}, cache: map[string]string{}}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	return server.URL
}

type memory struct {
	inner http.Handler

	mu    sync.Mutex
	tags  map[string]string // by path: of objects that were written in parts
	cache map[string]string // by path: Cache-Control
}

func (m *memory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	q := r.URL.Query()
	switch op := operation(r, body); {
	case r.Header.Get("X-Amz-Copy-Source") != "" && q.Has("uploadId"):
		m.copyPart(w, r)
	case op == "CompleteMultipartUpload":
		m.complete(w, r)
	case op == "CreateMultipartUpload":
		m.keep(r)
		m.inner.ServeHTTP(w, r)
	case op == "PutObject" || op == "CopyObject":
		m.put(w, r)
	case op == "ListObjectsV2":
		m.list(w, r)
	case op == "HeadObject" || op == "GetObject":
		m.read(w, r)
	default:
		m.inner.ServeHTTP(w, r)
	}
}

func (m *memory) tag(path string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tags[path]
}

func (m *memory) keep(r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cache[r.URL.Path] = r.Header.Get("Cache-Control")
}

// isSource reports whether the source of a copy is as its condition says.
func (m *memory) isSource(r *http.Request) bool {
	want := r.Header.Get("X-Amz-Copy-Source-If-Match")
	if want == "" {
		return true
	}
	res := httptest.NewRecorder()
	m.read(res, httptest.NewRequest(http.MethodHead, "/"+r.Header.Get("X-Amz-Copy-Source"), nil))
	return res.Code/100 != 2 || same(want, res.Header().Get("ETag"))
}

func (m *memory) note(path, tag string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tags[path] = tag
}

// put judges If-Match itself where the object was written in parts.
func (m *memory) put(w http.ResponseWriter, r *http.Request) {
	if tag, want := m.tag(r.URL.Path), r.Header.Get("If-Match"); tag != "" && want != "" {
		if !same(want, tag) {
			refusal(w, http.StatusPreconditionFailed, "PreconditionFailed")
			return
		}
		r.Header.Del("If-Match")
	}
	if !m.isSource(r) {
		refusal(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	res := httptest.NewRecorder()
	m.inner.ServeHTTP(res, r)
	if res.Code/100 == 2 {
		m.note(r.URL.Path, "")
		m.keep(r)
	}
	pass(w, res, res.Body.Bytes())
}

var tagOf = regexp.MustCompile(`<ETag>(.*?)</ETag>`)

func (m *memory) complete(w http.ResponseWriter, r *http.Request) {
	res := httptest.NewRecorder()
	m.inner.ServeHTTP(res, r)
	if found := tagOf.FindSubmatch(res.Body.Bytes()); res.Code/100 == 2 && found != nil {
		m.note(r.URL.Path, strings.NewReplacer("&#34;", "", "&quot;", "", `"`, "").Replace(string(found[1])))
	}
	pass(w, res, res.Body.Bytes())
}

func (m *memory) read(w http.ResponseWriter, r *http.Request) {
	res := httptest.NewRecorder()
	m.inner.ServeHTTP(res, r)
	if tag := m.tag(r.URL.Path); tag != "" && res.Code/100 == 2 {
		res.Header().Set("ETag", `"`+tag+`"`)
	}
	m.mu.Lock()
	cache := m.cache[r.URL.Path]
	m.mu.Unlock()
	if cache != "" && res.Code/100 == 2 {
		res.Header().Set("Cache-Control", cache)
	}
	pass(w, res, res.Body.Bytes())
}

var (
	contents = regexp.MustCompile(`(?s)<Contents>.*?</Contents>`)
	keyOf    = regexp.MustCompile(`<Key>(.*?)</Key>`)
)

func (m *memory) list(w http.ResponseWriter, r *http.Request) {
	res := httptest.NewRecorder()
	m.inner.ServeHTTP(res, r)
	body := contents.ReplaceAllFunc(res.Body.Bytes(), func(row []byte) []byte {
		key, err := url.QueryUnescape(string(keyOf.FindSubmatch(row)[1]))
		tag := m.tag(strings.TrimSuffix(r.URL.Path, "/") + "/" + key)
		if err != nil || tag == "" {
			return row
		}
		return tagOf.ReplaceAll(row, []byte("<ETag>&quot;"+tag+"&quot;</ETag>"))
	})
	res.Header().Del("Content-Length")
	pass(w, res, body)
}

// copyPart answers UploadPartCopy with a read and an UploadPart.
func (m *memory) copyPart(w http.ResponseWriter, r *http.Request) {
	if !m.isSource(r) {
		refusal(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	read := httptest.NewRequest(http.MethodGet, "/"+r.Header.Get("X-Amz-Copy-Source"), nil)
	if span := r.Header.Get("X-Amz-Copy-Source-Range"); span != "" {
		read.Header.Set("Range", span)
	}
	source := httptest.NewRecorder()
	m.read(source, read)
	if source.Code/100 != 2 {
		refusal(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	body := source.Body.Bytes()
	write := httptest.NewRequest(http.MethodPut, r.URL.RequestURI(), bytes.NewReader(body))
	write.Header.Set("Content-Length", fmt.Sprint(len(body)))
	part := httptest.NewRecorder()
	m.inner.ServeHTTP(part, write)
	if part.Code/100 != 2 {
		refusal(w, part.Code, "InternalError")
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	_, _ = fmt.Fprintf(w, "<CopyPartResult><ETag>%s</ETag></CopyPartResult>", part.Header().Get("ETag"))
}

func pass(w http.ResponseWriter, res *httptest.ResponseRecorder, body []byte) {
	for k, v := range res.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(res.Code)
	_, _ = w.Write(body) // the client may be gone
}

func refusal(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>by the test</Message></Error>", code)
}
