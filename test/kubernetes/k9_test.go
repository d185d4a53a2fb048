package kubernetes

import (
	"strings"
	"testing"

	"falkirk/test/emulators"
)

// k9Job is the CronJob as k9 1.0.0 makes it, but for the Docker socket, which this
// namespace does not allow.
const k9Job = `apiVersion: batch/v1
kind: CronJob
metadata: {name: ecr-sync}
spec:
  schedule: '*/2 * * * *'
  successfulJobsHistoryLimit: 2
  failedJobsHistoryLimit: 2
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 4
      template:
        spec:
          terminationGracePeriodSeconds: 0
          restartPolicy: OnFailure
          containers:
          - name: ecr-cron-job
            imagePullPolicy: IfNotPresent
            image: 'simoncomputing/ecr-sync:latest'
            command: ["/sync.sh"]
            env: [{name: REPO_NAME, value: shop}]
            volumeMounts: [{mountPath: /var/run/docker.sock, name: dockersock}]
          volumes: [{name: dockersock, hostPath: {path: /var/run/docker.sock}}]
`

// ofK9: the CronJob of k9 is replaced by one of the same name, and nothing of it remains.
func ofK9(t *testing.T, s *stage) {
	t.Helper()
	s.write(t, "job.yml", k9Job)
	s.cluster.Kubectl(t, "apply", "-n", s.namespace, "-f", s.dir+"/job.yml")
	s.write(t, "ecr-sync-values.yml", "clusterName: 'prd'\nnamespace: '"+s.namespace+"'\nschedule: '*/2 * * * *'\nimage: 'simoncomputing/ecr-sync:latest'\n"+
		"env:\n  repo_name: 'shop'\n  np_region: 'eu-west-1'\n  prd_region: 'eu-west-1'\n  np_account: '111111111111'\n  prd_account: '"+emulators.Root+"'\n")
	create := append([]string{"create", "ecr-sync", "--yes", "--image", "registry.example/falkirk:1"}, source()...)
	before := s.cluster.Kubectl(t, "get", "cronjob", "ecr-sync", "-n", s.namespace, "-o", "yaml")
	s.must(t, append(create, "--dry-run")...)
	if now := s.cluster.Kubectl(t, "get", "cronjob", "ecr-sync", "-n", s.namespace, "-o", "yaml"); now != before {
		t.Errorf("a dry run changes it: %s", now)
	}
	s.must(t, create...)
	got := s.cluster.Kubectl(t, "get", "cronjobs", "-n", s.namespace, "-o", "yaml", "--show-managed-fields")
	for _, gone := range []string{"docker", "sync.sh", "ecr-cron-job", "simoncomputing", "kubectl", "REPO_NAME"} {
		if strings.Contains(got, gone) {
			t.Errorf("%s is still there: %s", gone, got)
		}
	}
	if strings.Count(got, "kind: CronJob") != 1 || !strings.Contains(got, "registry.example/falkirk:1") || !strings.Contains(got, "*/2 * * * *") {
		t.Errorf("there is %s", got)
	}
	if again := s.must(t, create...); again.signs() != "" || again.Result.Changed {
		t.Errorf("again: %s", again.signs())
	}
	if changed := s.must(t, append(create, "--schedule", "@hourly")...); changed.signs() != "~CronJob spec.schedule" {
		t.Errorf("another schedule: %s", changed.signs())
	}
	s.cluster.Kubectl(t, "create", "cronjob", "other", "-n", s.namespace, "--image=x", "--schedule=@daily")
	if theirs := s.run(t, append(create, "--name", "other")...); theirs.Exit.Code == 0 {
		t.Error("the CronJob of somebody else is taken")
	}
}
