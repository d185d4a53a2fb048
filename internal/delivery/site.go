package delivery

import (
	"encoding/json"
	"maps"
)

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

// Versions of the site manifest's format. A site is written in the lowest
// version that holds it, so that the same site keeps its digest.
const (
	SiteSchema        = 1 // path, content, type and cache class
	SiteSchemaHeaders = 2 // and the other headers of Headers
)

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
	Headers
}

// Headers are what a file is served with besides its type and its cache class.
// They can be compared with ==.
type Headers struct {
	Encoding     string   `json:"encoding,omitempty"`     // Content-Encoding
	CacheControl string   `json:"cacheControl,omitempty"` // instead of that of the cache class
	Metadata     Metadata `json:"metadata,omitempty"`
}

// CacheHeader is the value of Cache-Control.
func (f File) CacheHeader() string {
	if f.CacheControl != "" {
		return f.CacheControl
	}
	return f.Cache.Header()
}

// SchemaOf is the lowest version of the format that holds these files.
func SchemaOf(files []File) int {
	for _, f := range files {
		if f.Headers != (Headers{}) {
			return SiteSchemaHeaders
		}
	}
	return SiteSchema
}

// Metadata is the user-defined metadata of an object: values by name. It is kept
// as JSON in one canonical form, so that equal metadata is an equal value.
type Metadata string

// NewMetadata makes metadata of values by name.
func NewMetadata(values map[string]string) Metadata {
	if len(values) == 0 {
		return ""
	}
	raw, _ := json.Marshal(values) // a map of texts always has a JSON form, sorted by name
	return Metadata(raw)
}

// Map is the values by name.
func (m Metadata) Map() map[string]string {
	values := map[string]string{}
	if m != "" && json.Unmarshal([]byte(m), &values) != nil {
		return map[string]string{} // not made by NewMetadata
	}
	return values
}

// With is the metadata with further values, which replace those of the same name.
func (m Metadata) With(values map[string]string) Metadata {
	all := m.Map()
	maps.Copy(all, values)
	return NewMetadata(all)
}

// MarshalJSON writes a mapping.
func (m Metadata) MarshalJSON() ([]byte, error) {
	if m == "" {
		return []byte("{}"), nil
	}
	return []byte(m), nil
}

// UnmarshalJSON reads a mapping of texts.
func (m *Metadata) UnmarshalJSON(raw []byte) error {
	var values map[string]string
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	*m = NewMetadata(values)
	return nil
}
