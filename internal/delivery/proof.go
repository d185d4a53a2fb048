package delivery

import "time"

// RecordVersion is the version of what Record holds and of how entries are
// folded into it. A record that was kept under another one is folded anew.
const RecordVersion = 9

// Proof is what became of proving a log entry by entry.
type Proof struct {
	Environment string   `json:"environment"`
	Entries     int      `json:"entries"`          // proved, from the first
	Hash        string   `json:"hash,omitempty"`   // of the last one proved
	Broken      *Break   `json:"broken,omitempty"` // nil: the log is whole
	Notes       []string `json:"notes,omitempty"`  // what does not belong, or is out of date

	Signers  []SignedBy `json:"signers,omitempty"`  // whose signatures count, by name
	Doubts   []Doubt    `json:"doubts,omitempty"`   // entries that must be signed and are not, or whose signature does not count
	Strays   []Doubt    `json:"strays,omitempty"`   // entries of an operation that was not open; they count for nothing
	Unsigned []Doubt    `json:"unsigned,omitempty"` // stops that were written without a key; they count
	Anchored int        `json:"anchored,omitempty"` // the entry that an anchor proved
	Accepted *Accepted  `json:"accepted,omitempty"` // the last time that somebody signed the log as it was
}

// IsSound reports whether the log is whole, signed as it must be, and has no entry
// that does not belong.
func (p Proof) IsSound() bool { return p.Broken == nil && len(p.Doubts) == 0 && len(p.Strays) == 0 }

// SignedBy is how many entries somebody signed.
type SignedBy struct {
	By      string `json:"by"`
	Entries int    `json:"entries"`
}

// Accepted is a signature under all entries before it.
type Accepted struct {
	Number int    `json:"number"` // of the entry that says so
	By     string `json:"by"`
	Reason string `json:"reason"`
	Doubts int    `json:"doubts"`           // entries before it that are not signed as they must be
	Strays int    `json:"strays,omitempty"` // entries before it of an operation that was not open
}

// Break is the first entry that is not as it was written.
type Break struct {
	Number int    `json:"number"`
	Key    string `json:"key"`
	What   string `json:"what"` // "edited" or "removed"
	Text   string `json:"text"` // what proves it; one line for people
}

// Lock is who has an environment.
type Lock struct {
	Environment string     `json:"environment"`
	Held        bool       `json:"held"`
	Operation   *Operation `json:"operation,omitempty"`
	Holder      *Holder    `json:"holder,omitempty"`
	Since       *time.Time `json:"since,omitempty"`
	Lease       *time.Time `json:"lease,omitempty"` // until when
	Dead        string     `json:"dead,omitempty"`  // why the holder is taken for dead; "" if it is not
	Doing       string     `json:"doing,omitempty"` // the last that it wrote
}

// BlobProof is what became of reading every blob of a store.
type BlobProof struct {
	Blobs   int          `json:"blobs"` // that were read
	Bytes   int64        `json:"bytes"`
	Damaged []BlobDamage `json:"damaged"`          // or missing
	Unread  []BlobDamage `json:"unread,omitempty"` // what could not be read: nothing is known of it
	Notes   []string     `json:"notes,omitempty"`  // what could not be noted in the store, and what is not known
}

// BlobDamage is a blob that has other bytes than its name says, or is missing;
// or a release that cannot be read.
type BlobDamage struct {
	Name     string   `json:"name"` // the digest of a blob, or the key of a release
	What     string   `json:"what"` // "damaged", "missing" or "not read"; of a release also "changed"
	Text     string   `json:"text,omitempty"`
	Releases []string `json:"releases,omitempty"` // that need it: "shop 1.4.0"
	Unknown  bool     `json:"unknown,omitempty"`  // others may need it: a release or a manifest cannot be read
}
