package diff

import "falkirk/internal/delivery"

// SiteChange is what differs between two sites, each list in order of path.
type SiteChange struct {
	Added   []delivery.File `json:"added"`
	Removed []delivery.File `json:"removed"`
	Changed []FileChange    `json:"changed"` // same path, other content or headers
	Moved   []FileChange    `json:"moved"`   // other path, same content; by the path it has now
	Same    int             `json:"same"`    // files that are as they were

	transfer int64
}

// FileChange is one file before and after.
type FileChange struct {
	From delivery.File `json:"from"`
	To   delivery.File `json:"to"`
}

// sites merges two lists that are in order of path; nil has no file.
func sites(from, to *delivery.Site) *SiteChange {
	c := &SiteChange{Added: []delivery.File{}, Removed: []delivery.File{}, Changed: []FileChange{}, Moved: []FileChange{}}
	a, b := filesOf(from), filesOf(to)
	c.transfer = missing(a, b)
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Path < b[0].Path:
			c.Removed, a = append(c.Removed, a[0]), a[1:]
		case a[0].Path > b[0].Path:
			c.Added, b = append(c.Added, b[0]), b[1:]
		default:
			if a[0] == b[0] {
				c.Same++
			} else {
				c.Changed = append(c.Changed, FileChange{a[0], b[0]})
			}
			a, b = a[1:], b[1:]
		}
	}
	c.Removed, c.Added = append(c.Removed, a...), append(c.Added, b...)
	c.pair()
	return c
}

func filesOf(s *delivery.Site) []delivery.File {
	if s == nil {
		return nil
	}
	return s.Files
}

// missing is the bytes of b that a lacks, each digest once.
func missing(a, b []delivery.File) int64 {
	have := make(map[string]bool, len(a)+len(b))
	for _, f := range a {
		have[f.Digest] = true
	}
	var sum int64
	for _, f := range b {
		if !have[f.Digest] {
			have[f.Digest] = true
			sum += f.Size
		}
	}
	return sum
}

// pair turns what went in one path and came in another, with the same content,
// into moves: the first that went with the first that came, so that the way
// back pairs them alike. Empty files are all the same and say nothing.
func (c *SiteChange) pair() {
	gone := map[string][]delivery.File{}
	for _, f := range c.Removed {
		if f.Size > 0 {
			gone[f.Digest] = append(gone[f.Digest], f)
		}
	}
	moved := map[string]bool{} // paths that went elsewhere
	added := c.Added[:0:0]
	for _, f := range c.Added {
		was := gone[f.Digest]
		if len(was) == 0 {
			added = append(added, f)
			continue
		}
		gone[f.Digest] = was[1:]
		moved[was[0].Path] = true
		c.Moved = append(c.Moved, FileChange{was[0], f})
	}
	removed := c.Removed[:0:0]
	for _, f := range c.Removed {
		if !moved[f.Path] {
			removed = append(removed, f)
		}
	}
	c.Added, c.Removed = orEmpty(added), orEmpty(removed)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Headers lists what differs besides the content, as HTTP says it.
func (f FileChange) Headers() []Difference {
	var out []Difference
	if f.From.Type != f.To.Type {
		out = append(out, Difference{Key: "Content-Type", Change: Changed, From: f.From.Type, To: f.To.Type})
	}
	if f.From.Encoding != f.To.Encoding {
		out = append(out, Difference{Key: "Content-Encoding", Change: Changed, From: f.From.Encoding, To: f.To.Encoding})
	}
	if a, b := f.From.CacheHeader(), f.To.CacheHeader(); a != b {
		out = append(out, Difference{Key: "Cache-Control", Change: Changed, From: a, To: b})
	} else if f.From.Cache != f.To.Cache {
		out = append(out, Difference{Key: "cache", Change: Changed, From: string(f.From.Cache), To: string(f.To.Cache)})
	}
	if a, b := f.From.Metadata, f.To.Metadata; a != b {
		out = append(out, Difference{Key: "metadata", Change: Changed, From: string(a), To: string(b)})
	}
	if f.From.Entry != f.To.Entry {
		out = append(out, Difference{Key: "entry", Change: Changed, From: yes(f.From.Entry), To: yes(f.To.Entry)})
	}
	return out
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
