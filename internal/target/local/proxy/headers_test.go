package proxy

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"falkirk/internal/delivery"
)

// A file is served with the headers that it was packed with, as S3 serves it.
func TestFilesAreServedWithTheirHeaders(t *testing.T) {
	t.Parallel()
	blob := filepath.Join(t.TempDir(), "blob")
	if err := os.WriteFile(blob, []byte("ab"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := delivery.File{Path: "app.js.gz", Size: 2, Type: "text/javascript", Cache: delivery.CacheImmutable, Headers: delivery.Headers{
		Encoding: "gzip", CacheControl: "max-age=60", Metadata: delivery.NewMetadata(map[string]string{"owner": "ada"}),
	}}
	files := NewFiles(delivery.Site{Files: []delivery.File{f}}, "/", "", func(string) string { return blob })
	w := httptest.NewRecorder()
	files.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/app.js.gz", nil))
	for name, want := range map[string]string{
		"Content-Type": "text/javascript", "Content-Encoding": "gzip", "Cache-Control": "max-age=60", "X-Amz-Meta-Owner": "ada",
	} {
		if got := w.Header().Get(name); got != want || w.Body.String() != "ab" {
			t.Errorf("%s is %q, want %q; the body is %q", name, got, want, w.Body)
		}
	}
}
