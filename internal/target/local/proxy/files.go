package proxy

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"falkirk/internal/delivery"
)

// Files are the files of one release of a site.
type Files struct {
	Prefix   string
	Fallback string                     // the file for unknown pages; may be empty
	Blob     func(digest string) string // where the content lies
	files    map[string]delivery.File
	written  map[string]string // the path in the site by its normal form, where that is another
}

// NewFiles indexes a site.
func NewFiles(s delivery.Site, prefix, fallback string, blob func(string) string) *Files {
	f := &Files{Prefix: prefix, Fallback: fallback, Blob: blob, files: make(map[string]delivery.File, len(s.Files)), written: map[string]string{}}
	for _, file := range s.Files {
		f.files[file.Path] = file
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if other := form.String(file.Path); other != file.Path {
				f.written[other] = file.Path
			}
		}
	}
	return f
}

// find is the file at a path. A page may write é in another way (Unicode
// normalization) than the name of the file does: macOS writes names in its own way.
func (f *Files) find(file string) (delivery.File, bool) {
	found, ok := f.files[file]
	if !ok {
		found, ok = f.files[f.written[file]]
	}
	return found, ok
}

// name is the file's path in the site, always clean and without a way out;
// folder is set when the path ends in a slash.
func name(prefix, request string) (file string, folder bool) {
	rest := request
	if prefix != "/" {
		rest = strings.TrimPrefix(request, prefix)
	}
	folder = rest == "" || strings.HasSuffix(rest, "/")
	file = strings.TrimPrefix(path.Clean("/"+rest), "/")
	if folder {
		file = path.Join(file, "index.html")
	}
	return file, folder
}

func (f *Files) has(prefix, request string) bool {
	file, _ := name(prefix, request)
	_, ok := f.find(file)
	return ok
}

func (f *Files) hasImmutable(prefix, request string) bool {
	file, _ := name(prefix, request)
	found, ok := f.find(file)
	return ok && found.Cache == delivery.CacheImmutable
}

// ServeHTTP answers GET and HEAD with a file of the site.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "a site answers GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	file, folder := name(f.Prefix, r.URL.Path)
	if folder && !strings.HasSuffix(r.URL.Path, "/") || !folder && f.isFolder(file) {
		redirect(w, r)
		return
	}
	found, ok := f.find(file)
	if !ok && f.Fallback != "" && isPage(r, file) {
		found, ok = f.files[f.Fallback]
	}
	if !ok {
		w.Header().Set("Cache-Control", "no-cache")
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	f.send(w, r, found)
}

func (f *Files) isFolder(file string) bool {
	if _, ok := f.find(file); ok {
		return false
	}
	_, ok := f.find(path.Join(file, "index.html"))
	return ok
}

// isPage tells a page that a single-page app draws itself from a missing asset.
func isPage(r *http.Request, file string) bool {
	return !strings.Contains(path.Base(file), ".") || path.Base(file) == "index.html" ||
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// redirect leads to the folder, with an address that names no other host.
func redirect(w http.ResponseWriter, r *http.Request) {
	to := url.URL{Path: path.Clean("/"+r.URL.Path) + "/", RawQuery: r.URL.RawQuery}
	w.Header().Set("Cache-Control", "no-cache")
	http.Redirect(w, r, to.String(), http.StatusFound)
}

func (f *Files) send(w http.ResponseWriter, r *http.Request, file delivery.File) {
	content, err := os.Open(f.Blob(file.Digest))
	if err != nil {
		http.Error(w, "the content of this file is missing", http.StatusInternalServerError)
		return
	}
	defer func() { _ = content.Close() }() // only read
	if info, err := content.Stat(); err != nil || info.Size() != file.Size {
		http.Error(w, "the content of this file was altered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.Type)
	h.Set("Cache-Control", file.CacheHeader())
	if file.Encoding != "" {
		h.Set("Content-Encoding", file.Encoding)
	}
	for name, value := range file.Metadata.Map() {
		h.Set("X-Amz-Meta-"+name, value) // as S3 answers
	}
	h.Set("ETag", `"`+file.Digest+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	serve(w, r, content, file.Size)
}

// small is the size up to which a file goes out with its headers, from memory. The
// system sends larger ones by itself, which takes more calls.
const small = 32 << 10

func serve(w http.ResponseWriter, r *http.Request, content *os.File, size int64) {
	if size > small {
		http.ServeContent(w, r, "", time.Time{}, content)
		return
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(content, text); err != nil {
		http.Error(w, "the content of this file cannot be read", http.StatusInternalServerError)
		return
	}
	http.ServeContent(struct{ http.ResponseWriter }{w}, r, "", time.Time{}, bytes.NewReader(text))
}
