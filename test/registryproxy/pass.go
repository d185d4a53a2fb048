package registryproxy

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// serve passes a request on, or not.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	q, login := Of(r), p.login(r)
	p.mu.Lock()
	elsewhere := p.rules.Elsewhere
	p.mu.Unlock()
	if elsewhere && q.Kind == "get blob" {
		p.lead(w, r, login)
		return
	}
	p.become(w, r, q, login)
}

// become does what becomes of a request.
func (p *Proxy) become(w http.ResponseWriter, r *http.Request, q Request, login string) {
	p.mu.Lock()
	p.now++
	p.counts.Peak = max(p.counts.Peak, p.now)
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.now--
		p.mu.Unlock()
	}()
	f, rules := p.decide(q, login)
	pause(r, rules.Far)
	switch f {
	case throttled:
		refuse(w, rules, http.StatusTooManyRequests, "TOOMANYREQUESTS")
		return
	case failed:
		refuse(w, rules, http.StatusInternalServerError, "UNKNOWN")
		return
	case reset:
		panic(http.ErrAbortHandler)
	case slow:
		pause(r, rules.Delay)
	case expired:
		login = ""
	case lost:
		_ = p.pass(&nobody{ResponseRecorder: httptest.NewRecorder()}, r, login, rules, fine) // its answer is lost, whatever it was
		panic(http.ErrAbortHandler)
	}
	if err := p.pass(w, r, login, rules, f); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// nobody hears an answer of any length.
type nobody struct{ *httptest.ResponseRecorder }

func (nobody) Write(b []byte) (int, error) { return len(b), nil }

// pass passes a request on and its answer back.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, login string, rules Rules, f fate) error {
	up := &stream{from: r.Body, rate: rules.Rate, end: -1, turn: -1}
	defer func() { p.moved(up.n.Load(), 0) }()
	if f == cut && r.ContentLength != 0 {
		up.end = max(r.ContentLength/2, 1)
		if r.ContentLength < 0 {
			up.end = 32 << 10
		}
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, p.to+r.URL.RequestURI(), up)
	if err != nil {
		return err
	}
	req.Header, req.Host, req.ContentLength = r.Header.Clone(), r.Host, r.ContentLength
	if r.ContentLength == 0 {
		req.Body = http.NoBody
	}
	req.Header.Del("Authorization")
	if login != "" {
		req.Header.Set("Authorization", login)
	}
	res, err := p.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return p.answer(w, res, rules, f)
}

func (p *Proxy) answer(w http.ResponseWriter, res *http.Response, rules Rules, f fate) error {
	for k, v := range res.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(res.StatusCode)
	down := &stream{from: res.Body, rate: rules.Rate, end: -1, turn: -1}
	defer func() { p.moved(0, down.n.Load()) }()
	ok := res.StatusCode == http.StatusOK || res.StatusCode == http.StatusPartialContent
	length := max(res.ContentLength, 2)
	switch {
	case f == wrong && ok:
		down.turn = length / 2
	case f == cut && res.Request.ContentLength == 0 && res.Request.Method != http.MethodHead:
		down.end = length / 2
	}
	_, err := io.Copy(w, down)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		_ = http.NewResponseController(w).Flush() // so that the half arrives
	}
	return err
}

func (p *Proxy) moved(up, down int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Up += up
	p.counts.Down += down
}

// lead answers where a blob is.
func (p *Proxy) lead(w http.ResponseWriter, r *http.Request, login string) {
	p.mu.Lock()
	p.counts.Kinds["redirect"]++
	p.counts.Requests++
	key := strconv.Itoa(len(p.left))
	p.left[key] = login
	far := p.rules.Far
	p.mu.Unlock()
	pause(r, far)
	http.Redirect(w, r, p.elsewhere.URL+r.URL.Path+"?key="+key, http.StatusTemporaryRedirect)
}

// serveElsewhere gives a blob to whoever was led here, and wants no other login,
// as S3 does not.
func (p *Proxy) serveElsewhere(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	login, led := p.left[r.URL.Query().Get("key")]
	p.mu.Unlock()
	if r.Header.Get("Authorization") != "" || !led {
		http.Error(w, "only one way of authentication is allowed", http.StatusBadRequest)
		return
	}
	r.URL.RawQuery, r.Host = "", strings.TrimPrefix(p.to, "http://")
	p.become(w, r, Of(r), login)
}

// stream is a body on its way: counted, no faster than a rate, perhaps changed in
// a byte, perhaps breaking off.
type stream struct {
	from io.ReadCloser
	rate int64
	end  int64        // where it breaks off; below 0 nowhere
	turn int64        // the byte of which a bit is turned; below 0 none
	n    atomic.Int64 // the transport may read on while it is looked at
}

func (s *stream) Read(b []byte) (int, error) {
	done := s.n.Load()
	if s.end >= 0 && done >= s.end {
		return 0, io.ErrUnexpectedEOF
	}
	if s.end >= 0 {
		b = b[:min(int64(len(b)), s.end-done)]
	}
	if s.rate > 0 {
		b = b[:min(int64(len(b)), max(s.rate/50, 1))]
	}
	n, err := s.from.Read(b)
	if at := s.turn - done; s.turn >= 0 && at >= 0 && at < int64(n) {
		b[at] ^= 1
	}
	s.n.Add(int64(n))
	if s.rate > 0 {
		time.Sleep(time.Duration(n) * time.Second / time.Duration(s.rate)) // the slowness itself
	}
	return n, err
}

func (s *stream) Close() error { return s.from.Close() }
