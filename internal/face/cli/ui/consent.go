package ui

import (
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// AskConsent asks the person at the terminal to type the name of each protected
// environment.
func (f *Face) AskConsent(need *usecase.ConsentError) error {
	if !f.Ask {
		return need
	}
	for _, name := range need.Environments {
		Fprintf(f.Err, "%s is protected. Type its name to go on: ", name)
		if f.ReadLine() != name {
			return fault.Hint(fault.New(fault.Refused, "%s is protected", name), "nothing was changed; type the name, or give --yes")
		}
	}
	return nil
}
