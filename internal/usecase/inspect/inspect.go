// Package inspect is the room of use cases that look: what is live where, what
// holds a release back.
package inspect

import "falkirk/internal/usecase"

// Room is the use cases of this room.
type Room struct {
	Export usecase.Case[ExportQuery, ExportResult]
	Status usecase.Case[StatusQuery, StatusResult]
	Why    usecase.Case[WhyQuery, WhyResult]
}

// New makes the room.
func New() Room {
	return Room{Export: newExport(), Status: newStatus(), Why: newWhy()}
}

// Entries are the use cases as faces list them.
func (r Room) Entries() []usecase.Entry {
	return []usecase.Entry{r.Export.Entry(), r.Status.Entry(), r.Why.Entry()}
}
