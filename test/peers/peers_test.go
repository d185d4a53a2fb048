package peers

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// `make` gives the tests exactly the value that makes them install what is
// missing: a comment on the same line would add a space to it.
func TestMakeInstalls(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^demo-aws test chaos: export FALKIRK_PEERS =(.*)$`).FindSubmatch(raw)
	if m == nil || string(m[1]) != " install" {
		t.Errorf("the Makefile says %q", m)
	}
}

// A value that means nothing is an error and no missing program.
func TestAnUnknownModeIsRefused(t *testing.T) { //nolint:paralleltest // it sets the environment
	t.Setenv("FALKIRK_PEERS", "install ")
	if _, err := Find("no-such-program"); err == nil || !strings.Contains(err.Error(), `"install "`) {
		t.Errorf("the error is %v", err)
	}
}
