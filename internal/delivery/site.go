package delivery

// Cache is how long a file of a site may be kept by whoever fetched it.
type Cache string

// The cache classes, and the header that each becomes.
const (
	CacheImmutable  Cache = "immutable"  // the name holds a hash of the content
	CacheRevalidate Cache = "revalidate" // an ordinary name: kept, but asked about each time
	CacheNone       Cache = "no-cache"   // an entry point: it decides which release is seen
)

// Header is the value of Cache-Control (RFC 9111, RFC 8246).
func (c Cache) Header() string {
	if c == CacheImmutable {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

// SiteMediaType is the media type of a site manifest.
const SiteMediaType = "application/vnd.falkirk.site.v1+json"

// Site is the artifact of a site: the files in order of path. Its JSON, as
// encoding/json writes it without indent, is the blob that the digest addresses.
type Site struct {
	Schema int    `json:"schema"`
	Files  []File `json:"files"`
}

// File is one file of a site. Path is slash-separated, relative and clean.
type File struct {
	Path   string `json:"path"`
	Digest string `json:"digest"` // sha256:… of the content
	Size   int64  `json:"size"`
	Type   string `json:"type"` // Content-Type
	Cache  Cache  `json:"cache"`
	Entry  bool   `json:"entry,omitempty"`
}
