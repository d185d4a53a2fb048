// Package release is the room of use cases that make releases and take them through
// environments.
package release

import (
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// Room is the use cases of this room.
type Room struct {
	Apply     usecase.Case[ApplyQuery, *ChangeResult]
	Converge  usecase.Case[ConvergeQuery, *engine.Leg]
	Fetch     usecase.Case[FetchQuery, FetchResult]
	List      usecase.Case[ListQuery, ListResult]
	Pack      usecase.Case[PackQuery, usecase.Packed]
	Plan      usecase.Case[PlanQuery, usecase.Plan]
	Promote   usecase.Case[PromoteQuery, *ChangeResult]
	Provision usecase.Case[ProvisionQuery, *ChangeResult]
	Prune     usecase.Case[PruneQuery, *ChangeResult]
	Retire    usecase.Case[RetireQuery, engine.Retired]
	Rollback  usecase.Case[RollbackQuery, *ChangeResult]
	Save      usecase.Case[PlanQuery, SaveResult]
	Show      usecase.Case[ShowQuery, delivery.Release]
	Train     usecase.Case[TrainQuery, *TrainResult]
	TrainPlan usecase.Case[TrainPlanQuery, TrainPlanResult]
}

// New makes the room. Files of this machine are written by write.
func New(write WriteFile) Room {
	return Room{
		Apply: newApply(), Converge: newConverge(), Fetch: newFetch(write), List: newList(), Pack: newPack(), Plan: newPlan(),
		Promote: newPromote(), Provision: newProvision(), Prune: newPrune(), Retire: newRetire(), Rollback: newRollback(),
		Save: newSave(), Show: newShow(), Train: newTrain(), TrainPlan: newTrainPlan(),
	}
}

// Entries are the use cases as faces list them.
func (r Room) Entries() []usecase.Entry {
	return []usecase.Entry{
		r.Apply.Entry(), r.Converge.Entry(), r.Fetch.Entry(), r.List.Entry(), r.Pack.Entry(), r.Plan.Entry(),
		r.Promote.Entry(), r.Provision.Entry(), r.Prune.Entry(), r.Retire.Entry(), r.Rollback.Entry(),
		r.Save.Entry(), r.Show.Entry(), r.Train.Entry(), r.TrainPlan.Entry(),
	}
}
