package proxy_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local/proxy"
)

// Files of all sizes are what they are, from memory and from the disk: whole, in
// part, and their headers alone.
func TestFilesOfAllSizes(t *testing.T) {
	t.Parallel()
	dir, content := t.TempDir(), bytes.Repeat([]byte("0123456789abcdef"), 8<<10)
	var files []delivery.File
	sizes := []int{0, 1, 511, 513, 4095, 32<<10 - 1, 32 << 10, 32<<10 + 1, len(content)}
	for _, n := range sizes {
		name := strconv.Itoa(n)
		if err := os.WriteFile(filepath.Join(dir, name), content[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, delivery.File{Path: name, Size: int64(n), Type: "text/plain", Digest: name})
	}
	server := httptest.NewServer(proxy.NewFiles(delivery.Site{Files: files}, "/", "", func(d string) string { return filepath.Join(dir, d) }))
	t.Cleanup(server.Close)
	for _, n := range sizes {
		for _, c := range []struct {
			method, header, value string
			status                int
			want                  []byte
		}{
			{"GET", "", "", 200, content[:n]},
			{"HEAD", "", "", 200, nil},
			{"GET", "If-None-Match", `"` + strconv.Itoa(n) + `"`, 304, nil},
			{"GET", "Range", "bytes=10-19", 206, content[10:20]},
		} {
			if c.status == 206 && n < 20 {
				continue
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+"/"+strconv.Itoa(n), nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.header != "" {
				req.Header.Set(c.header, c.value)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(res.Body)
			_ = res.Body.Close() // it was read
			if err != nil || res.StatusCode != c.status || !bytes.Equal(got, c.want) {
				t.Errorf("%s %s of %d bytes: %d, %d bytes, %v", c.method, c.header, n, res.StatusCode, len(got), err)
			}
			if c.status == 200 && res.ContentLength != int64(n) {
				t.Errorf("%s of %d bytes: the length is %d", c.method, n, res.ContentLength)
			}
		}
	}
}
