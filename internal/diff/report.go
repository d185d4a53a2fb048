package diff

import "falkirk/internal/delivery"

// Report is everything that a comparison found.
type Report struct {
	Different   bool         `json:"different"`
	From        Side         `json:"from"`
	To          Side         `json:"to"`
	Comparisons []Comparison `json:"comparisons"`
	Settings    []Configured `json:"settings"` // of two environments that were compared
}

// Side says what one side is.
type Side struct {
	Name        string `json:"name"`                  // as it was asked for
	Environment string `json:"environment,omitempty"` // when it is what is live there
	Version     string `json:"version,omitempty"`     // "" when nothing is live, or places are on different releases
	Observed    bool   `json:"observed,omitempty"`    // places were asked; else the ledger says so
	Note        string `json:"note,omitempty"`        // what there is to know, one line
}

// Comparison compares one content with another. There is more than one when
// places are on different releases; From.Places and To.Places say which.
type Comparison struct {
	From       End         `json:"from"`
	To         End         `json:"to"`
	Components []Component `json:"components"`
	Files      Files       `json:"files"`
	Transfer   int64       `json:"transferBytes"`
	Commits    Commits     `json:"commits"`
}

// End is one end of a comparison.
type End struct {
	Version string           `json:"version"` // "" is nothing; several are joined by "+"
	Places  []delivery.Place `json:"places,omitempty"`
}

// Files counts files of sites over all components.
type Files struct {
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"`
	Moved   int `json:"moved"`
	Same    int `json:"same"`
}

// Configured is what differs in the settings of a component in two
// environments; of the environments themselves where Component is empty.
type Configured struct {
	Component   string       `json:"component,omitempty"`
	Differences []Difference `json:"differences"`
}

// Commits is the history between two commits.
type Commits struct {
	From    string   `json:"from,omitempty"`
	To      string   `json:"to,omitempty"`
	Came    History  `json:"came"` // commits that To has and From does not
	Gone    History  `json:"gone"` // commits that From has and To does not: a step back, or to the side
	Unknown string   `json:"unknown,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// History is some commits, newest first, and how many there are.
type History struct {
	Count int      `json:"count"`
	List  []Commit `json:"list"`
}

// Commit is one commit.
type Commit struct {
	ID      string `json:"id"`
	Author  string `json:"author"`
	At      string `json:"at"` // RFC 3339
	Subject string `json:"subject"`
}

// Total sums up what the components say.
func (c *Comparison) Total() {
	for _, x := range c.Components {
		c.Transfer += x.Transfer
		if x.Site == nil {
			continue
		}
		c.Files.Added += len(x.Site.Added)
		c.Files.Removed += len(x.Site.Removed)
		c.Files.Changed += len(x.Site.Changed)
		c.Files.Moved += len(x.Site.Moved)
		c.Files.Same += x.Site.Same
	}
}

// Decide says whether anything differs.
func (r *Report) Decide() {
	r.Different = len(r.Settings) > 0
	for _, c := range r.Comparisons {
		for _, x := range c.Components {
			r.Different = r.Different || x.Different()
		}
	}
}
