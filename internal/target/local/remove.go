package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/fence"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/supervisor"
)

// remove drains, stops and deletes one version; the live one is refused.
func (t *Target) remove(ctx context.Context, s spot) (delivery.Outcome, error) {
	pointer, err := s.dir.Live(s.Component)
	if err != nil {
		return delivery.Outcome{}, err
	}
	st, err := s.client.Status(ctx)
	if err != nil && !errors.Is(err, supervisor.ErrDown) {
		return delivery.Outcome{}, err
	}
	if s.Version == "" || pointer == s.Version || st.Component(s.Component).Served == s.Version {
		return delivery.Outcome{}, fault.New(fault.Refused, "%s is live", s.Version)
	}
	if _, err := os.Stat(string(s.version())); errors.Is(err, os.ErrNotExist) {
		return delivery.Outcome{Nothing: true}, t.tidy(ctx, s)
	}
	if err := s.withdraw(ctx); err != nil {
		return delivery.Outcome{}, err
	}
	if err := place.Discard(string(s.version()), held(ctx)); err != nil {
		return delivery.Outcome{}, fmt.Errorf("delete the files: %w", err)
	}
	return delivery.Outcome{}, t.tidy(ctx, s)
}

// tidy deletes what nothing needs any more after a version has gone: contents
// of sites, the component's folder, and the place with its supervisor.
func (t *Target) tidy(ctx context.Context, s spot) error {
	if err := sweep(ctx, s.dir); err != nil {
		return fmt.Errorf("delete contents that no site refers to: %w", err)
	}
	versions, err := s.dir.Versions(s.Component)
	if err != nil || len(versions) > 0 {
		return err
	}
	if err := place.Discard(filepath.Dir(s.dir.LiveFile(s.Component)), held(ctx)); err != nil {
		return err
	}
	rest, err := s.dir.Components()
	if err != nil || len(rest) > 0 {
		return err
	}
	if err := fence.Check(ctx); err != nil {
		return err
	}
	if err := s.client.End(ctx); err != nil && !errors.Is(err, supervisor.ErrDown) {
		return err
	}
	if err := place.Discard(string(s.dir), held(ctx)); err != nil {
		return fmt.Errorf("delete the empty place: %w", err)
	}
	return nil
}
