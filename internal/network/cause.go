// Package network says why a request reached no server, and tells the user of a
// request that is sent again.
package network

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"

	"falkirk/internal/fault"
)

// Failure is a request that reached no server, or whose connection broke.
type Failure struct {
	Text    string // "sts.eu-central-1.amazonaws.com refuses the connection"
	Hint    string // the next step
	Kind    fault.Kind
	Lasting bool // sending again does not help
	err     error
}

// Error is the text. The message of the library below is longer and says less.
func (f *Failure) Error() string { return f.Text }

// Unwrap gives the error of the library.
func (f *Failure) Unwrap() error { return f.err }

// Of finds the cause in an error of an HTTP client; nil where it has another one.
func Of(err error) *Failure {
	var known *Failure
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return nil
	case errors.As(err, &known):
		return known
	}
	host := hostIn(err)
	for _, cause := range []func(string, error) *Failure{proxy, name, certificate, connection} {
		if f := cause(host, err); f != nil {
			f.err = err
			return f
		}
	}
	return nil
}

// At is the failure of a request to a server that is not AWS, with a next step for
// it: the setting is where its address is from, authority where the certificate of
// its CA goes.
func (f *Failure) At(setting, authority string) *Failure {
	own := *f
	own.Hint = strings.NewReplacer(addressOfAWS, setting, authorities, authority).Replace(f.Hint)
	return &own
}

// Err is the error for a failure, with its kind and hint.
func (f *Failure) Err() error { return fault.Hint(fault.New(f.Kind, "%w", f), "%s", f.Hint) }

// Explain is err with the text, kind and hint of its cause; other errors stay.
func Explain(err error) error {
	f := Of(err)
	if f == nil {
		return err
	}
	return f.Err()
}

// hostIn is the host and port that the request was for.
func hostIn(err error) string {
	var request *url.Error
	if errors.As(err, &request) {
		if u, err := url.Parse(request.URL); err == nil && u.Host != "" {
			return u.Host
		}
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return "the server"
}

func name(_ string, err error) *Failure {
	var dns *net.DNSError
	var empty *net.AddrError
	if errors.As(err, &empty) { // the name has no address
		dns = &net.DNSError{Name: empty.Addr, IsNotFound: true}
	} else if !errors.As(err, &dns) {
		return nil
	}
	why := "the name cannot be resolved (DNS)"
	if dns.IsNotFound {
		why = "the name does not exist (DNS)"
	}
	return &Failure{
		Text: "cannot resolve " + dns.Name + ": " + why, Kind: fault.Unavailable,
		Hint: "check the network or the VPN, and the name: nslookup " + dns.Name,
	}
}

// What the hints say for AWS and registries; see At.
const (
	addressOfAWS = "endpoint in the app file, AWS_ENDPOINT_URL"
	authorities  = "AWS_CA_BUNDLE (for AWS) or SSL_CERT_FILE (for registries)"
)

const ownAuthority = "if a proxy or a registry has a certificate of its own, name the file of its CA in " + authorities

const tlsVersion = "check the address: the server, or the proxy in between, must support TLS 1.2 or 1.3"

func certificate(host string, err error) *Failure {
	var unknown x509.UnknownAuthorityError
	var other x509.HostnameError
	var invalid x509.CertificateInvalidError
	var op *net.OpError
	var record tls.RecordHeaderError
	f := &Failure{Kind: fault.Invalid, Lasting: true, Hint: ownAuthority}
	switch {
	case errors.As(err, &unknown):
		f.Text = "TLS: the certificate of " + host + " is signed by an unknown authority"
	case errors.As(err, &other):
		f.Text = "TLS: the certificate of " + host + " is for another name: " + other.Error()
		f.Hint = "check the address, and the proxy in between"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.Text = "TLS: the certificate of " + host + " has expired or is not valid yet: " + invalid.Detail
		f.Hint = "check the clock of this machine (date -u); if it is right, the server needs a new certificate"
	case errors.As(err, &invalid):
		f.Text = "TLS: the certificate of " + host + " is not valid: " + invalid.Error()
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		f.Text = "TLS: " + host + " answers without TLS: " + http.ErrSchemeMismatch.Error()
		f.Hint = "write http:// before an address without TLS on this machine, or check the port"
	case errors.As(err, &op) && op.Op == "remote error": // an alert; its type is not exported
		f.Text = "TLS: " + host + " refuses the connection: " + strings.TrimPrefix(op.Err.Error(), "tls: ")
		f.Hint = tlsVersion
	case strings.Contains(err.Error(), "tls: server selected unsupported protocol version"):
		f.Text = "TLS: " + host + " has a TLS version that is too old"
		f.Hint = tlsVersion
	default:
		return nil
	}
	return f
}

const checkAddress = "check the address and the port (" + addressOfAWS + "), the firewall and HTTPS_PROXY"

// noPackets is the begin of a hint.
const noPackets = "check the network, the VPN and the firewall: packets to "

func connection(host string, err error) *Failure {
	f := &Failure{Kind: fault.Unavailable, Hint: checkAddress}
	var timeout net.Error
	var stalled *Stalled
	switch {
	case errors.As(err, &stalled):
		f.Text = stalled.text
		f.Hint = cmp.Or(stalled.hint, "repeat the command; check the network, and the proxy or the VPN in between")
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Text = host + " refuses the connection"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.Text = "there is no route to " + host
		f.Hint = "check the network, the VPN and the firewall"
	case isDial(err) && errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, os.ErrDeadlineExceeded):
		f.Text = host + " does not answer: timeout"
		f.Hint = noPackets + host + " get no answer"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), isRequest(err) && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		f.Text = host + " closes the connection without an answer"
	case isRequest(err) && strings.Contains(err.Error(), "malformed HTTP"):
		f.Text, f.Kind, f.Lasting = host+" does not answer in HTTP", fault.Invalid, true
		if !strings.Contains(err.Error(), "transport connection broken") { // that is after a connection is made
			f.Text, f.Hint = "the proxy for "+host+" does not answer in HTTP", checkProxy
		}
	case isRequest(err) && errors.As(err, &timeout) && timeout.Timeout():
		f.Text = host + " does not answer: timeout"
	default:
		return nil
	}
	return f
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// isRequest reports whether the error is of a client, and not of a body.
func isRequest(err error) bool {
	var request *url.Error
	return errors.As(err, &request)
}

// proxyStatus is a proxy that does not open the connection.
type proxyStatus struct {
	proxy  string
	status string // "407 Proxy Authentication Required"
	code   int
}

func (p *proxyStatus) Error() string { return "proxy " + p.proxy + " answers " + p.status }

// NoteProxy lets the errors of a transport name the proxy that refused to connect.
func NoteProxy(t *http.Transport) {
	t.OnProxyConnectResponse = func(_ context.Context, at *url.URL, _ *http.Request, res *http.Response) error {
		if res.StatusCode == http.StatusOK {
			return nil
		}
		return &proxyStatus{proxy: at.Host, status: strings.TrimSpace(res.Status), code: res.StatusCode}
	}
}

const checkProxy = "check HTTPS_PROXY; NO_PROXY names the hosts that need no proxy"

func proxy(host string, err error) *Failure {
	var answer *proxyStatus
	var op *net.OpError
	var wrong *proxyAddress
	switch {
	case errors.As(err, &answer) && answer.code == http.StatusProxyAuthRequired:
		return &Failure{
			Text: "proxy " + answer.proxy + " wants a login before it connects to " + host + " (" + answer.status + ")", Kind: fault.Refused, Lasting: true,
			Hint: "write the user and the password into HTTPS_PROXY: http://USER:PASSWORD@" + answer.proxy,
		}
	case errors.As(err, &answer):
		return &Failure{
			Text: "proxy " + answer.proxy + " does not connect to " + host + ": it answers " + answer.status, Hint: checkProxy,
			Kind: fault.Unavailable, Lasting: answer.code < http.StatusInternalServerError,
		}
	case errors.As(err, &op) && op.Op == "proxyconnect":
		text, inner := op.Err.Error(), name("", op.Err)
		if inner == nil {
			inner = certificate("the proxy", op.Err)
		}
		if inner == nil {
			inner = connection(proxyIn(op.Err), op.Err)
		}
		if inner != nil {
			text = inner.Text
		}
		return &Failure{Text: "the proxy for " + host + " cannot be reached: " + text, Hint: checkProxy, Kind: fault.Unavailable}
	case errors.As(err, &wrong):
		return &Failure{Text: wrong.Error(), Hint: wrong.hint(), Kind: fault.Invalid, Lasting: true}
	}
	return nil
}

func proxyIn(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Addr != nil {
		return op.Addr.String()
	}
	return "it"
}
