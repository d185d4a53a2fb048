//go:build !linux && !darwin

package ledger

// machine is empty: a process cannot be looked up safely here, so only the
// lease tells.
func machine() string { return "" }

func look(int) (started string, alive bool) { return "", true }
