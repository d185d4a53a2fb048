package fault

// Exit is one row of the table of exit codes.
type Exit struct {
	Code    int
	Name    string
	Meaning string
}

// Different is the exit code of a comparison that found a difference. It goes
// with no error: the command did what was asked.
const Different = 7

// Exits is the whole table, in order of code; the reference in docs is made
// from it.
func Exits() []Exit {
	return []Exit{
		{0, "done", "the command did what was asked, or there was nothing to do"},
		{1, "failed", "a step failed; the message says what stands and what to do next"},
		{2, "bad input", "flags, the app file, or a name given are wrong; nothing was changed"},
		{3, "gate closed", "a gate said no; every environment is on its old or its new release"},
		{4, "waiting", "a gate waits for somebody; repeat the command later"},
		{5, "locked", "another operation holds the environment; the message says whose and since when"},
		{6, "refused", "a rule says no: the version is taken, the environment is protected, or the release is not ready"},
		{Different, "different", "falkirk diff found a difference; this is no error"},
		{130, "interrupted", "stopped by a signal between two steps; repeating the command finishes the job"},
	}
}

// ExitCode is the exit code for err; nil is 0.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	switch KindOf(err) {
	case Invalid, NotFound:
		return 2
	case Closed:
		return 3
	case Pending:
		return 4
	case Locked:
		return 5
	case Conflict, Refused:
		return 6
	case Interrupted:
		return 130
	default:
		return 1
	}
}
