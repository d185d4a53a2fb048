package oci

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"time"

	"falkirk/internal/fault"
)

// Stream reads exactly one blob, and goes on where it was when a connection
// breaks. It gives the last bytes only when all of them are those of the
// digest, so that who sends them on sends no whole wrong blob.
type Stream struct {
	ctx  context.Context
	open func(ctx context.Context, offset int64) (io.ReadCloser, error)
	body io.ReadCloser
	hash hash.Hash
	want string
	at   int64 // bytes that were read
	size int64
	far  int64 // the most that were read
	pass func(n int64)

	mark  int64 // a place to go back to, and the hash there
	state []byte
}

// again is how often a blob is opened in a row without getting further.
const again = 5

// NewStream reads a blob from where open opens it at an offset. pass, where it
// is set, is told the bytes as they come.
func NewStream(ctx context.Context, d Descriptor, open func(ctx context.Context, offset int64) (io.ReadCloser, error), pass func(n int64)) (*Stream, error) {
	s := &Stream{ctx: ctx, open: open, hash: sha256.New(), want: d.Digest.String(), size: d.Size, pass: pass}
	var err error
	s.body, err = open(ctx, 0)
	return s, err
}

// Read implements io.Reader.
func (s *Stream) Read(p []byte) (int, error) {
	if s.at == s.size || len(p) == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), s.size-s.at)]
	for n := 1; ; n++ {
		if err := s.ctx.Err(); err != nil {
			return 0, err
		}
		got, err := s.body.Read(p)
		if errors.Is(err, errSlow) {
			err = s.seek(s.at + int64(got))
			if err != nil {
				return 0, err
			}
		}
		if got > 0 {
			return s.take(p[:got])
		}
		if err == nil {
			continue
		}
		if err := s.reopen(n, err); err != nil {
			return 0, err
		}
	}
}

func (s *Stream) take(p []byte) (int, error) {
	s.hash.Write(p)
	s.at += int64(len(p))
	if s.at == s.size {
		if got := "sha256:" + hex.EncodeToString(s.hash.Sum(nil)); got != s.want {
			return 0, fault.New(fault.Internal, "blob %s is damaged where it comes from: its bytes are %s", s.want, got)
		}
	}
	if s.pass != nil && s.at > s.far {
		s.pass(s.at - s.far)
	}
	s.far = max(s.far, s.at)
	return len(p), nil
}

// reopen opens the blob where it broke off, after a while that is longer each
// time.
func (s *Stream) reopen(n int, broke error) error {
	if errors.Is(broke, io.EOF) {
		broke = io.ErrUnexpectedEOF
	}
	var known *fault.Error
	if errors.As(broke, &known) && !fault.Is(broke, fault.Unavailable) {
		return broke // it would be the same again
	}
	if n == again {
		return fault.New(fault.Unavailable, "read %s, of which %d of %d bytes came: %w", s.want, s.at, s.size, broke)
	}
	wait := time.NewTimer(50*time.Millisecond<<n + rand.N(50*time.Millisecond)) //nolint:gosec // not a secret
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	return s.seek(s.at)
}

// seek opens the blob at an offset.
func (s *Stream) seek(offset int64) error {
	err := s.body.Close()
	s.body = io.NopCloser(eof{})
	body, openErr := s.open(s.ctx, offset)
	if openErr != nil {
		return errors.Join(openErr, err)
	}
	s.body = body
	return nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// Left is how many bytes are to come.
func (s *Stream) Left() int64 { return s.size - s.at }

// Offset is how many bytes were read.
func (s *Stream) Offset() int64 { return s.at }

// Mark remembers where the stream is, for Back.
func (s *Stream) Mark() error {
	m, ok := s.hash.(encoding.BinaryMarshaler)
	if !ok {
		return errors.New("this SHA-256 cannot be kept")
	}
	state, err := m.MarshalBinary()
	s.mark, s.state = s.at, state
	return err
}

// Back goes back to an offset at or after the mark, and opens the blob there.
func (s *Stream) Back(offset int64) error {
	if s.state == nil || offset < s.mark || offset > s.far {
		return fault.New(fault.Unavailable, "the registry has %d bytes of %s, and %d to %d were sent", offset, s.want, s.mark, s.at)
	}
	m, ok := s.hash.(encoding.BinaryUnmarshaler)
	if !ok {
		return errors.New("this SHA-256 cannot be set")
	}
	if err := m.UnmarshalBinary(s.state); err != nil {
		return fmt.Errorf("go back in %s: %w", s.want, err)
	}
	s.at = s.mark
	if err := s.seek(s.at); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, s, offset-s.mark)
	return err
}

// Close implements io.Closer.
func (s *Stream) Close() error { return s.body.Close() }
