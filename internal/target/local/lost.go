package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"falkirk/internal/fence"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// lookAtLost tells what the supervisor of a place runs and serves whose folder was
// deleted. Its images go on; the files of its sites are gone.
func (v *view) lookAtLost() error {
	c := v.status.Component(v.Component)
	v.facts.Lost, v.facts.Served, v.facts.Pointer, v.state.Live = true, c.Served, c.Served, c.Served
	if err := v.lookAtPort(); err != nil {
		return err
	}
	v.facts.Supervised = false // its files have to be written again
	for _, r := range c.Releases {
		if r.Leaving || r.Next {
			continue
		}
		v.state.Present = append(v.state.Present, r.Version)
		if r.Ready && r.Kind != "site" {
			v.state.Ready = append(v.state.Ready, r.Version)
		}
	}
	slices.Sort(v.state.Present)
	slices.Sort(v.state.Ready)
	v.facts.Provisioned = slices.Contains(v.state.Present, v.Version)
	v.facts.Stale = v.facts.Provisioned && !v.isSite()
	v.drift("the state folder of %s was deleted, and its supervisor (process %d) still runs; %s", v.Place, v.status.PID, v.advice("adopts what runs"))
	return nil
}

// lookForOrphans finds the processes of a place that no file records. While a
// supervisor runs, there are none: it ends them when it starts.
func (v *view) lookForOrphans() {
	if v.up {
		return
	}
	if all := orphansOf(v.dir); len(all) > 0 {
		v.facts.Orphans = process.Names(all)
		v.drift("the state folder of %s was deleted, and these processes still run without a supervisor: %s; %s",
			v.Place, v.facts.Orphans, v.afterOrphans())
	}
}

// advice is the next command, and what it does. Without a version nothing is live.
func (v *view) advice(does string) string {
	if v.Version == "" {
		return "falkirk local up " + v.Place.Environment + " " + does
	}
	return "falkirk provision " + v.Version + " --to " + v.Place.Environment + " " + does
}

func (v *view) afterOrphans() string {
	if v.Version == "" {
		return "falkirk local down " + v.Place.Environment + " stops them"
	}
	return "falkirk converge " + v.Place.Environment + " stops them and starts " + v.Version + " again"
}

func orphansOf(dir place.Dir) []process.Orphan {
	return slices.DeleteFunc(process.Orphans(filepath.Dir(string(dir))), func(o process.Orphan) bool {
		return o.Place != filepath.Base(string(dir))
	})
}

// recover makes a place whose folder was deleted one to go on with: its supervisor
// writes the files again, or, where that has ended too, the processes are ended
// that are recorded nowhere.
//
// It returns a line for people about what was done.
func (t *Target) recover(ctx context.Context, s spot) (string, error) {
	st, err := s.client.Status(ctx)
	if errors.Is(err, supervisor.ErrDown) {
		return endOrphans(ctx, s.dir)
	}
	if err == nil && st.Lost {
		err = fence.Check(ctx)
	}
	if err != nil || !st.Lost {
		return "", err
	}
	if _, err := s.client.Adopt(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("its process is %d", st.PID), nil
}

// endOrphans ends what runs of a place without being recorded.
func endOrphans(ctx context.Context, dir place.Dir) (string, error) {
	if len(orphansOf(dir)) == 0 {
		return "", nil
	}
	if err := fence.Check(ctx); err != nil {
		return "", err
	}
	met, err := process.EndOrphans(filepath.Dir(string(dir)), filepath.Base(string(dir)))
	if err != nil || len(met) == 0 {
		return "", err
	}
	return "stopped " + process.Names(met), nil
}
