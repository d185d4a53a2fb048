package site

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// Serves fetches the root's entry point from where the site answers, or from the
// bucket where no address is known, and says of which release its bytes are.
func (t *Target) Serves(ctx context.Context, p delivery.Placement, now delivery.State) (string, error) {
	s, err := t.spot(ctx, p)
	if err != nil {
		return "", err
	}
	v, err := t.view(ctx, s)
	if err != nil {
		return "", s.explain("look at the site", err)
	}
	f, ok := v.records[now.Live].root()
	if !ok {
		return now.Live, nil // a release without an entry point has nothing to be told by
	}
	deadline := t.opt.Now().Add(t.opt.Patience)
	wait := network.NewWait(ctx)
	defer wait.Stop()
	for {
		digest, err := s.fetch(ctx, f.Path)
		switch {
		case err == nil && digest == f.Digest:
			return now.Live, nil
		case err == nil && t.opt.Now().After(deadline):
			return v.whose(f.Path, digest), nil
		case err != nil && t.opt.Now().After(deadline):
			return "", err
		}
		if err != nil {
			wait.Failed(err.Error(), time.Now().Add(t.opt.Patience))
		}
		select { // what is kept at the edge may outlive the invalidation a little
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// whose is the release that has that content at a path.
func (v *view) whose(path, digest string) string {
	for _, version := range v.versions() {
		if f, ok := v.records[version].find(path); ok && f.Digest == digest {
			return version
		}
	}
	return ""
}

// fetch gives the digest of what readers get for a path.
func (s spot) fetch(ctx context.Context, path string) (string, error) {
	if s.set.URL == "" {
		data, _, err := s.s3.Get(ctx, s.at(s.set.folder()+path))
		return digestOf(data), err
	}
	address := s.set.address(path)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fault.New(fault.Invalid, "%s is no address: %w", address, err)
	}
	res, err := reader().Do(req)
	if err != nil {
		return "", unread(address, err)
	}
	sum := sha256.New()
	_, err = io.Copy(sum, res.Body) // it is not kept: the answer may be large
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return "", unread(address, err)
	}
	if res.StatusCode != http.StatusOK {
		return "", fault.New(fault.Unavailable, "%s answers %s", address, res.Status)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// reader is a client that asks as a browser does.
func reader() *http.Client {
	c := network.NewClient(network.NewTransport(nil), network.Limits{})
	c.Timeout, c.CheckRedirect = 10*time.Second, nil
	return c
}

// unread is the error for a site that gives no whole answer.
func unread(address string, err error) error {
	if f := network.Of(err); f != nil {
		f = f.At("url of the site", "SSL_CERT_FILE")
		return fault.Hint(fault.New(fault.Unavailable, "read %s: %w", address, f), "%s", f.Hint)
	}
	return fault.New(fault.Unavailable, "read %s: %w", address, err)
}

// address is where a path of the site answers.
func (s Settings) address(path string) string {
	u, err := url.Parse(s.URL)
	if err != nil {
		return s.URL
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/")+"/"+path, ""
	return u.String()
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
