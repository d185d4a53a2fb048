package oci

import "context"

// NewCopier makes a copier that knows of nothing yet.
func NewCopier() *Copier {
	return &Copier{slots: make(chan struct{}, streams), wide: make(chan struct{}, 1), flights: map[landing]*flight{}, homes: map[landing]*flight{}, mounts: map[string]bool{}}
}

// begin and end bound a copy. What is known of repositories is good for as long
// as copies overlap; after that somebody may delete from them.
func (c *Copier) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active++
}

func (c *Copier) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active--; c.active == 0 {
		clear(c.flights)
	}
}

// knows reports whether a blob is in a repository or on its way there.
func (c *Copier) knows(to Repository, digest string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flights[landing{to.Registry(), to.Name(), digest}] != nil
}

// found notes that a blob is in a repository.
func (c *Copier) found(to Repository, digest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &flight{done: make(chan struct{}), repository: to.Name()}
	close(f.done)
	for _, at := range []struct {
		in  map[landing]*flight
		key landing
	}{{c.flights, landing{to.Registry(), to.Name(), digest}}, {c.homes, landing{to.Registry(), "", digest}}} {
		if at.in[at.key] == nil {
			at.in[at.key] = f
		}
	}
}

// land has a blob brought into a repository by one of those that ask for it at
// once; the others wait. The first in a registry sends it, and further
// repositories get it from there.
func (c *Copier) land(ctx context.Context, to Repository, digest string, send func(from string) (How, error)) (how How, err error) {
	first, err := c.once(ctx, c.flights, landing{to.Registry(), to.Name(), digest}, to.Name(), func() error {
		how, err = c.settle(ctx, to, digest, send)
		return err
	})
	if !first {
		return There, err
	}
	return how, err
}

// settle is land for one repository.
func (c *Copier) settle(ctx context.Context, to Repository, digest string, send func(from string) (How, error)) (how How, err error) {
	home := landing{to.Registry(), "", digest}
	first, err := c.once(ctx, c.homes, home, to.Name(), func() (err error) {
		how, err = send("")
		return err
	})
	if first || err != nil {
		return how, err
	}
	from := c.home(home)
	if from == to.Name() {
		from = "" // it was there once, and somebody has deleted it
	}
	how, err = send(from)
	if err == nil && from != "" && how != There {
		c.learn(to.Registry(), how == Mounted)
	}
	return how, err
}

// learn notes whether a registry has mounted what it could have.
func (c *Copier) learn(registry string, does bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mounts[registry] = does || c.mounts[registry]
}

// mayMount is false once a registry has shown that it does not mount.
func (c *Copier) mayMount(registry string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	can, asked := c.mounts[registry]
	return can || !asked
}

// home is the repository that a blob can be mounted from, "" where the registry
// has shown that it does not mount.
func (c *Copier) home(of landing) string {
	if !c.mayMount(of.registry) {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.homes[of].repository
}

// once runs do unless somebody else does or has; who waited for one that failed
// tries itself.
func (c *Copier) once(ctx context.Context, in map[landing]*flight, key landing, repository string, do func() error) (first bool, err error) {
	for {
		c.mu.Lock()
		f, taken := in[key]
		if !taken {
			f = &flight{done: make(chan struct{}), repository: repository}
			in[key] = f
		}
		c.mu.Unlock()
		if !taken {
			f.err = do()
			if f.err != nil {
				c.mu.Lock()
				delete(in, key)
				c.mu.Unlock()
			}
			close(f.done)
			return true, f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if f.err == nil {
			return false, nil
		}
	}
}
