package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// networkApp is an app whose store and account are in AWS.
const networkApp = `app: shop
store: s3://shop-builds/shop
storeAccount: prd
accounts:
  prd: {id: "111111111111", role: "arn:aws:iam::111111111111:role/falkirk", region: eu-central-1}
components:
  web: {site: {path: web}, target: {local: {}}}
environments: [{name: dev}]
`

// stub is `stub KIND [CODE [MESSAGE]]`: a server that answers as AWS, or the
// network, does when something is wrong. $STUB is its URL, $HOST
// its host and port.
//
//	code     each request is answered with an error of AWS
//	skewed   likewise, and the clock of the server is two hours ahead
//	refused  nobody listens
//	tls      the certificate is signed by an unknown authority
//	plain    there is no TLS where TLS is expected
//	silent   connections are accepted and nothing is answered, with TLS
//	mute     the same without TLS
//	proxy    a proxy that answers CONNECT with the status CODE
//	page     a web page with the status CODE
//	drip     the header of the answer never ends
//	garbage  the answer is not HTTP
//	old      TLS 1.1
func stub(ts *testscript.TestScript, _ bool, args []string) {
	args = append(args, "", "")
	address := ""
	switch args[0] {
	case "drip", "garbage":
		address = raw(ts, args[0])
	case "refused", "silent", "mute":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		address = "http://" + l.Addr().String()
		if args[0] == "refused" {
			ts.Check(l.Close())
		} else {
			if args[0] == "silent" {
				address = strings.Replace(address, "http:", "https:", 1)
			}
			ts.Defer(func() { _ = l.Close() })
		}
	case "tls", "old":
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		if args[0] == "old" {
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // that is what is tested
		}
		s.Config.ErrorLog = log.New(io.Discard, "", 0) // it tells of each client that hangs up
		s.StartTLS()
		ts.Defer(s.Close)
		address = s.URL
	default:
		s := httptest.NewServer(wrong(args[0], args[1], args[2]))
		ts.Defer(s.Close)
		address = s.URL
		if args[0] == "plain" {
			address = strings.Replace(address, "http:", "https:", 1)
		}
	}
	ts.Setenv("STUB", address)
	_, host, _ := strings.Cut(address, "://")
	ts.Setenv("HOST", host)
}

// raw is a server that answers no HTTP, or never ends the header of its answer.
func raw(ts *testscript.TestScript, kind string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	end := make(chan struct{})
	ts.Defer(func() {
		close(end)
		_ = l.Close()
	})
	serve := func(c net.Conn) {
		defer func() { _ = c.Close() }()
		_, err := c.Read(make([]byte, 4096))
		if kind == "garbage" {
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH\r\n")
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-Drip: ")
		for err == nil {
			select {
			case <-end:
				return
			case <-time.After(200 * time.Millisecond):
				_, err = io.WriteString(c, "x")
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return "http://" + l.Addr().String()
}

// wrong answers as AWS does, or as a proxy.
func wrong(kind, code, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if kind == "proxy" || kind == "page" {
			status, err := strconv.Atoi(code)
			if err != nil {
				status = http.StatusBadGateway
			}
			if kind == "page" {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Location", "/login")
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>Please log in</html>")
			return
		}
		if kind == "skewed" {
			w.Header().Set("Date", time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat))
		}
		w.Header().Set("Content-Type", "text/xml")
		status := http.StatusForbidden
		if code == "Throttling" {
			status = http.StatusBadRequest
		}
		if code == "InternalFailure" {
			status = http.StatusInternalServerError
		}
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r</RequestId></ErrorResponse>", code, message)
	})
}

// within is `within CODE ARGS...`: as falkirk, and it ends within five seconds.
func within(ts *testscript.TestScript, neg bool, falkirk string, args []string) {
	begun := time.Now()
	run(ts, neg, falkirk, args)
	took := time.Since(begun)
	ts.Logf("it took %s", took.Round(time.Millisecond))
	if took > 5*time.Second {
		ts.Fatalf("it took %s", took)
	}
	if strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), "never-shown") {
		ts.Fatalf("the secret key is shown")
	}
}

// told is `told PATTERN ARGS...`: within five seconds a line of the pattern says
// what is tried again and until when, and an interrupt ends the command within ten.
func told(ts *testscript.TestScript, falkirk string, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: told PATTERN ARGS...")
	}
	begun := time.Now()
	pattern := regexp.MustCompile(`(?m)` + args[0] + `.* until \d\d:\d\d:\d\d, Ctrl-C stops`)
	tellsAndEnds(ts, falkirk, args[1:], pattern, func() time.Time { return begun })
}

// kept is `kept CODE SECONDS ARGS...`: as falkirk; a line says until when, at most so
// many seconds after the begin, and the command ends then.
func kept(ts *testscript.TestScript, neg bool, falkirk string, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: kept CODE SECONDS ARGS...")
	}
	seconds, err := strconv.Atoi(args[1])
	ts.Check(err)
	run(ts, neg, falkirk, append([]string{args[0]}, args[2:]...))
	ended, latest := time.Now(), time.Time{}
	for _, m := range regexp.MustCompile(`until (\d\d:\d\d:\d\d),`).FindAllStringSubmatch(ts.ReadFile("stderr"), -1) {
		at, err := time.ParseInLocation(time.TimeOnly, m[1], time.Local)
		ts.Check(err)
		y, mo, d := ended.Date()
		at = time.Date(y, mo, d, at.Hour(), at.Minute(), at.Second(), 0, time.Local)
		if ended.Sub(at) > 12*time.Hour { // midnight
			at = at.AddDate(0, 0, 1)
		}
		if at.After(latest) {
			latest = at
		}
	}
	if latest.IsZero() || ended.Sub(latest) > 3*time.Second || latest.Sub(ended) > time.Duration(seconds)*time.Second {
		ts.Fatalf("the line says until %s, and the command ended at %s", latest.Format(time.TimeOnly), ended.Format(time.TimeOnly))
	}
}

// tellsAndEnds runs a command whose output must have the pattern within five
// seconds of the time given, and that must end within ten of an interrupt.
func tellsAndEnds(ts *testscript.TestScript, falkirk string, args []string, pattern *regexp.Regexp, begun func() time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out := &seen{pattern: pattern, found: make(chan struct{})}
	cmd := exec.CommandContext(ctx, falkirk, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), out, out
	for _, name := range []string{"HOME", "PATH", "FALKIRK_ACTOR", "AWS_REGION", "AWS_EC2_METADATA_DISABLED", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ROLE_ARN", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE", "HTTPS_PROXY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(cmd.Start())
	select {
	case <-out.found:
	case <-time.After(40 * time.Second):
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		ts.Fatalf("no line %s: %s", pattern, out.text())
	}
	took := time.Since(begun())
	ts.Logf("it was told after %s: %s", took.Round(time.Millisecond), out.text())
	ts.Check(cmd.Process.Signal(syscall.SIGINT))
	interrupted := time.Now()
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		ts.Fatalf("after an interrupt: %v", err)
	}
	ended := time.Since(interrupted)
	ts.Logf("it ended %s after the interrupt: %s", ended.Round(time.Millisecond), out.text())
	if took > 5*time.Second || ended > 10*time.Second {
		ts.Fatalf("the line came after %s, the end %s after the interrupt", took, ended)
	}
	if exit.ExitCode() != 130 {
		ts.Fatalf("exit code %d after an interrupt: %s", exit.ExitCode(), out.text())
	}
}

// outage is `outage ACTION ARGS...`: CloudFormation answers 500 from the first
// request for that action on, or, with +ACTION, after it. Within five seconds that
// is on the screen, with until when it is asked, and an interrupt ends the command
// within ten.
func outage(ts *testscript.TestScript, falkirk string, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: outage ACTION ARGS...")
	}
	since, end := breaks(ts, args[0])
	defer end()
	pattern := regexp.MustCompile(`(?m)CloudFormation.*( until \d\d:\d\d:\d\d, Ctrl-C stops|is asked again until \d\d:\d\d:\d\d UTC)`)
	tellsAndEnds(ts, falkirk, args[1:], pattern, func() time.Time {
		if at := since.Load(); at != nil {
			return *at
		}
		return time.Time{}
	})
}

// outlast is `outlast ACTION SECONDS CODE ARGS...`: as outage, and nobody interrupts
// the command: it ends with the code, at most so many seconds after the outage began.
func outlast(ts *testscript.TestScript, falkirk string, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: outlast ACTION SECONDS CODE ARGS...")
	}
	seconds, err := strconv.Atoi(args[1])
	ts.Check(err)
	since, end := breaks(ts, args[0])
	defer end()
	run(ts, false, falkirk, args[2:])
	at := since.Load()
	if at == nil {
		ts.Fatalf("nothing asked for %s", args[0])
	}
	took := time.Since(*at)
	ts.Logf("it ended %s after the outage began", took.Round(time.Millisecond))
	if took > time.Duration(seconds)*time.Second {
		ts.Fatalf("it ended after %s", took)
	}
}

// breaks puts a proxy before the emulator in which an outage begins with an action,
// and gives since when.
func breaks(ts *testscript.TestScript, action string) (*atomic.Pointer[time.Time], func()) {
	behind, err := url.Parse(ts.Getenv("AWS_ENDPOINT_URL"))
	ts.Check(err)
	action, after := strings.CutPrefix(action, "+")
	since := &atomic.Pointer[time.Time]{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind); r.Out.Host = r.In.Host }}
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		ask, _ := url.ParseQuery(string(body))
		now := time.Now()
		met := ask.Get("Action") == action
		if met && !after {
			since.CompareAndSwap(nil, &now)
		}
		if ask.Get("Version") == "2010-05-15" && since.Load() != nil { // CloudFormation's
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		proxy.ServeHTTP(w, r)
		if met {
			since.CompareAndSwap(nil, &now)
		}
	}))
	ts.Setenv("AWS_ENDPOINT_URL", door.URL)
	return since, func() {
		ts.Setenv("AWS_ENDPOINT_URL", behind.String())
		door.CloseClientConnections()
		door.Close()
	}
}

// seen is what was written, and when a pattern was in it.
type seen struct {
	pattern *regexp.Regexp
	found   chan struct{}

	mu   sync.Mutex
	all  bytes.Buffer
	done bool
}

func (s *seen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Write(p)
	if !s.done && s.pattern.Match(s.all.Bytes()) {
		s.done = true
		close(s.found)
	}
	return len(p), nil
}

func (s *seen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}
