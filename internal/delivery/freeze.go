package delivery

// Freeze is one window of an environment: a time in which no promotion begins
// (Deny), or the only time in which one does (Allow). Exactly one of the two is
// given, as text; package freeze reads it and says what it means.
type Freeze struct {
	Deny   string `json:"deny,omitempty"`
	Allow  string `json:"allow,omitempty"`
	Zone   string `json:"zone,omitempty"` // IANA name of the zone whose clock counts; empty is UTC
	Reason string `json:"reason,omitempty"`
}
