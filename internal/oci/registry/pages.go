package registry

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"falkirk/internal/fault"
)

// A list that is longer than this is not read: a registry that never ends would
// fill the memory.
const (
	mostPages = 10_000
	mostList  = 256 << 20 // bytes of all pages
)

// pages reads a list page by page. read is given the JSON of each page.
func (r *Repository) pages(ctx context.Context, first call, read func(raw []byte) error) error {
	seen := map[string]bool{}
	size := 0
	for next := first; next.url != ""; {
		if seen[next.url] {
			return fault.New(fault.Unavailable, "%s: its list does not end: a page links to a page that was read before", r)
		}
		seen[next.url] = true
		res, raw, err := r.read(ctx, next, maxList) //nolint:bodyclose // read closes it
		if err != nil {
			return err
		}
		if size += len(raw); size > mostList || len(seen) > mostPages {
			return fault.New(fault.Unavailable, "%s: its list does not end: %d pages with %d bytes were read", r, len(seen), size)
		}
		if err := read(raw); err != nil {
			return fault.Hint(fault.New(fault.Unavailable, "%s: its answer is not JSON: %w", r, err), noPage)
		}
		if next.url, err = r.reg.nextPage(res); err != nil {
			return err
		}
	}
	return nil
}

// into gives a function that reads one page into a value and then adds it.
func into[T any](add func(page T)) func(raw []byte) error {
	return func(raw []byte) error {
		var page T
		if err := json.Unmarshal(raw, &page); err != nil {
			return err
		}
		add(page)
		return nil
	}
}

// nextPage is the address in a Link header (RFC 8288), or "".
func (r *Registry) nextPage(res *http.Response) (string, error) {
	link := res.Header.Get("Link")
	target, rest, ok := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if !ok || !strings.Contains(rest, "next") {
		return "", nil
	}
	u, err := r.resolve(paging, res, target)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}
