package rule

import "falkirk/internal/delivery"

// Writer is what people's decisions about the whole app say to a command that
// writes outside of this machine and is no operation on an environment: sync,
// image, pack, create. A version is the release that is written; "" is none. Unsafe
// is that of the app.
func Writer(whole delivery.Record, version string, why delivery.Unusable) *Obstacle {
	s := Situation{Operation: delivery.Operation{Version: version}, Whole: whole, Unsafe: why}
	if o := unsafe(s); o != nil {
		return o
	}
	return Decided(s)
}
