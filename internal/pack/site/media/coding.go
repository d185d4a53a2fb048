package media

import (
	"mime"
	"path"
	"strings"
)

// endings are those of files that a build compresses for browsers: the content
// encoding, and how such a file begins where that is known.
var endings = map[string]struct{ coding, begins string }{
	".gz":   {"gzip", "\x1f\x8b"},
	".svgz": {"gzip", "\x1f\x8b"},
	".zst":  {"zstd", "\x28\xb5\x2f\xfd"},
	".br":   {"br", ""},
}

// IsCompressed reports whether a name may be that of a file which Coding knows.
func IsCompressed(name string) bool {
	_, ok := endings[strings.ToLower(path.Ext(name))]
	return ok
}

// Coding tells a file that a build compressed for the server to serve as it is:
// app.js.gz is app.js with the content encoding gzip. It is one where a page loads
// files of the type, where the same file lies beside it as it is (data.csv beside
// data.csv.gz), or where it is compressed by Brotli, which no program unpacks but
// a browser. Archives stay what they are. head is the beginning of the file.
func Coding(name string, head []byte, beside bool) (inner, coding string) {
	e, ok := endings[strings.ToLower(path.Ext(name))]
	inner = Inner(name)
	kind, known := ByName(inner)
	switch {
	case !ok || !known || isArchive(kind) || !strings.HasPrefix(string(head), e.begins):
		return name, ""
	case isLoaded(kind) || beside || e.coding == "br":
		return inner, e.coding
	}
	return name, ""
}

// Inner is the name of a file before it was compressed.
func Inner(name string) string {
	ext := path.Ext(name)
	if !IsCompressed(name) || strings.EqualFold(ext, ".svgz") {
		return name
	}
	return strings.TrimSuffix(name, ext)
}

// Stored is the type of a file whose bytes are served without a content encoding.
func Stored(name string) (kind string, ok bool) {
	if strings.EqualFold(path.Ext(name), ".svgz") {
		return "application/gzip", true
	}
	return ByName(name)
}

// isArchive reports whether a type holds files, or is compressed: people keep it
// as it is.
func isArchive(kind string) bool {
	switch kind {
	case "application/x-tar", "application/x-cpio", "application/zip", "application/gzip", "application/x-bzip2", "application/x-xz", "application/zstd",
		"application/x-7z-compressed", "application/java-archive", "application/x-iso9660-image", "application/x-brotli":
		return true
	}
	return false
}

// isLoaded reports whether a page loads files of a type, and builds compress them.
func isLoaded(kind string) bool {
	kind, _, _ = mime.ParseMediaType(kind)
	switch kind {
	case "application/json", "application/xml", "application/wasm", "application/manifest+json", "application/vnd.ms-fontobject",
		"font/ttf", "font/otf", "image/x-icon", "image/bmp", "model/gltf-binary",
		"text/html", "text/css", "text/javascript", "text/xml", "text/vtt":
		return true
	}
	return strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}
