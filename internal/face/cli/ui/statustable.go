package ui

import (
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
)

// column is one column of the status table: its cell for a component.
type column struct {
	name string
	cell func(st engine.Status, i int) string
}

// statusColumns are those that say something: accounts only where there are
// some, digests only when they are asked for.
func statusColumns(all []engine.Status, digests bool) []column {
	columns := []column{{"ENVIRONMENT", func(st engine.Status, i int) string {
		if i > 0 {
			return ""
		}
		return st.Environment
	}}}
	if slices.ContainsFunc(all, hasAccount) {
		columns = append(columns, column{"ACCOUNT", func(st engine.Status, i int) string {
			if i > 0 && st.Components[i-1].Place.Account == st.Components[i].Place.Account {
				return ""
			}
			return st.Components[i].Place.Account
		}})
	}
	columns = append(columns, column{"REGION", func(st engine.Status, i int) string {
		if i > 0 && st.Components[i-1].Place == st.Components[i].Place {
			return ""
		}
		return st.Components[i].Place.Region
	}}, column{"COMPONENT", func(st engine.Status, i int) string { return st.Components[i].Component }})
	if digests {
		return append(columns,
			column{"RECORDED", func(st engine.Status, i int) string { return OrDash(st.Components[i].Recorded) }},
			column{"ITS DIGEST", func(st engine.Status, i int) string { return hexStart(st.Components[i].Expected) }},
			column{"LIVE", func(st engine.Status, i int) string { return OrDash(st.Components[i].Live) }},
			column{"ITS DIGEST", func(st engine.Status, i int) string { return hexStart(st.Components[i].Digest) }})
	}
	return append(columns,
		column{"LIVE", func(st engine.Status, i int) string { return OrDash(st.Components[i].Live) }},
		column{"SINCE", func(st engine.Status, i int) string {
			if st.Since == nil || st.Components[i].Live != st.Live {
				return ""
			}
			return Moment(*st.Since)
		}},
		column{"BY", func(st engine.Status, i int) string {
			if st.Since == nil || st.Components[i].Live != st.Live {
				return ""
			}
			return st.By
		}},
		column{"READY", func(st engine.Status, i int) string { return OrDash(strings.Join(others(st.Components[i]), " ")) }},
		column{"URL", func(st engine.Status, i int) string { return OrDash(st.Components[i].URL) }})
}

// bareRow is the row of an environment in which no component has a target: what
// is live is in its record only.
func bareRow(columns []column, st engine.Status) []string {
	st.Components = []engine.ComponentStatus{{Component: "-", Place: delivery.Place{Region: "-"}, Live: st.Live, Recorded: st.Live}}
	var row []string
	for _, col := range columns {
		row = append(row, col.cell(st, 0))
	}
	return row
}

func hasAccount(st engine.Status) bool {
	return slices.ContainsFunc(st.Components, func(c engine.ComponentStatus) bool { return c.Place.Account != "" })
}

// hexStart is the beginning of a digest, enough to tell two apart.
func hexStart(digest string) string {
	_, hex, ok := strings.Cut(digest, ":")
	if !ok {
		return OrDash(digest)
	}
	return hex[:min(12, len(hex))]
}
