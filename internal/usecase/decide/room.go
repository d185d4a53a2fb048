// Package decide is the room of use cases by which people decide: what is held,
// banned and stopped, what is approved, and who has an environment.
package decide

import (
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// Room is the use cases of this room.
type Room struct {
	Hold        usecase.Case[EnvironmentQuery, engine.Decided]
	ReleaseHold usecase.Case[EnvironmentQuery, engine.Decided]
	Ban         usecase.Case[VersionQuery, engine.Decided]
	Unban       usecase.Case[VersionQuery, engine.Decided]
	Stop        usecase.Case[ScopeQuery, engine.Decided]
	Resume      usecase.Case[ScopeQuery, engine.Decided]
	SignLedger  usecase.Case[ScopeQuery, engine.Decided]
	Review      usecase.Case[ReviewQuery, Review]
	Approve     usecase.Case[WordQuery, WordResult]
	Reject      usecase.Case[WordQuery, WordResult]
	Approvals   usecase.Case[ApprovalsQuery, ApprovalsResult]
	LockShow    usecase.Case[LockShowQuery, LockShowResult]
	LockSteal   usecase.Case[LockStealQuery, delivery.Lock]
}

// New makes the room; gates count approvals.
func New(gates GatesOf) Room {
	return Room{
		Hold:        newHold(),
		ReleaseHold: newReleaseHold(),
		Ban:         newBan(),
		Unban:       newUnban(),
		Stop:        newStop(),
		Resume:      newResume(),
		SignLedger:  newSignLedger(),
		Review:      newReview(gates),
		Approve:     newApprove(gates),
		Reject:      newReject(gates),
		Approvals:   newApprovals(),
		LockShow:    newLockShow(),
		LockSteal:   newLockSteal(),
	}
}

// Entries are the use cases as faces list them.
func (r Room) Entries() []usecase.Entry {
	return []usecase.Entry{
		r.Hold.Entry(), r.ReleaseHold.Entry(), r.Ban.Entry(), r.Unban.Entry(), r.Stop.Entry(), r.Resume.Entry(), r.SignLedger.Entry(),
		r.Review.Entry(), r.Approve.Entry(), r.Reject.Entry(), r.Approvals.Entry(), r.LockShow.Entry(), r.LockSteal.Entry(),
	}
}
