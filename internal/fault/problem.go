package fault

import (
	"fmt"
	"strconv"
)

// Problem is one thing wrong with one value of a settings block. Path leads to
// the value from the block's own root: keys, and list indexes as decimals.
type Problem struct {
	Path []string
	Text string // what is wrong, e.g. `"80x" is not a port`
	Want string // what was expected, e.g. "a number from 1 to 65535"; may be empty
}

// PathOf writes a path as the app file is written about: dotfiles[0], target.local.port.
func PathOf(path []string) string {
	s := ""
	for i, key := range path {
		switch _, err := strconv.Atoi(key); {
		case i > 0 && err == nil:
			s += "[" + key + "]"
		case i > 0:
			s += "." + key
		default:
			s = key
		}
	}
	return s
}

func (p Problem) String() string {
	s := p.Text
	if len(p.Path) > 0 {
		s = PathOf(p.Path) + ": " + s
	}
	if p.Want != "" {
		s = fmt.Sprintf("%s; expected %s", s, p.Want)
	}
	return s
}
