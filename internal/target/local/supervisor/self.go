package supervisor

import "os"

// running is the way back to this program. On linux /proc/self/exe leads to it also
// when its file is gone, as after `go run`, or was replaced by another build.
func running(self []string) []string {
	const exe = "/proc/self/exe"
	if _, err := os.Stat(exe); err != nil || len(self) == 0 {
		return self
	}
	return append([]string{exe}, self[1:]...)
}
