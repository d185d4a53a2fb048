package registryproxy

import (
	"net/http"
	"strings"
)

// Request is what a request asks for. Its kind is one of
//
//	ping, catalog, list tags, referrers,
//	get manifest, head manifest, put manifest, delete manifest,
//	get blob, head blob, delete blob,
//	begin upload, mount, write part, end upload, ask upload, stop upload
type Request struct {
	Kind       string
	Repository string
	Reference  string // tag or digest, where the address has one
	Range      string // the header: of what is read, or of what is written
}

// Of reads a request.
func Of(r *http.Request) Request {
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	q, method := Request{Range: r.Header.Get("Range") + r.Header.Get("Content-Range")}, strings.ToLower(r.Method)
	switch path {
	case "", "/v2":
		q.Kind = "ping"
		return q
	case "_catalog":
		q.Kind = "catalog"
		return q
	}
	for _, part := range []string{"/blobs/uploads/", "/manifests/", "/blobs/", "/tags/list", "/referrers/"} {
		i := strings.LastIndex(path, part)
		if i < 0 {
			continue
		}
		q.Repository, q.Reference = path[:i], path[i+len(part):]
		switch part {
		case "/manifests/":
			q.Kind = method + " manifest"
		case "/blobs/":
			q.Kind = method + " blob"
		case "/tags/list":
			q.Kind = "list tags"
		case "/referrers/":
			q.Kind = "referrers"
		default:
			q.upload(r)
		}
		return q
	}
	q.Kind = "other"
	return q
}

func (q *Request) upload(r *http.Request) {
	query := r.URL.Query()
	q.Reference = query.Get("digest")
	switch r.Method {
	case http.MethodPost:
		q.Kind = "begin upload"
		if query.Has("mount") {
			q.Kind, q.Reference = "mount", query.Get("mount")
		}
	case http.MethodPatch:
		q.Kind = "write part"
	case http.MethodPut:
		q.Kind = "end upload"
	case http.MethodGet:
		q.Kind = "ask upload"
	case http.MethodDelete:
		q.Kind = "stop upload"
	}
}

// key tells requests apart: a part of an upload has a new address each time, and
// the parts of a repository are one.
func (q Request) key() string { return q.Kind + " " + q.Repository + " " + q.Reference }
