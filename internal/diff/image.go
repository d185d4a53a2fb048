package diff

import "slices"

// Image is what an image or an index of images leads to.
type Image struct {
	Platforms []Platform
	Blobs     []Blob // manifests, configurations and layers, each once
}

// Platform is the image for one platform.
type Platform struct {
	Name   string // "linux/amd64"
	Digest string // of its manifest
	Layers []Blob // lowest first
	Config []Setting
}

// Blob is a digest and its bytes.
type Blob struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

// ImageChange is what differs between two images.
type ImageChange struct {
	Platforms []PlatformChange `json:"platforms"`

	transfer int64
}

// PlatformChange is what differs for one platform.
type PlatformChange struct {
	Platform string       `json:"platform"`
	Change   Change       `json:"change"`
	From     string       `json:"from,omitempty"` // digest of the manifest
	To       string       `json:"to,omitempty"`
	Layers   Layers       `json:"layers"`
	Config   []Difference `json:"config"`
}

// Layers is what becomes of the layers, lowest first.
type Layers struct {
	Shared      int    `json:"shared"`
	SharedBytes int64  `json:"sharedBytes"`
	Added       []Blob `json:"added"`
	Removed     []Blob `json:"removed"`
}

func images(from, to *Image) *ImageChange {
	from, to = orNone(from), orNone(to)
	c := &ImageChange{Platforms: []PlatformChange{}}
	_, added, _ := layers(from.Blobs, to.Blobs)
	for _, b := range added {
		c.transfer += b.Size
	}
	for _, p := range to.Platforms {
		c.Platforms = append(c.Platforms, platforms(from.platform(p.Name), &p))
	}
	for _, p := range from.Platforms {
		if to.platform(p.Name) == nil {
			c.Platforms = append(c.Platforms, platforms(&p, nil))
		}
	}
	return c
}

func orNone(i *Image) *Image {
	if i == nil {
		return &Image{}
	}
	return i
}

func (i *Image) platform(name string) *Platform {
	at := slices.IndexFunc(i.Platforms, func(p Platform) bool { return p.Name == name })
	if at < 0 {
		return nil
	}
	return &i.Platforms[at]
}

func platforms(from, to *Platform) PlatformChange {
	c := PlatformChange{Change: Changed, Config: []Difference{}}
	switch {
	case from == nil:
		c.Change, from = Added, &Platform{Name: to.Name}
	case to == nil:
		c.Change, to = Removed, &Platform{Name: from.Name}
	case from.Digest == to.Digest:
		c.Change = Same
	}
	c.Platform, c.From, c.To = to.Name, from.Digest, to.Digest
	shared, added, removed := layers(from.Layers, to.Layers)
	c.Layers = Layers{Shared: len(shared), Added: added, Removed: removed}
	for _, b := range shared {
		c.Layers.SharedBytes += b.Size
	}
	if c.Change != Same {
		c.Config = Settings(from.Config, to.Config)
	}
	return c
}

// layers tells blobs apart by digest, each once.
func layers(from, to []Blob) (shared, added, removed []Blob) {
	added, removed = []Blob{}, []Blob{}
	before, after := map[string]bool{}, map[string]bool{}
	for _, b := range from {
		before[b.Digest] = true
	}
	for _, b := range to {
		switch {
		case after[b.Digest]:
		case before[b.Digest]:
			shared = append(shared, b)
		default:
			added = append(added, b)
		}
		after[b.Digest] = true
	}
	for _, b := range from {
		if !after[b.Digest] {
			removed = append(removed, b)
			after[b.Digest] = true
		}
	}
	return shared, added, removed
}
