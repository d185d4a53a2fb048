// Package inspect is the room of use cases that look: what is live where, what
// holds a release back, what differs, what the ledgers say and whether they are as
// they were written.
package inspect

import (
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/usecase"
)

// Room is the use cases of this room.
type Room struct {
	Anchor      usecase.Case[AnchorQuery, AnchorResult]
	Calendar    usecase.Case[CalendarQuery, CalendarResult]
	Diff        usecase.Case[DiffQuery, diff.Report]
	Doctor      usecase.Case[DoctorQuery, delivery.Examination]
	Export      usecase.Case[ExportQuery, ExportResult]
	History     usecase.Case[HistoryQuery, HistoryResult]
	LocalDown   usecase.Case[LocalDownQuery, LocalResult]
	LocalPs     usecase.Case[LocalQuery, LocalResult]
	LocalUp     usecase.Case[LocalUpQuery, LocalResult]
	Logs        usecase.Case[LogsQuery, LogsResult]
	Status      usecase.Case[StatusQuery, StatusResult]
	TestNotices usecase.Case[TestNoticesQuery, TestNoticesResult]
	Verify      usecase.Case[VerifyQuery, VerifyResult]
	VerifyBlobs usecase.Case[VerifyBlobsQuery, delivery.BlobProof]
	Why         usecase.Case[WhyQuery, WhyResult]
}

// New makes the room.
func New(now func() time.Time) Room {
	return Room{
		Anchor: newAnchor(), Calendar: newCalendar(now), Diff: newDiff(), Doctor: newDoctor(), Export: newExport(),
		History: newHistory(), LocalDown: newLocalDown(), LocalPs: newLocalPs(), LocalUp: newLocalUp(), Logs: newLogs(), Status: newStatus(), TestNotices: newTestNotices(),
		Verify: newVerify(), VerifyBlobs: newVerifyBlobs(), Why: newWhy(),
	}
}

// Entries are the use cases as faces list them.
func (r Room) Entries() []usecase.Entry {
	return []usecase.Entry{
		r.Anchor.Entry(), r.Calendar.Entry(), r.Diff.Entry(), r.Doctor.Entry(), r.Export.Entry(), r.History.Entry(),
		r.LocalDown.Entry(), r.LocalPs.Entry(), r.LocalUp.Entry(), r.Logs.Entry(), r.Status.Entry(), r.TestNotices.Entry(), r.Verify.Entry(), r.VerifyBlobs.Entry(), r.Why.Entry(),
	}
}
