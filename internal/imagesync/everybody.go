package imagesync

import "context"

// Everybody asks in several stores, each of which may refuse. It is nil where there
// are none.
func Everybody(all ...People) People {
	if len(all) == 0 {
		return nil
	}
	return everybody(all)
}

type everybody []People

// Ask asks before a write.
func (e everybody) Ask(ctx context.Context, version string) error {
	for _, one := range e {
		if err := one.Ask(ctx, version); err != nil {
			return err
		}
	}
	return nil
}

// HasBans reports whether a release is banned in any of the stores.
func (e everybody) HasBans() bool {
	for _, one := range e {
		if one.HasBans() {
			return true
		}
	}
	return false
}

// AskImage asks before an image is written.
func (e everybody) AskImage(ctx context.Context, digests ...string) error {
	for _, one := range e {
		if err := one.AskImage(ctx, digests...); err != nil {
			return err
		}
	}
	return nil
}
