package syncsetup

import (
	"slices"

	"falkirk/internal/kube"
)

// ofK9 recognizes the CronJob that k9 create ecr-sync makes, by its container.
func ofK9(o kube.Object) bool {
	if o["kind"] != "CronJob" {
		return false
	}
	at := o
	for _, key := range []string{"spec", "jobTemplate", "spec", "template", "spec"} {
		next, ok := at[key].(map[string]any)
		if !ok {
			return false
		}
		at = next
	}
	containers, _ := at["containers"].([]any)
	if len(containers) != 1 {
		return false
	}
	one, _ := containers[0].(map[string]any)
	command, _ := one["command"].([]any)
	return one["name"] == "ecr-cron-job" && slices.Equal(command, []any{"/sync.sh"})
}
