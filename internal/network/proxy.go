package network

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

// proxyAddress is a variable that is not the address of a proxy. Its value is not
// told: it may have a password.
type proxyAddress struct{ variable string }

func (p *proxyAddress) Error() string { return p.variable + " is not the address of a proxy" }

// strict is the choice of a proxy by the variables of the environment that refuses
// what the standard library ignores, or reads as another address.
func strict(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	wrong := wrongProxies(os.Getenv)
	if choose == nil || len(wrong) == 0 {
		return choose
	}
	const any = "http://proxy"
	proxied := (&httpproxy.Config{HTTPProxy: any, HTTPSProxy: any, NoProxy: firstOf(os.Getenv, "NO_PROXY", "no_proxy")}).ProxyFunc()
	return func(req *http.Request) (*url.URL, error) {
		variable := wrong[req.URL.Scheme]
		if at, err := proxied(req.URL); variable == "" || err != nil || at == nil {
			return choose(req)
		}
		return nil, &proxyAddress{variable}
	}
}

// wrongProxies are the variables whose value is no address, by the scheme that they
// are for.
func wrongProxies(getenv func(string) string) map[string]string {
	all := map[string]string{}
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
		if value := firstOf(getenv, name, strings.ToLower(name)); value != "" && !isProxy(value) {
			all[strings.ToLower(strings.TrimSuffix(name, "_PROXY"))] = name
		}
	}
	return all
}

func firstOf(getenv func(string) string, names ...string) string {
	for _, n := range names {
		if v := getenv(n); v != "" {
			return v
		}
	}
	return ""
}

// isProxy reports whether a value is the address of a proxy that Go can use.
func isProxy(value string) bool {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return false
	}
	port, err := strconv.Atoi(u.Port())
	return u.Port() == "" || err == nil && port > 0 && port < 1<<16
}
