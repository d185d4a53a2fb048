package cfn

import (
	"maps"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// Output is the value of an output of the stack.
func (s Stack) Output(name string) (string, error) {
	if value, ok := s.Outputs[name]; ok {
		return value, nil
	}
	has := strings.Join(slices.Sorted(maps.Keys(s.Outputs)), ", ")
	if has == "" {
		has = "no outputs"
	}
	err := fault.New(fault.NotFound, "stack %s has no output %q; it has %s", s.Name, name, has)
	return "", fault.Hint(err, "write ${stack.NAME.OUTPUT} with an output that the stack has, or add the output to its template")
}
