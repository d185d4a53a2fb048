package fault

import "testing"

func TestOneThingIsNotMany(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 files are", 1: "1 file is", 2: "2 files are", 11: "11 files are"} {
		if got := Count(n, "file is", "files are"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
