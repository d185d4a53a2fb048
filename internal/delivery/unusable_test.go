package delivery

import (
	"strings"
	"testing"
)

// The next step fits the cause: a variable that is not set, a wrong value of one, a
// mistake of the file. What was expected names no variable that somebody has.
func TestTheNextStepFitsTheCause(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ lines, want string }{
		"not set":       {"f.yml:1:2: " + NotSet("A"), "set A before you run falkirk: export A=…"},
		"without place": {NotSet("A"), "set A before you run falkirk: export A=…"},
		"two":           {"f:1:1: " + NotSet("B") + "\nf:2:1: " + NotSet("A") + "\nf:3:1: " + NotSet("A"), "set A, B before you run falkirk: export A=… B=…"},
		"a wrong value": {"f:1:1: role is ${env:SRC}; expected the ARN of a role", "correct the value of SRC"},
		"a mistake":     {`f:1:1: account "p" has externalId and no role; expected role`, "correct the file"},
		"expected":      {"f:1:1: ${ is not closed; expected ${env:NAME}, or $${ for the text ${ itself", "correct the file"},
		"all of them":   {"f:1:1: x\nf:1:2: y is ${env:Y}\nf:1:3: " + NotSet("Z"), "set Z before you run falkirk: export Z=…; correct the value of Y; correct the file"},
	}
	for name, test := range tests {
		if got := Unusable(test.lines).Next(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		if err := Unusable(test.lines).Err("it"); err == nil || strings.Contains(test.want, "set ") != strings.Contains(err.Error(), "is not set") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
