package delivery

import (
	"bufio"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"falkirk/internal/fault"
)

// Anchor names the last entry of a ledger at some time. Kept elsewhere, it
// proves later that the ledger still has the entry, and all before it.
type Anchor struct {
	App         string `json:"app"`
	Environment string `json:"environment"`
	Number      int    `json:"number"`         // 0: the ledger was empty
	Hash        string `json:"hash,omitempty"` // sha256:…
}

// String is the anchor in one line, as ParseAnchors reads it.
func (a Anchor) String() string {
	if a.Number == 0 {
		return fmt.Sprintf("%s/%s 0 -", a.App, a.Environment)
	}
	return fmt.Sprintf("%s/%s %d %s", a.App, a.Environment, a.Number, a.Hash)
}

var anchorHash = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ParseAnchors reads lines as String writes them, or the JSON document that
// `falkirk verify --anchor --output json` writes. Lines that are empty or begin
// with # are skipped.
func ParseAnchors(text string) ([]Anchor, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return anchorsOfJSON(text)
	}
	var all []Anchor
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		a, err := parseAnchor(line)
		if err != nil {
			return nil, fmt.Errorf("line %d of the anchor: %w", number, err)
		}
		all = append(all, a)
	}
	if err := lines.Err(); err != nil {
		return nil, fault.Hint(fault.New(fault.Invalid, "read the anchor: %w", err), "falkirk verify --anchor prints one")
	}
	return someAnchors(all)
}

func parseAnchor(line string) (Anchor, error) {
	words := strings.Fields(line)
	if len(words) != 3 {
		return Anchor{}, notAnchor(line)
	}
	app, environment, ok := strings.Cut(words[0], "/")
	number, err := strconv.Atoi(words[1])
	a := Anchor{App: app, Environment: environment, Number: number, Hash: words[2]}
	if number == 0 && words[2] == "-" {
		a.Hash = ""
	}
	if !ok || err != nil || !a.isValid() {
		return Anchor{}, notAnchor(line)
	}
	return a, nil
}

func (a Anchor) isValid() bool {
	plain := func(s string) bool { return s != "" && !strings.ContainsAny(s, "/\\. \t") }
	return plain(a.App) && plain(a.Environment) &&
		(a.Number == 0 && a.Hash == "" || a.Number > 0 && anchorHash.MatchString(a.Hash))
}

func notAnchor(line string) error {
	if len(line) > 80 {
		line = line[:80] + "…"
	}
	err := fault.New(fault.Invalid, "%q is no anchor", line)
	return fault.Hint(err, "an anchor is lines such as shop/prd 12 sha256:…, as falkirk verify --anchor prints them")
}

func anchorsOfJSON(text string) ([]Anchor, error) {
	var doc struct {
		Result []Anchor `json:"result"`
		Anchor *Anchor  `json:"anchor"` // a notice
		Data   struct {
			Anchor *Anchor `json:"anchor"` // a notice in a CloudEvent
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fault.New(fault.Invalid, "the anchor is no JSON: %w", err)
	}
	all := doc.Result
	for _, a := range []*Anchor{doc.Anchor, doc.Data.Anchor} {
		if a != nil {
			all = append(all, *a)
		}
	}
	for _, a := range all {
		if !a.isValid() {
			return nil, notAnchor(a.String())
		}
	}
	return someAnchors(all)
}

func someAnchors(all []Anchor) ([]Anchor, error) {
	if len(all) == 0 {
		return nil, fault.Hint(fault.New(fault.Invalid, "the anchor has no line"), "falkirk verify --anchor prints one")
	}
	return all, nil
}
