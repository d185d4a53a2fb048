// Package images writes images into a registry by its HTTP API, for tests, for
// the bench and for the demonstrations: the same bytes each time, as they are
// noise from a seed.
package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Registry is where images are written to.
type Registry struct {
	URL            string       // http://127.0.0.1:5000
	User, Password string       // where the registry asks for a login of that kind
	Client         *http.Client // nil is the default one
}

// At is the registry of a host and port without TLS and without a login.
func At(host string) Registry { return Registry{URL: "http://" + host} }

// Descriptor refers to bytes by their digest.
type Descriptor struct {
	MediaType    string            `json:"mediaType"`
	Size         int64             `json:"size"`
	Digest       string            `json:"digest"`
	URLs         []string          `json:"urls,omitempty"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	ArtifactType string            `json:"artifactType,omitempty"`
	Platform     *Platform         `json:"platform,omitempty"`
}

// Platform is what an image runs on.
type Platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// Of describes bytes.
func Of(mediaType string, raw []byte) Descriptor {
	sum := sha256.Sum256(raw)
	return Descriptor{MediaType: mediaType, Size: int64(len(raw)), Digest: "sha256:" + hex.EncodeToString(sum[:])}
}

// Has reports whether a blob is in a repository.
func (r Registry) Has(ctx context.Context, repository, digest string) (bool, error) {
	res, err := r.ask(ctx, http.MethodHead, "/v2/"+repository+"/blobs/"+digest, nil, "")
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNotFound {
		return false, refused(res)
	}
	return res.StatusCode == http.StatusOK, nil
}

// Blob writes bytes into a repository, unless they are there.
func (r Registry) Blob(ctx context.Context, repository, mediaType string, raw []byte) (Descriptor, error) {
	d := Of(mediaType, raw)
	has, err := r.Has(ctx, repository, d.Digest)
	if has || err != nil {
		return d, err
	}
	to, err := r.begin(ctx, repository)
	if err != nil {
		return d, err
	}
	_, err = r.must(ctx, http.MethodPut, with(to, d.Digest), bytes.NewReader(raw), "application/octet-stream")
	return d, err
}

// Stream writes what write writes into a repository as one blob, of which no
// more than a piece is ever in memory.
func (r Registry) Stream(ctx context.Context, repository, mediaType string, write func(io.Writer) error) (Descriptor, error) {
	to, err := r.begin(ctx, repository)
	if err != nil {
		return Descriptor{}, err
	}
	sum, out := sha256.New(), &counter{}
	from, into := io.Pipe()
	go func() { into.CloseWithError(write(io.MultiWriter(into, sum, out))) }()
	next, err := r.must(ctx, http.MethodPatch, to, from, "application/octet-stream")
	from.CloseWithError(err) // ends the writer, if the registry did not read all
	if err != nil {
		return Descriptor{}, err
	}
	d := Descriptor{MediaType: mediaType, Size: out.n, Digest: "sha256:" + hex.EncodeToString(sum.Sum(nil))}
	_, err = r.must(ctx, http.MethodPut, with(next, d.Digest), nil, "")
	return d, err
}

// Manifest writes a manifest under a tag, or under its digest where that is "".
func (r Registry) Manifest(ctx context.Context, repository, tag, mediaType string, raw []byte) (Descriptor, error) {
	d := Of(mediaType, raw)
	if tag == "" {
		tag = d.Digest
	}
	_, err := r.must(ctx, http.MethodPut, "/v2/"+repository+"/manifests/"+tag, bytes.NewReader(raw), mediaType)
	return d, err
}

// Read gives a manifest by its tag or digest, and what it is.
func (r Registry) Read(ctx context.Context, repository, reference string) ([]byte, Descriptor, error) {
	res, err := r.ask(ctx, http.MethodGet, "/v2/"+repository+"/manifests/"+reference, nil, "")
	if err != nil {
		return nil, Descriptor{}, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, Descriptor{}, refused(res)
	}
	raw, err := io.ReadAll(res.Body)
	return raw, Of(res.Header.Get("Content-Type"), raw), err
}

// begin opens an upload and gives its address.
func (r Registry) begin(ctx context.Context, repository string) (string, error) {
	return r.must(ctx, http.MethodPost, "/v2/"+repository+"/blobs/uploads/", nil, "")
}

// must does a request that has to be answered well, and gives the address that
// the answer names.
func (r Registry) must(ctx context.Context, method, path string, body io.Reader, mediaType string) (string, error) {
	res, err := r.ask(ctx, method, path, body, mediaType)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return "", refused(res)
	}
	_, err = io.Copy(io.Discard, res.Body) // so that the connection is used again
	return res.Header.Get("Location"), err
}

func (r Registry) ask(ctx context.Context, method, path string, body io.Reader, mediaType string) (*http.Response, error) {
	if strings.HasPrefix(path, "/") {
		path = r.URL + path
	}
	req, err := http.NewRequestWithContext(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if strings.Contains(path, "/manifests/") {
		req.Header.Set("Accept", strings.Join([]string{OCIIndex, OCIManifest, DockerList, DockerManifest}, ", "))
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	if r.User != "" {
		req.SetBasicAuth(r.User, r.Password)
	}
	client := r.Client
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(req)
}

func refused(res *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10)) // what can be had of it
	return fmt.Errorf("%s %s: %s: %s", res.Request.Method, res.Request.URL.Redacted(), res.Status, text)
}

// with adds the digest to the address of an upload.
func with(to, digest string) string {
	if strings.Contains(to, "?") {
		return to + "&digest=" + digest
	}
	return to + "?digest=" + digest
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
