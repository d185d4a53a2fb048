package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/proxy"
	"falkirk/internal/target/local/supervisor"
)

// view is what one observation gathers.
type view struct {
	spot
	up     bool
	status supervisor.Status
	state  delivery.State
	facts  facts
}

// Observe looks at one placement; it changes nothing.
func (t *Target) Observe(ctx context.Context, p delivery.Placement) (delivery.State, error) {
	s, err := t.spot(p)
	if err != nil {
		return delivery.State{}, err
	}
	v := view{spot: s}
	if err := v.look(ctx); err != nil {
		return delivery.State{}, fmt.Errorf("look at %s in %s: %w", p.Component, p.Place, err)
	}
	if err := t.lookAtSite(ctx, &v); err != nil {
		return delivery.State{}, fmt.Errorf("look at %s in %s: %w", p.Component, p.Place, err)
	}
	v.state.Facts, err = json.Marshal(v.facts)
	return v.state, err
}

func (v *view) look(ctx context.Context) error {
	var err error
	v.status, err = v.client.Status(ctx)
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return err
	}
	v.up = err == nil
	if v.status.Lost {
		return v.lookAtLost()
	}
	v.lookForOrphans()
	if v.facts.Pointer, err = v.dir.Live(v.Component); err != nil {
		return err
	}
	v.state.Live = v.facts.Pointer
	if v.state.Present, err = v.dir.Versions(v.Component); err != nil {
		return err
	}
	if err := v.lookAtPort(); err != nil {
		return err
	}
	for _, version := range v.state.Present {
		ready, err := v.lookAtVersion(version)
		if err != nil {
			return err
		}
		if ready {
			v.state.Ready = append(v.state.Ready, version)
		}
	}
	v.compare()
	return nil
}

func (v *view) lookAtPort() error {
	var kept place.Port
	found, err := place.Read(v.dir.PortFile(), &kept)
	if err != nil {
		return err
	}
	v.facts.Any = found
	if v.facts.Port = kept.Port; v.status.Lost {
		v.facts.Port = v.status.Port
	}
	if v.set.Port > 0 {
		v.facts.Port = v.set.Port
	}
	v.facts.Down = v.up && v.dir.IsDown(v.Component)
	v.facts.Supervised = v.up && !v.facts.Down && v.status.PortError == "" && v.status.Port != 0 && v.status.Port == v.facts.Port
	if v.facts.Port == 0 {
		return nil
	}
	address := "http://127.0.0.1:" + strconv.Itoa(v.facts.Port) + v.set.prefix()
	v.state.Endpoint = delivery.Endpoint{URL: address}
	if v.Version != "" {
		v.state.Candidate = delivery.Endpoint{URL: address, Header: map[string]string{proxy.Header: v.Version}}
	}
	return nil
}

// lookAtVersion reports whether a version could be made live now.
func (v *view) lookAtVersion(version string) (bool, error) {
	dir := v.dir.Version(v.Component, version)
	var w place.Wanted
	wanted, err := place.Read(dir.WantedFile(), &w)
	if err != nil {
		return false, err
	}
	if version == v.Version && version != "" {
		if err := v.lookAtOwn(dir, w, wanted); err != nil {
			return false, err
		}
	}
	if !wanted {
		return false, nil
	}
	if w.Process == nil {
		missing, _, _, err := lacking(v.dir, dir)
		if err == nil && missing > 0 {
			v.drift("%s: %s missing or altered; falkirk provision %s --to %s lays out the release again", version, fault.Count(missing, "file is", "files are"), version, v.Place.Environment)
		}
		return missing == 0, err
	}
	if !v.up || v.facts.Down {
		return true, nil
	}
	r, ok := v.status.Find(v.Component, version)
	if r.Lost {
		v.facts.Stale = v.facts.Stale || version == v.Version
		v.drift("the process of %s runs, but its files were deleted; falkirk provision %s --to %s starts it again", version, version, v.Place.Environment)
	}
	if !ok || !r.Ready {
		v.drift("the process of %s is not healthy: %s", version, orElse(r.Error, "it has not been started"))
	}
	return ok && r.Ready, nil
}

// lookAtOwn compares the placement's own release with what was provisioned.
func (v *view) lookAtOwn(dir place.Version, w place.Wanted, wanted bool) error {
	var img Image
	unpacked, err := place.Read(dir.ImageFile(), &img)
	if err != nil {
		return err
	}
	v.facts.Unpacked = unpacked && img.Digest == v.Artifact.Digest
	if v.facts.Unpacked && img.Platform != v.platform() {
		v.facts.Unpacked = v.Version == v.facts.Pointer // what runs stays
		v.platformDrift(img)
	}
	now, err := v.set.ofRelease()
	if err != nil {
		return err
	}
	v.facts.Provisioned = wanted
	v.facts.Changed = wanted && !bytes.Equal(now, w.Settings)
	if _, err := os.Stat(dir.Next().WantedFile()); err == nil {
		v.facts.Pending = true
		v.drift("a replacement of %s with other settings was interrupted; %s", v.Version, v.advice("ends it"))
	}
	if v.facts.Changed && v.Version == v.facts.Pointer {
		v.drift("the settings have changed since %s was provisioned; %s", v.Version, v.advice("takes them on"))
	}
	return nil
}

// platformDrift says that the live release has another platform: its files are not
// replaced below a process that runs.
func (v *view) platformDrift(img Image) {
	if v.Version == v.facts.Pointer {
		v.drift("the platform of %s is %s and not %s; it changes with the next release only", v.Version, img.Platform, v.platform())
	}
}

// compare holds what is served against what the pointer says.
func (v *view) compare() {
	_, err := os.Stat(v.dir.DownFile())
	switch {
	case err == nil:
		v.drift("the place was taken down with `falkirk local down`; falkirk local up %s starts it again", v.Place.Environment)
	case v.facts.Down:
		v.drift("the component was taken down with `falkirk local down`; falkirk local up %s starts it again", v.Place.Environment)
	case !v.up && len(v.state.Present) > 0:
		v.drift("the supervisor is not running; falkirk local up %s starts it again", v.Place.Environment)
	case v.up && v.status.PortError != "":
		v.drift("the proxy cannot listen: %s", v.status.PortError)
	case v.up && v.status.Port != 0 && v.status.Port != v.facts.Port:
		v.drift("the proxy listens on port %d and not on %d; %s", v.status.Port, v.facts.Port, v.advice("moves it"))
	}
	if !v.up || v.facts.Down {
		return
	}
	v.facts.Served = v.status.Component(v.Component).Served
	if v.facts.Served != v.facts.Pointer {
		v.drift("%s is to be live, but %s is served", orElse(v.facts.Pointer, "nothing"), orElse(v.facts.Served, "nothing"))
		v.state.Live = v.facts.Served
	}
	slices.Sort(v.state.Drift)
}

func (v *view) drift(format string, args ...any) {
	v.state.Drift = append(v.state.Drift, fmt.Sprintf(format, args...))
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
