package usecase

import (
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// Catalog is every use case of the program, by name.
type Catalog struct{ all []Entry }

// NewCatalog lists use cases. A name that is there twice is a mistake of the program.
func NewCatalog(all ...Entry) Catalog {
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(all); i++ {
		if all[i].Name == all[i-1].Name {
			panic(fmt.Sprintf("usecase: %s is there twice", all[i].Name))
		}
	}
	return Catalog{all}
}

// Entries are those that a face offers, by name.
func (c Catalog) Entries(offers func(Entry) bool) []Entry {
	return slices.DeleteFunc(slices.Clone(c.all), func(e Entry) bool { return !offers(e) })
}

// Find is the use case of a name among those that a face offers.
func (c Catalog) Find(name string, offers func(Entry) bool) (Entry, error) {
	i := slices.IndexFunc(c.all, func(e Entry) bool { return e.Name == name && offers(e) })
	if i >= 0 {
		return c.all[i], nil
	}
	if slices.ContainsFunc(c.all, func(e Entry) bool { return e.Name == name }) {
		err := fault.New(fault.Refused, "the use case %s needs files, processes or a person of the machine that it runs on", name)
		return Entry{}, fault.Hint(err, "ask for it on the command line of that machine")
	}
	var names []string
	for _, e := range c.Entries(offers) {
		names = append(names, e.Name)
	}
	return Entry{}, fault.Hint(fault.New(fault.NotFound, "no use case %q", name), "use one of: %s", strings.Join(names, ", "))
}

// Remote reports whether a use case can be asked for from another machine.
func Remote(e Entry) bool { return e.Reach == Anywhere }
