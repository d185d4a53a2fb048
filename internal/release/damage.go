package release

import (
	"context"
	"io"
	"path"
	"strings"
	"sync"

	"falkirk/internal/fault"
)

// damagedPrefix is where Audit notes which blobs are damaged, by name: an empty
// object each. A note only says where to look again.
const damagedPrefix = "damaged/sha256/"

// marks are the notes, read once.
type marks struct {
	mu     sync.Mutex
	loaded bool
	all    map[string]bool // by digest
	healed int             // damaged blobs that were written again
}

// Healed is how many damaged blobs this store has written again since it was
// opened.
func (s *Store) Healed() int {
	s.marks.mu.Lock()
	defer s.marks.mu.Unlock()
	return s.marks.healed
}

// isDamaged reports whether a blob that is there has other bytes than its name
// says. In a folder each is read again, as reading there costs little. Elsewhere
// only those are that Audit found damaged.
func (s *Store) isDamaged(ctx context.Context, digest string) (bool, error) {
	if cheap, ok := s.bucket.(interface{ ReadsAreCheap() bool }); !ok || !cheap.ReadsAreCheap() {
		if marked, err := s.marked(ctx, digest); !marked || err != nil {
			return false, err
		}
	}
	_, err := s.rehash(ctx, digest)
	switch {
	case fault.Is(err, fault.Tampered):
		return true, nil
	case fault.Is(err, fault.NotFound):
		return false, nil
	}
	return false, err
}

// rehash reads a blob and proves its digest.
func (s *Store) rehash(ctx context.Context, digest string) (int64, error) {
	body, err := s.Open(ctx, digest)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	n, err := io.Copy(io.Discard, body)
	return n, wrap(err, "read blob %s", digest)
}

// marked reports whether Audit found a blob damaged.
func (s *Store) marked(ctx context.Context, digest string) (bool, error) {
	s.marks.mu.Lock()
	defer s.marks.mu.Unlock()
	if !s.marks.loaded {
		all := map[string]bool{}
		for info, err := range s.bucket.List(ctx, damagedPrefix, "") {
			if err != nil {
				return false, wrap(err, "list what is known to be damaged")
			}
			all["sha256:"+path.Base(info.Key)] = true
		}
		s.marks.all, s.marks.loaded = all, true
	}
	return s.marks.all[digest], nil
}

// mark notes that a blob is damaged, so that packing its content again replaces it.
func (s *Store) mark(ctx context.Context, digest string) error {
	err := s.bucket.Put(ctx, damagedPrefix+strings.TrimPrefix(digest, "sha256:"), strings.NewReader(""))
	if err != nil {
		return wrap(err, "note that blob %s is damaged", digest)
	}
	s.marks.mu.Lock()
	defer s.marks.mu.Unlock()
	if s.marks.loaded {
		s.marks.all[digest] = true
	}
	return nil
}

// replaced counts a damaged blob that was replaced, or explains why it could not
// be: the policy that falkirk create account writes for the bucket refuses that to
// all but one role.
func (s *Store) replaced(key string, err error) error {
	if err == nil {
		s.marks.mu.Lock()
		defer s.marks.mu.Unlock()
		s.marks.healed++
	}
	if !fault.Is(err, fault.Refused) {
		return err
	}
	err = fault.New(fault.Refused, "the blob is damaged, and its bucket refuses to replace it: %w", err)
	at, ok := s.bucket.(interface {
		Locate(key string) (name, full string)
	})
	if !ok {
		return err
	}
	name, full := at.Locate(key)
	return fault.Hint(err, "as the role in storeBucket.pruneRole: aws s3api delete-object --bucket %s --key %s, then repeat this command; if there is no pruneRole, add one and run falkirk create account for the store's account first", name, full)
}
