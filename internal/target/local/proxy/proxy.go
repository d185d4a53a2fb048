package proxy

import (
	"fmt"
	"net/http"
	"sync/atomic"
)

// Proxy answers the requests of one place.
type Proxy struct {
	place string
	table atomic.Pointer[Table]
}

// New makes a proxy with nothing live; place is for its messages.
func New(place string) *Proxy {
	p := &Proxy{place: place}
	p.table.Store(NewTable(nil, nil))
	return p
}

// Switch puts another table in place of the one in use. Requests that have
// begun end where they are.
func (p *Proxy) Switch(t *Table) { p.table.Store(t) }

// ServeHTTP sends a request to the live release of its path, or to the
// release that its header asks for.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version := r.Header.Get(Header)
	for {
		t := p.table.Load()
		release := t.find(version, r.URL.Path)
		if release == nil {
			p.nobody(w, version)
			return
		}
		if !release.enter() {
			continue // it was closed after the table was read
		}
		if release.Files != nil && version == "" {
			if other := t.elder(release, r.URL.Path); other != nil && other.enter() {
				release.leave()
				release = other
			}
		}
		p.answer(release, w, r)
		return
	}
}

func (p *Proxy) answer(release *Release, w http.ResponseWriter, r *http.Request) {
	defer release.leave() // also when a handler gives up by panic
	w.Header().Set(Header, release.Version)
	release.Serve.ServeHTTP(w, r)
}

// elder is another release of a site that has a file which the live one lacks,
// for a page that was loaded before the switch. Only names that hold a hash of
// their content are looked for.
func (t *Table) elder(live *Release, path string) *Release {
	if live.Files.has(live.Prefix, path) {
		return nil
	}
	list := t.all[live.Component]
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		if r != live && r.Files != nil && r.Prefix == live.Prefix && r.Files.hasImmutable(r.Prefix, path) {
			return r
		}
	}
	return nil
}

func (p *Proxy) nobody(w http.ResponseWriter, version string) {
	if version != "" {
		http.Error(w, fmt.Sprintf("release %s does not answer this path in %s", version, p.place), http.StatusNotFound)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Retry-After", "5")
	http.Error(w, "no release is live on this path in "+p.place, http.StatusServiceUnavailable)
}
