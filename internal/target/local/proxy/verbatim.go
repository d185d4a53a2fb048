package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// target makes the address of a request what the client wrote, byte for byte. The
// standard library drops parts of a query that it cannot parse, and escapes paths
// in its own way.
func target(out *url.URL, in *http.Request, prefix string, strip bool) {
	out.RawQuery, out.ForceQuery = in.URL.RawQuery, in.URL.ForceQuery
	cuts := strip && prefix != "/"
	if cuts {
		cut(out, prefix)
	}
	path, _, _ := strings.Cut(in.RequestURI, "?")
	if cuts {
		path = "/" + strings.TrimPrefix(without(path, prefix), "/")
	}
	// An opaque address is sent as it is. Two slashes in front would make it the
	// name of a host: there the standard library escapes what should be escaped.
	if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		out.Opaque = path
	}
}

// without takes a prefix off a path; bytes of the prefix may be escaped in the path.
func without(path, prefix string) string {
	for range len(prefix) {
		n := 1
		if len(path) > 2 && path[0] == '%' && isHex(path[1]) && isHex(path[2]) {
			n = 3
		}
		path = path[min(n, len(path)):]
	}
	return path
}

func cut(u *url.URL, prefix string) {
	u.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(u.Path, prefix), "/")
	if u.RawPath != "" {
		u.RawPath = "/" + strings.TrimPrefix(strings.TrimPrefix(u.RawPath, prefix), "/")
	}
}

// trailers passes on the trailers of a request, which are known at the end of its body.
// Those that the header does not announce are only in a body without a length.
func trailers(out, in *http.Request) {
	if out.Body == nil || len(in.Trailer) == 0 && in.ContentLength >= 0 {
		return
	}
	if out.Trailer == nil {
		out.Trailer = http.Header{}
	}
	out.Body = &ending{ReadCloser: out.Body, end: func() {
		for name, values := range in.Trailer {
			out.Trailer[name] = values
		}
	}}
}

// ending is a body that tells of its end.
type ending struct {
	io.ReadCloser
	end func()
}

// Read reads.
func (e *ending) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err == io.EOF { //nolint:errorlint // as io.Reader says
		e.end()
	}
	return n, err
}

// verbatim is an answer to which the server adds nothing that the process did not
// send, but the name of the release.
type verbatim struct {
	http.ResponseWriter
	release string
	begun   bool // the header was written
	empty   bool // no body follows
}

type answerKey struct{}

// WriteHeader writes the status. A header that is there and has no value stops the
// server from making one of its own. After an answer 1xx all headers are new.
func (v *verbatim) WriteHeader(status int) {
	if status >= http.StatusOK {
		v.begun = true
		h := v.Header()
		for _, name := range []string{"Content-Type", "Date"} {
			if _, ok := h[name]; !ok {
				h[name] = nil
			}
		}
		if v.release != "" {
			h.Set(Header, v.release)
		}
	}
	v.ResponseWriter.WriteHeader(status)
}

// FlushError sends what is there. The header of an answer without a body goes out with
// its end: over HTTP/2 it says that there is no body.
func (v *verbatim) FlushError() error {
	if v.empty {
		return nil
	}
	return http.NewResponseController(v.ResponseWriter).Flush()
}

// cut sends what is there of an answer that breaks off: the proxy gives up by panic.
func (v *verbatim) cut() {
	broken := recover()
	if broken == nil {
		return
	}
	if v.begun {
		_ = http.NewResponseController(v.ResponseWriter).Flush() // the answer is broken anyway
	}
	panic(broken)
}

// Hijack gives the connection for an upgrade. What the client sent along with the
// request comes first.
func (v *verbatim) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffer, err := http.NewResponseController(v.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, err := buffer.Reader.Peek(buffer.Reader.Buffered())
	if err != nil {
		_ = c.Close() // the error is told
		return nil, nil, err
	}
	return upgraded{c, io.MultiReader(bytes.NewReader(early), c)}, buffer, nil
}

// upgraded is a connection of which a part was read before.
type upgraded struct {
	net.Conn
	from io.Reader
}

// Read reads.
func (u upgraded) Read(p []byte) (int, error) { return u.from.Read(p) }

// CloseWrite ends what is sent.
func (u upgraded) CloseWrite() error {
	if c, ok := u.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// Unwrap lets http.ResponseController find what the writer below can do.
func (v *verbatim) Unwrap() http.ResponseWriter { return v.ResponseWriter }
