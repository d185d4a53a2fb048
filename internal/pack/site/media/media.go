// Package media tells the media type of a file by its name, and by its first
// bytes where the name says nothing. It uses its own list and never that of the
// machine: the type is part of what the digest of a site covers.
package media

import (
	_ "embed"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// list is made by update.py: an extension and its type on each line, in order.
//
//go:embed types.txt
var list string

// Octets is the type of what nothing is known about.
const Octets = "application/octet-stream"

// byName are files whose whole name says their type.
var byName = map[string]string{
	"apple-app-site-association": "application/json", // https://developer.apple.com/documentation/xcode/supporting-associated-domains
}

// web are the types that decide before the list: what browsers want, where the
// list has an older name or none.
var web = map[string]string{
	".3gp":      "video/3gpp",
	".br":       "application/x-brotli",
	".cjs":      "text/javascript",
	".cur":      "image/x-icon",
	".ico":      "image/x-icon",
	".js":       "text/javascript", // RFC 9239
	".jsonl":    "application/jsonl",
	".mid":      "audio/midi",
	".mjs":      "text/javascript",
	".mts":      "video/mp2t",
	".ndjson":   "application/x-ndjson",
	".opus":     "audio/ogg", // RFC 7845
	".rss":      "application/rss+xml",
	".sgi":      "image/sgi",
	".svgz":     "image/svg+xml",
	".taz":      "application/gzip", // archives that are compressed; served as they are
	".tbz2":     "application/x-bzip2",
	".tgz":      "application/gzip",
	".topojson": "application/json",
	".ts":       "video/mp2t", // segments of HLS
	".txz":      "application/x-xz",
	".tz":       "application/gzip",
	".wav":      "audio/wav",
	".xml":      "application/xml",  // RFC 7303
	".yaml":     "application/yaml", // RFC 9512
	".yml":      "application/yaml",
}

// ByName is the type that a name says; ok is false where it says none. Text has
// its character set.
func ByName(name string) (kind string, ok bool) {
	base := path.Base(name)
	if kind, ok = byName[base]; ok {
		return kind, true
	}
	ext := strings.ToLower(path.Ext(base))
	if kind, ok = web[ext]; !ok {
		kind, ok = listed()[ext]
	}
	if strings.HasPrefix(kind, "text/") {
		kind += "; charset=utf-8"
	}
	return kind, ok
}

// listed gives the list as types by extension.
var listed = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(list) {
		ext, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[ext] = kind
	}
	return all
})

// ByContent is the type that the first bytes of a file say, as browsers read
// them (https://mimesniff.spec.whatwg.org/).
func ByContent(head []byte) string {
	if len(head) == 0 {
		return Octets
	}
	return http.DetectContentType(head)
}

// IsPage reports whether a type is that of an HTML page.
func IsPage(kind string) bool {
	kind, _, _ = mime.ParseMediaType(kind)
	return kind == "text/html" || kind == "application/xhtml+xml"
}
