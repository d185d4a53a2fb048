package imagesync

import (
	"encoding/json"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Read gives the settings of the jobs of a file. A job that is unusable is an error
// only where it is asked for: by its name, or because no names are given.
func Read(given []delivery.SyncSetting, names []string) ([]Settings, error) {
	if len(given) == 0 {
		return nil, fault.Hint(fault.New(fault.NotFound, "the app file has no list sync"), "add sync: to the app file (falkirk schema describes it), or give a job by --source, --destination and --repository")
	}
	all := make([]Settings, len(given))
	for i, one := range given {
		if all[i].Name = one.Name; one.Unusable != "" {
			if len(names) > 0 && !slices.Contains(names, one.Name) {
				continue
			}
			return nil, one.Unusable.Err("job " + one.Name)
		}
		if err := json.Unmarshal(one.Settings, &all[i]); err != nil {
			return nil, fault.New(fault.Invalid, "read job %s: %w", one.Name, err)
		}
	}
	return all, nil
}

// Named are the jobs of these names, in the order of the file; all where no names
// are given. A name that no job has is an error.
func Named(all []Settings, names []string) ([]Settings, error) {
	var known []string
	var found []Settings
	for _, s := range all {
		known = append(known, s.Label())
		if len(names) == 0 || slices.Contains(names, s.Label()) {
			found = append(found, s)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			err := fault.New(fault.NotFound, "no job %q under sync", name)
			return nil, fault.Hint(err, "name one of its jobs: %s", strings.Join(known, ", "))
		}
	}
	return found, nil
}

// CheckWhole finds what is wrong with a job that no file was checked for.
func (s Settings) CheckWhole() error {
	if problems := s.Check(); len(problems) > 0 {
		return fault.New(fault.Invalid, "%s of the job: %s; wanted: %s", problems[0].Path[0], problems[0].Text, problems[0].Want)
	}
	if s.Source == "" || s.Destination == "" || len(s.Repositories) == 0 {
		return fault.Hint(fault.New(fault.Invalid, "a job needs a source, a destination and repositories"), "--source, --destination and --repository go together")
	}
	return nil
}
