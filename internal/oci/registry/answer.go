package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// Answer is a registry's refusal, with the codes of the distribution
// specification where it gave any.
type Answer struct {
	Status int
	Codes  []string // "MANIFEST_UNKNOWN"
	Text   string   // of its messages
	Page   bool     // a web page: not the registry has answered
}

// Error is what the registry said.
func (a *Answer) Error() string {
	s := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	if len(a.Codes) > 0 {
		s += " (" + strings.Join(a.Codes, ", ") + ")"
	}
	if a.Text != "" {
		s += ": " + a.Text
	}
	return s
}

// What is kept of an error body: more is no message.
const (
	mostErrors = 10
	mostText   = 1000
)

func newAnswer(res *http.Response, raw []byte) *Answer {
	a := &Answer{Status: res.StatusCode, Page: isPage(res)}
	var body struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(raw, &body) != nil {
		return a // a page of a proxy in between
	}
	var texts []string
	for _, e := range body.Errors[:min(len(body.Errors), mostErrors)] {
		a.Codes = append(a.Codes, e.Code)
		if e.Message != "" && !slices.Contains(texts, e.Message) {
			texts = append(texts, e.Message)
		}
	}
	a.Text = strings.Join(texts, "; ")
	if len(a.Text) > mostText {
		a.Text = strings.ToValidUTF8(a.Text[:mostText], "") + "…"
	}
	return a
}

func isPage(res *http.Response) bool {
	return strings.HasPrefix(res.Header.Get("Content-Type"), "text/html")
}

const noPage = "open the address of the registry in a browser: a proxy, a firewall or the login of a network may answer; check the address"

// classify gives an answer its kind.
func classify(a *Answer) error {
	err := fault.New(kindOf(a.Status), "%w", a)
	switch {
	case a.Page && (a.Status == http.StatusForbidden || a.Status >= http.StatusInternalServerError):
		return fault.Hint(fault.New(kindOf(a.Status), "a web page, and not a registry, answers: %w", a), noPage)
	case fault.Is(err, fault.Refused):
		return fault.Hint(err, "log in with docker login, or allow the role to use the repository")
	case a.Status == http.StatusProxyAuthRequired:
		return fault.Hint(fault.New(fault.Refused, "a proxy wants a login: %w", a), "write the user and the password into HTTP_PROXY or HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT")
	case a.Status == http.StatusTooManyRequests:
		return fault.Hint(fault.New(fault.Unavailable, "the registry limits the rate of requests: %w", a), "wait some minutes and repeat the command; a login (docker login) has a higher limit")
	case a.Status >= http.StatusInternalServerError:
		return fault.Hint(err, "the registry, or a proxy before it, does not work now: repeat the command later")
	}
	return err
}

func kindOf(status int) fault.Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.Refused
	case status == http.StatusNotFound:
		return fault.NotFound
	case status == http.StatusConflict:
		return fault.Conflict
	case transient(status):
		return fault.Unavailable
	}
	return fault.Internal
}

func transient(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout ||
		status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported
}

// has reports whether an answer in err has one of the codes.
func has(err error, codes ...string) bool {
	var a *Answer
	return errors.As(err, &a) && slices.ContainsFunc(a.Codes, func(c string) bool { return slices.Contains(codes, c) })
}

// CannotDelete reports whether err says that the registry deletes no such thing.
// Registries say so in many ways; distribution 2.8 calls a tag an invalid digest.
func CannotDelete(err error) bool {
	var a *Answer
	if !errors.As(err, &a) {
		return false
	}
	return a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented || a.Status == http.StatusBadRequest ||
		has(err, "UNSUPPORTED")
}

// IsImmutable reports whether err says that a tag may not be moved.
func IsImmutable(err error) bool {
	var a *Answer
	if !errors.As(err, &a) || a.Status < 400 || a.Status >= 500 {
		return false
	}
	text := strings.ToLower(a.Text + " " + strings.Join(a.Codes, " "))
	return a.Status == http.StatusConflict || strings.Contains(text, "immutable") ||
		strings.Contains(text, "already exist") || strings.Contains(text, "overwr")
}

// LacksBlob reports whether err says that a manifest refers to what is not there.
func LacksBlob(err error) bool {
	return has(err, "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "LAYERS_NOT_FOUND")
}
