package ignore

import (
	"bytes"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// DockerFile is the name of Docker's ignore file.
const DockerFile = ".dockerignore"

// Docker is the .dockerignore file of a folder, matched by Docker's own code. A nil
// Docker leaves nothing out.
type Docker struct {
	matcher *patternmatcher.PatternMatcher
}

// ReadDocker reads the file in a folder; nil where there is none.
func ReadDocker(folder string) (*Docker, error) {
	name := filepath.Join(folder, DockerFile)
	raw, err := regular.Read(name, name, mostText)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	if err != nil {
		return nil, err
	}
	lines, err := ignorefile.ReadAll(bytes.NewReader(raw))
	if err != nil {
		return nil, fault.New(fault.Invalid, "read %s: %w", name, err)
	}
	matcher, err := patternmatcher.New(lines)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", name, err)
	}
	return &Docker{matcher}, nil
}

// Match reports whether a path is left out. A folder that is left out may hold
// files that are not: see Enter.
func (d *Docker) Match(p string) (bool, error) {
	if d == nil {
		return false, nil
	}
	out, err := d.matcher.MatchesOrParentMatches(filepath.FromSlash(p))
	if err != nil {
		err = fault.New(fault.Invalid, "match %q by %s: %w", p, DockerFile, err)
	}
	return out, err
}

// Enter reports whether folders that are left out must be looked into, because a
// pattern takes something back.
func (d *Docker) Enter() bool { return d != nil && d.matcher.Exclusions() }
