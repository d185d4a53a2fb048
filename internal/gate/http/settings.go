// Package httpgate is the gate that asks an HTTP endpoint. It sends requests
// and judges the answers; it renders no page and runs no script.
package httpgate

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Settings is the block of an http gate.
type Settings struct {
	URL       string             `json:"url,omitempty" yaml:"url,omitempty" jsonschema:"description=the address to ask; give this or path and component"`
	Path      string             `json:"path,omitempty" yaml:"path,omitempty" jsonschema:"description=the path to ask for at the component: before promote at the candidate and after it at the live release"`
	Component string             `json:"component,omitempty" yaml:"component,omitempty" jsonschema:"description=the component that path belongs to"`
	Method    string             `json:"method,omitempty" yaml:"method,omitempty" jsonschema:"enum=GET,enum=HEAD,enum=POST,default=GET,description=the method of the request"`
	Headers   map[string]string  `json:"headers,omitempty" yaml:"headers,omitempty" jsonschema:"description=headers to send"`
	Body      string             `json:"body,omitempty" yaml:"body,omitempty" jsonschema:"description=what a POST sends"`
	Status    []int              `json:"status,omitempty" yaml:"status,omitempty" jsonschema:"description=the status codes that are right; any from 200 to 299 if not given"`
	Match     string             `json:"match,omitempty" yaml:"match,omitempty" jsonschema:"description=a regular expression (RE2) that the first MiB of the body must match"`
	Latency   delivery.Duration  `json:"latency,omitempty" yaml:"latency,omitempty" jsonschema:"type=string,description=how long an answer with its body may take to be right"`
	Retries   *int               `json:"retries,omitempty" yaml:"retries,omitempty" jsonschema:"minimum=0,default=3,description=how many wrong answers are borne before the gate is closed"`
	Every     *delivery.Duration `json:"every,omitempty" yaml:"every,omitempty" jsonschema:"type=string,default=1s,description=the wait between two requests"`
	Timeout   delivery.Duration  `json:"timeout,omitempty" yaml:"timeout,omitempty" jsonschema:"type=string,default=10s,description=how long to wait for one answer"`
	Times     int                `json:"times,omitempty" yaml:"times,omitempty" jsonschema:"minimum=1,default=1,description=how many right answers in a row open the gate"`
	Follow    bool               `json:"follow,omitempty" yaml:"follow,omitempty" jsonschema:"description=follow redirects instead of judging them; the headers and the body are not sent to another scheme or host or port"`
}

const (
	defaultRetries = 3
	defaultEvery   = time.Second
	defaultTimeout = 10 * time.Second
)

// Check lists everything wrong with the settings.
func (s Settings) Check() []fault.Problem {
	all := append(s.checkAddress(), s.checkRequest()...)
	return append(all, s.checkAnswer()...)
}

func problem(want, path, format string, args ...any) fault.Problem {
	return fault.Problem{Path: strings.Split(path, "/"), Text: fmt.Sprintf(format, args...), Want: want}
}

func (s Settings) checkAddress() []fault.Problem {
	var all []fault.Problem
	switch {
	case s.URL == "" && s.Path == "":
		return []fault.Problem{{Text: "there is no address", Want: "url, or path and component"}}
	case s.URL != "" && (s.Path != "" || s.Component != ""):
		return []fault.Problem{problem("one of the two", "url", "url stands beside path or component")}
	case s.URL != "":
		if u, err := url.Parse(s.URL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			// The text is not repeated: it may hold a secret.
			all = append(all, problem("an address such as https://example.com/health", "url", "this is not the address of a web page"))
		}
		return all
	}
	if u, err := url.Parse(s.Path); err != nil || !strings.HasPrefix(s.Path, "/") || u.Host != "" {
		all = append(all, problem("a path such as /health", "path", "%q is not a path", s.Path))
	}
	if s.Component == "" {
		all = append(all, problem("component", "path", "a path needs the component that it belongs to"))
	}
	return all
}

// headerName is a token of RFC 9110.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (s Settings) checkRequest() []fault.Problem {
	var all []fault.Problem
	switch s.method() {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		all = append(all, problem("GET, HEAD or POST", "method", "%q is not a method of this gate", s.Method))
	}
	if s.Body != "" && s.method() != http.MethodPost {
		all = append(all, problem("method: POST", "body", "%s sends no body", s.method()))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		path := []string{"headers", name}
		if !headerName.MatchString(name) {
			all = append(all, fault.Problem{Path: path, Text: fmt.Sprintf("%q is not the name of a header", name)})
		}
		if strings.ContainsFunc(s.Headers[name], func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			all = append(all, fault.Problem{Path: path, Text: "the value has a character that no header may have"})
		}
	}
	return all
}

func (s Settings) checkAnswer() []fault.Problem {
	var all []fault.Problem
	for i, code := range s.Status {
		if code < 100 || code > 599 {
			all = append(all, problem("a number from 100 to 599", fmt.Sprintf("status/%d", i), "%d is not a status code", code))
		}
	}
	if _, err := regexp.Compile(s.Match); err != nil {
		all = append(all, problem("a regular expression (RE2)", "match", "%s", err))
	}
	if s.Match != "" && s.method() == http.MethodHead {
		all = append(all, problem("method: GET", "match", "HEAD gets no body to match"))
	}
	for path, d := range map[string]delivery.Duration{"latency": s.Latency, "timeout": s.Timeout, "every": s.every()} {
		if d < 0 {
			all = append(all, problem(`a duration such as "10s"`, path, "%s is negative", path))
		}
	}
	if s.retries() < 0 {
		all = append(all, problem("0 or more", "retries", "%d is negative", s.retries()))
	}
	if s.Times < 0 {
		all = append(all, problem("1 or more", "times", "%d is negative", s.Times))
	}
	return all
}

func (s Settings) method() string {
	if s.Method == "" {
		return http.MethodGet
	}
	return s.Method
}

func (s Settings) retries() int {
	if s.Retries == nil {
		return defaultRetries
	}
	return *s.Retries
}

func (s Settings) every() delivery.Duration {
	if s.Every == nil {
		return delivery.Duration(defaultEvery)
	}
	return *s.Every
}

func (s Settings) timeout() time.Duration {
	if s.Timeout == 0 {
		return defaultTimeout
	}
	return s.Timeout.Std()
}

// expected says for people which status codes are right.
func (s Settings) expected() string {
	if len(s.Status) == 0 {
		return "200 to 299"
	}
	codes := make([]string, len(s.Status))
	for i, c := range s.Status {
		codes[i] = fmt.Sprint(c)
	}
	return strings.Join(codes, " or ")
}

func (s Settings) isRight(code int) bool {
	if len(s.Status) == 0 {
		return code >= 200 && code <= 299
	}
	return slices.Contains(s.Status, code)
}
