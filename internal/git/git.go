// Package git runs the git command in a folder. The repository is the one that
// the folder is in: variables such as GIT_DIR, which git sets in hooks, in
// `git submodule foreach` and for aliases, do not choose another.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Error is what git said when it did not succeed.
type Error struct {
	Command string // the first argument: rev-parse, status
	Said    string // its first line that says why
	Cause   error
}

func (e *Error) Error() string {
	if e.Said == "" {
		return fmt.Sprintf("git %s: %v", e.Command, e.Cause)
	}
	return fmt.Sprintf("git %s: %s", e.Command, e.Said)
}

func (e *Error) Unwrap() error { return e.Cause }

// Missing reports whether an error says that there is no git command.
func Missing(err error) bool { return errors.Is(err, exec.ErrNotFound) }

// Command is git with these arguments in a folder; an empty folder is the
// working directory.
func Command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	// Without optional locks, asking does not write to the repository's index.
	all := []string{"--no-optional-locks", "--no-pager"}
	if dir != "" {
		all = append(all, "-C", dir)
	}
	cmd := exec.CommandContext(ctx, "git", append(all, args...)...)
	// A commit that a partial clone does not have is not fetched, and nobody is asked for a password.
	cmd.Env = append(Environ(os.Environ()), "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	cmd.WaitDelay = time.Second
	return cmd
}

// Out is what git prints; the error is an *Error, or that of the context.
func Out(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := Command(ctx, dir, args...)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, &Error{Command: verb(args), Said: reason(problem.String()), Cause: err}
}

// Line is what git prints, as one line.
func Line(ctx context.Context, dir string, args ...string) (string, error) {
	out, err := Out(ctx, dir, args...)
	return strings.TrimRight(string(out), "\r\n"), err
}

// verb is the command in arguments of git that may begin with options.
func verb(args []string) string {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "-c":
			i++
		case !strings.HasPrefix(args[i], "-"):
			return args[i]
		}
	}
	return ""
}

// reason is the line with which git gives up, or else the first.
func reason(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	for _, line := range lines {
		if why, is := strings.CutPrefix(line, "fatal: "); is {
			return strings.TrimSpace(why)
		}
	}
	return strings.TrimSpace(lines[0])
}

// Environ is an environment without the variables that lead git to another
// repository or change what its answers mean. The first group is what
// `git rev-parse --local-env-vars` lists, without settings given by -c, which git
// itself passes on to other repositories.
func Environ(all []string) []string {
	kept := make([]string, 0, len(all))
	for _, kv := range all {
		name, _, _ := strings.Cut(kv, "=")
		if runtime.GOOS == "windows" {
			name = strings.ToUpper(name)
		}
		if !local(name) {
			kept = append(kept, kv)
		}
	}
	return kept
}

func local(name string) bool {
	switch name {
	case "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE",
		"GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
		"GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_QUARANTINE_PATH", "GIT_NAMESPACE":
		return true
	case "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
		"GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_OPTIONAL_LOCKS":
		return true
	}
	return false
}
