package local

import (
	"fmt"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// PlaceProblem is a fault.Problem of the landing with that index.
type PlaceProblem struct {
	Landing int
	Problem fault.Problem
}

// PlaceProblems checks the landings of one app against each other: in a place
// no two components may have one path nor ask for different ports, and no two
// places may have one port. Landings of other targets are passed over.
func PlaceProblems(landings []delivery.Landing) []PlaceProblem {
	type routeKey struct {
		place delivery.Place
		path  string
	}
	routes := map[routeKey]string{}
	ports := map[delivery.Place]int{}
	owners := map[int]delivery.Place{}
	var all []PlaceProblem
	add := func(i int, key, format string, args ...any) {
		all = append(all, PlaceProblem{i, fault.Problem{Path: []string{key}, Text: fmt.Sprintf(format, args...)}})
	}
	for i, l := range landings {
		if l.Target != "local" {
			continue
		}
		s, err := read(l.Settings)
		if err != nil {
			continue // told where the block itself is checked
		}
		key := routeKey{l.Place, s.prefix()}
		if other, ok := routes[key]; ok {
			add(i, "path", "path %s in %s is taken by component %s", s.prefix(), l.Place, other)
		} else {
			routes[key] = l.Component
		}
		if s.Port == 0 {
			continue
		}
		if port, ok := ports[l.Place]; ok && port != s.Port {
			add(i, "port", "port %d differs from port %d of another component in %s; a place has one port", s.Port, port, l.Place)
			continue
		}
		ports[l.Place] = s.Port
		if owner, ok := owners[s.Port]; ok && owner != l.Place {
			add(i, "port", "port %d is taken by the place %s; each place needs its own", s.Port, owner)
			continue
		}
		owners[s.Port] = l.Place
	}
	return all
}
