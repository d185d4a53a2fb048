package network

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

// What is taken for the address of a proxy is what Go connects to, and nothing of the
// value is told where it is refused.
func TestWhatIsNoProxyIsRefused(t *testing.T) {
	t.Parallel()
	for value, good := range map[string]bool{
		"http://proxy:3128": true, "proxy:3128": true, "proxy": true, "https://u:p@proxy": true, "socks5://proxy:1080": true, "http://[::1]:3128/": true, "u:p@proxy:3128": true,
		"127.0.0.1:port": false, "http://u:never-shown@proxy:port": false, "http://u:never/shown@proxy": false, "ftp://proxy": false, "http://": false, "http://my proxy": false, "http://proxy:99999": false, ":3128": false,
	} {
		getenv := func(name string) string { return map[string]string{"HTTPS_PROXY": value, "http_proxy": value}[name] }
		wrong := wrongProxies(getenv)
		if good && len(wrong) > 0 || !good && (wrong["https"] != "HTTPS_PROXY" || wrong["http"] != "HTTP_PROXY") {
			t.Errorf("%s: %v", value, wrong)
		}
		if text := (&proxyAddress{wrong["https"], value}).Error(); strings.Contains(text, "never") {
			t.Errorf("%s: %s", value, text)
		}
		at, err := (&httpproxy.Config{HTTPSProxy: value}).ProxyFunc()(&url.URL{Scheme: "https", Host: "example.org"})
		if good && (err != nil || at == nil || !strings.Contains(value, at.Hostname())) {
			t.Errorf("Go reads %s as %v, %v", value, at, err)
		}
	}
}
