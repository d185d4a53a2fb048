package oci

import (
	"bytes"
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"falkirk/internal/fault"
)

// Image is what a v1.Image and a v1.ImageIndex have in common.
type Image interface {
	Digest() (v1.Hash, error)
	RawManifest() ([]byte, error)
}

// Add writes an image or an index that go-containerregistry gives, whole and
// byte for byte, however many platforms it has. See Copy.
func Add(ctx context.Context, dst Sink, img Image) (Stored, error) {
	h, err := img.Digest()
	if err != nil {
		return Stored{}, fmt.Errorf("read image: %w", err)
	}
	src := source{}
	src.add(h, img)
	return Copy(ctx, dst, src, h.String())
}

// source opens the blobs of an image of go-containerregistry. Opening a manifest
// makes what it refers to known; that is not safe from several goroutines, and
// Copy reads manifests one by one, before anything else.
type source map[string]func() (io.ReadCloser, error)

// Open implements Blobs.
func (s source) Open(_ context.Context, digest string) (io.ReadCloser, error) {
	opener, ok := s[digest]
	if !ok {
		return nil, fault.New(fault.NotFound, "%s is not in the image", digest)
	}
	return opener()
}

func (s source) add(h v1.Hash, img Image) {
	s[h.String()] = func() (io.ReadCloser, error) {
		raw, err := img.RawManifest()
		if err != nil {
			return nil, err
		}
		m, err := parseManifest(raw, h.String())
		if err != nil {
			return nil, err
		}
		switch img := img.(type) {
		case v1.ImageIndex:
			err = s.addChildren(m, img)
		case v1.Image:
			s.addLeaves(m, img)
		default:
			err = fault.New(fault.Internal, "%T is no image", img)
		}
		return io.NopCloser(bytes.NewReader(raw)), err
	}
}

func (s source) addChildren(m manifest, index v1.ImageIndex) error {
	for _, d := range m.Manifests {
		var child Image
		var err error
		switch {
		case d.MediaType.IsIndex():
			child, err = index.ImageIndex(d.Digest)
		case d.MediaType.IsImage():
			child, err = index.Image(d.Digest)
		default:
			s.addOther(d, index)
			continue
		}
		if err != nil {
			return err
		}
		s.add(d.Digest, child)
	}
	return nil
}

// addOther is for what an index holds besides images, where its source can give it.
func (s source) addOther(d Descriptor, index v1.ImageIndex) {
	type layered interface {
		Layer(v1.Hash) (v1.Layer, error)
	}
	if l, ok := index.(layered); ok {
		s[d.Digest.String()] = compressed(d.Digest, l.Layer)
	}
}

func (s source) addLeaves(m manifest, img v1.Image) {
	s[m.Config.Digest.String()] = func() (io.ReadCloser, error) {
		raw, err := img.RawConfigFile()
		return io.NopCloser(bytes.NewReader(raw)), err
	}
	for _, d := range m.Layers {
		s[d.Digest.String()] = compressed(d.Digest, img.LayerByDigest)
	}
}

func compressed(h v1.Hash, find func(v1.Hash) (v1.Layer, error)) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		layer, err := find(h)
		if err != nil {
			return nil, err
		}
		return layer.Compressed()
	}
}
