package guard

// Started is a living process, with what it was started with.
type Started struct {
	Process
	Env     []string // NAME=value, each that begins with the prefix that was asked for
	UID     int      // user whose rights it has
	Program string   // path of its program; empty where the system does not tell
}
