package network

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/http/httpproxy"
)

// proxyAddress is a variable that is not the address of a proxy. Its value may have a
// password: it is told only where a blemish is all that is wrong, without the login.
type proxyAddress struct{ variable, value string }

func (p *proxyAddress) Error() string {
	text := p.variable + " is not the address of a proxy"
	why := blemish(p.value)
	switch {
	case p.variable == noProxy:
		return noProxy + " " + why + ": " + strconv.Quote(p.value)
	case why == "":
		return text
	case isProxy(strings.TrimFunc(p.value, unseen)):
		return text + ": it " + why + " (" + strconv.Quote(withoutPassword(p.value)) + ")"
	}
	return text + ": it " + why
}

func (p *proxyAddress) hint() string {
	if p.variable == noProxy {
		return "write " + noProxy + " as a list of hosts with commas between them"
	}
	return "write " + p.variable + " as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, or unset it"
}

const noProxy = "NO_PROXY"

// strict is the choice of a proxy by the variables of the environment that refuses
// what the standard library ignores, or reads as another address.
func strict(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	wrong, except := wrongProxies(os.Getenv), firstOf(os.Getenv, noProxy, "no_proxy")
	if choose == nil || len(wrong) == 0 && isList(except) {
		return choose
	}
	const any = "http://proxy"
	proxied := (&httpproxy.Config{HTTPProxy: any, HTTPSProxy: any, NoProxy: except}).ProxyFunc()
	return func(req *http.Request) (*url.URL, error) {
		variable := wrong[req.URL.Scheme]
		if at, err := proxied(req.URL); err != nil || at == nil {
			return choose(req)
		}
		if variable != "" {
			return nil, &proxyAddress{variable, firstOf(os.Getenv, variable, strings.ToLower(variable))}
		}
		at, err := choose(req)
		if at != nil && !isList(except) {
			return nil, &proxyAddress{noProxy, except}
		}
		return at, err
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

// isList reports whether a list of hosts has no control character. Go ignores blanks
// and line ends around each host, and finds nothing under another control character.
func isList(hosts string) bool {
	for host := range strings.SplitSeq(hosts, ",") {
		if strings.ContainsFunc(strings.TrimSpace(host), unicode.IsControl) {
			return false
		}
	}
	return true
}
