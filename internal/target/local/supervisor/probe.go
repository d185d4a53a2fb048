package supervisor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/proxy"
)

// probe asks a process whether it is healthy.
func (u *unit) probe(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if u.wanted.Process.Health == "" {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("nothing listens on port %d yet", port)
		}
		return conn.Close()
	}
	path := "/" + strings.TrimPrefix(u.wanted.Process.Health, "/")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return err
	}
	res, err := probeClient.Do(req)
	if err != nil {
		return fmt.Errorf("health check %s: no answer on port %d", path, port)
	}
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode >= 400 {
		return fmt.Errorf("health check %s: status %d", path, res.StatusCode)
	}
	return nil
}

// probeClient follows no redirect, as one is an answer, and keeps no connection.
var probeClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// layOut makes a site's release from its manifest.
func (u *unit) layOut() error {
	var site delivery.Site
	found, err := place.Read(u.dir.SiteFile(), &site)
	if err == nil && !found {
		err = fmt.Errorf("%s: no manifest", u.wanted.Version)
	}
	if err != nil {
		return err
	}
	u.release.Files = proxy.NewFiles(site, u.wanted.Path, u.wanted.Fallback, u.place.Blob)
	u.release.Serve = u.release.Files
	u.status.Kind, u.status.Ready = "site", true
	return nil
}
