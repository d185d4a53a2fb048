package cfnfake

import (
	"strings"
	"testing"

	"falkirk/test/emulators"
)

// A stranger's client reads what the fake answers.
func TestTheAWSCLIReadsIt(t *testing.T) {
	t.Parallel()
	f := New(t, Options{})
	f.Put(Stack{Name: "shop", Status: "CREATE_COMPLETE", Resources: map[string]string{"Queue": "CREATE_COMPLETE"}, Drifted: []string{"Queue"}})
	cli := (&emulators.Server{}).At(f.URL).CLI(t)
	aws := func(want string, args ...string) {
		t.Helper()
		out, err := cli.Try(append([]string{"cloudformation", "--region", "eu-central-1"}, args...)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("aws %v: %v\n%s", args, err, out)
		}
	}
	aws(`"StackStatus": "CREATE_COMPLETE"`, "describe-stacks")
	aws("", "update-termination-protection", "--enable-termination-protection", "--stack-name", "shop")
	aws(`"EnableTerminationProtection": true`, "describe-stacks", "--stack-name", "shop")
	aws(`"Queue"`, "list-stack-resources", "--stack-name", "shop")
	aws(`/DelaySeconds`, "describe-stack-resource-drifts", "--stack-name", "shop")
	aws(`"DETECTION_COMPLETE"`, "describe-stack-drift-detection-status", "--stack-drift-detection-id", "d")
	aws(`"Id"`, "create-change-set", "--stack-name", "new", "--change-set-name", "one", "--change-set-type", "CREATE", "--template-body", "{}")
	aws(`"AVAILABLE"`, "describe-change-set", "--stack-name", "new", "--change-set-name", "one")
	aws("", "execute-change-set", "--stack-name", "new", "--change-set-name", "one")
	aws(`CREATE_IN_PROGRESS`, "describe-stack-events", "--stack-name", "new")
}
