//go:build linux

package local_test

import (
	"io"
	"net/http"
	"testing"

	"falkirk/internal/target/local"
)

// A running place passes a request on as it came, by the protocol that it came by.
func TestAPlaceSpeaksHTTP1AndHTTP2(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	base := w.observe(v1).Endpoint.URL
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP1(proto == "HTTP/1.1")
		transport.Protocols.SetUnencryptedHTTP2(proto == "HTTP/2.0")
		for _, query := range []string{"q=100%", "a=1;b=2", "a=1;b=2&c=3", "q=%E4&x"} {
			res, err := (&http.Client{Transport: transport}).Get(base + "target?" + query) //nolint:noctx // of a test
			if err != nil {
				t.Errorf("%s %s: %v", proto, query, err)
				continue
			}
			got, err := io.ReadAll(res.Body)
			_ = res.Body.Close() // read
			if want := proto + " /target?" + query; err != nil || string(got) != want || res.Header.Get("Falkirk-Release") != "v1" {
				t.Errorf("%q, want %q: %v %v", got, want, err, res.Header)
			}
		}
		transport.CloseIdleConnections()
	}
}
