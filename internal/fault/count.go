package fault

import "fmt"

// Count is a number with its noun, and its verb where one follows, as messages have it:
// Count(1, "file is", "files are").
func Count[T int | int64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
