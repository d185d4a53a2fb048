package proxy_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local/proxy"
)

// BenchmarkProxy measures one request after the other over a connection: what the
// proxy takes of the processor and the heap. make bench compares it with nginx.
func BenchmarkProxy(b *testing.B) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 100))
	}))
	defer backend.Close()
	process := proxy.NewBackend("/", false, slog.New(slog.DiscardHandler))
	process.Point(backend.Listener.Addr().(*net.TCPAddr).Port)
	blob := filepath.Join(b.TempDir(), "blob")
	if err := os.WriteFile(blob, make([]byte, 2000), 0o600); err != nil {
		b.Fatal(err)
	}
	files := proxy.NewFiles(delivery.Site{Files: []delivery.File{{Path: "page.html", Size: 2000, Type: "text/html"}}}, "/files", "", func(string) string { return blob })
	p := proxy.New("dev")
	p.Switch(proxy.NewTable([]*proxy.Release{
		{Component: "api", Version: "1", Prefix: "/", Serve: process}, {Component: "web", Version: "1", Prefix: "/files", Serve: files, Files: files},
	}, map[string]string{"api": "1", "web": "1"}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := proxy.NewServer(p, slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	for _, path := range []string{"/api", "/files/page.html"} {
		b.Run(strings.Trim(path, "/"), func(b *testing.B) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			request, answer := []byte(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: a\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n", path)), make([]byte, 16<<10)
			b.ReportAllocs()
			for range b.N {
				if _, err := c.Write(request); err != nil {
					b.Fatal(err)
				}
				for got, want := 0, -1; want < 0 || got < want; {
					n, err := c.Read(answer[got:])
					if err != nil {
						b.Fatal(err)
					}
					got += n
					if end := strings.Index(string(answer[:got]), "\r\n\r\n"); want < 0 && end > 0 {
						want = end + 4 + map[bool]int{true: 100, false: 2000}[path == "/api"]
					}
				}
			}
		})
	}
}
