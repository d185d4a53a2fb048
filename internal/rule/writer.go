package rule

import "falkirk/internal/delivery"

// Writer is what people's decisions about the whole app say to a command that
// writes outside of this machine and is no operation on an environment: sync,
// image, pack, create. A version is the release that is written; "" is none.
func Writer(whole delivery.Record, version string) *Obstacle {
	return Decided(Situation{Operation: delivery.Operation{Version: version}, Whole: whole})
}
