package stacks

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"testing"

	"falkirk/test/emulators"
)

// emulator is ministack behind a front that completes an answer: ministack deletes
// a change set, and leaves out the result that the API has and that the SDK reads.
func emulator(t *testing.T) *emulators.Server {
	t.Helper()
	server := emulators.Ministack(t, account)
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(res *http.Response) error {
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return err
		}
		if bytes.Contains(body, []byte("<DeleteChangeSetResponse")) && !bytes.Contains(body, []byte("DeleteChangeSetResult")) {
			body = bytes.Replace(body, []byte("</DeleteChangeSetResponse>"), []byte("<DeleteChangeSetResult/></DeleteChangeSetResponse>"), 1)
		}
		res.Header.Set("Content-Length", strconv.Itoa(len(body)))
		res.ContentLength, res.Body = int64(len(body)), io.NopCloser(bytes.NewReader(body))
		return nil
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return server.At(front.URL)
}
