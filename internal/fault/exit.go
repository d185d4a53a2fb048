package fault

// Exit is one row of the table of exit codes.
type Exit struct {
	Code    int
	Name    string
	Meaning string
}

// The codes of a question that was answered: they go with no error. Diff and
// status --exit-code give them.
const (
	Different = 7  // diff: there is a difference; status: there is drift, or something is orphaned
	Partial   = 9  // places are on different releases
	Unsettled = 10 // a promotion or rollback has not come to its end
	Unknown   = 11 // something could not be observed
)

// InUse is the code of Locked. Status gives it without an error when an
// operation holds an environment.
const InUse = 5

// Exits is the whole table, in order of code; the reference in docs is made
// from it.
func Exits() []Exit {
	return []Exit{
		{0, "done", "the command did what was asked, or there was nothing to do"},
		{1, "failed", "something failed after the command had begun; the message says what was changed, what was taken back, and what to do next"},
		{2, "bad input", "flags, the app file, or a name given are wrong; nothing was changed"},
		{3, "gate closed", "a gate said no; every environment is on its old or its new release"},
		{4, "waiting", "a gate or a service waits for somebody; repeat the command later"},
		{InUse, "locked", "another operation holds the environment, or took it over while the command ran; the message says whose and since when"},
		{6, "refused", "a rule, a person or a service says no: the version is taken, the environment is protected or stopped, the release is not ready, access is denied"},
		{Different, "different", "falkirk diff found a difference, or falkirk status --exit-code found drift or something orphaned; this is no error"},
		{8, "tampered", "what is stored is not what was written: an entry of a ledger, a release or a blob was changed or removed; falkirk verify says which"},
		{Partial, "partial", "falkirk status --exit-code: components or places are on different releases; this is no error"},
		{Unsettled, "unsettled", "falkirk status --exit-code: a promotion or rollback has not come to its end; this is no error"},
		{Unknown, "unknown", "falkirk status --exit-code: something could not be observed"},
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
		return InUse
	case Conflict, Refused:
		return 6
	case Tampered:
		return 8
	case Interrupted:
		return 130
	default:
		return 1
	}
}
