package proxy

import (
	"io"
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
	if rest, ok := strings.CutPrefix(path, prefix); cuts && ok {
		path = "/" + strings.TrimPrefix(rest, "/")
	} else if cuts {
		return // the prefix is escaped
	}
	// An opaque address is sent as it is. Two slashes in front would make it the
	// name of a host: there the standard library escapes what should be escaped.
	if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		out.Opaque = path
	}
}

func cut(u *url.URL, prefix string) {
	u.Path = "/" + strings.TrimPrefix(strings.TrimPrefix(u.Path, prefix), "/")
	if u.RawPath != "" {
		u.RawPath = "/" + strings.TrimPrefix(strings.TrimPrefix(u.RawPath, prefix), "/")
	}
}

// trailers passes on the trailers of a request, which are known at the end of its body.
func trailers(out, in *http.Request) {
	if len(in.Trailer) == 0 || out.Body == nil {
		return
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
}

// WriteHeader writes the status. A header that is there and has no value stops the
// server from making one of its own. After an answer 1xx all headers are new.
func (v *verbatim) WriteHeader(status int) {
	if status >= http.StatusOK {
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

// Unwrap lets http.ResponseController find what the writer below can do.
func (v *verbatim) Unwrap() http.ResponseWriter { return v.ResponseWriter }
