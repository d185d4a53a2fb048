// Package syncjob writes the manifests of the schedule that copies images into
// the account of a cluster: a CronJob and what it needs. It is pure: it knows
// what the objects look like, and asks no cluster.
package syncjob

import (
	"fmt"
	"regexp"
	"strings"

	"falkirk/internal/fault"
)

// Labels by which Falkirk knows what it has made.
const (
	LabelManager = "app.kubernetes.io/managed-by"
	LabelApp     = "falkirk/app"
	LabelSync    = "falkirk/sync"

	// AnnotationAWS remembers what was attached in AWS for the schedule, so that
	// it can be detached when nobody remembers.
	AnnotationAWS = "falkirk/aws"
)

// Usual is what is taken where nothing is said.
const Usual = "*/5 * * * *"

// User is the number of the user and the group that the pod runs as.
const User = 65532

// Spec is one schedule. Every object of it has its name.
type Spec struct {
	App       string
	Name      string
	Namespace string
	Image     string // reference of an image whose program is falkirk
	Schedule  string // as cron has it; empty: Usual
	Config    string // what is to be copied: the file that falkirk sync --jobs reads
	Region    string // where the pod's AWS calls go that name none
	Cluster   string // for the name under which the sync is known in AWS
	Role      string // ARN that the service account stands for (IRSA); empty: none
	Ports     []int  // of registries beside 443
	Attached  string // of AnnotationAWS; empty: nothing
}

// nameShape is what Kubernetes takes for the name of a CronJob, whose jobs have
// longer ones.
var nameShape = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

const longestName = 52

// Name is the usual name of the schedule of an app, or of one of its jobs. Two
// apps in one namespace have different ones.
func Name(app, job string) string {
	name := "ecr-sync-" + strings.ToLower(app)
	if job != "" && job != app {
		name += "-" + strings.ToLower(job)
	}
	return name
}

// Labels are those of every object of a schedule.
func Labels(app, name string) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name": "ecr-sync", "app.kubernetes.io/instance": name, "app.kubernetes.io/part-of": app,
		LabelManager: "falkirk", LabelApp: app, LabelSync: name,
	}
}

// Check refuses what the cluster would refuse with less to say.
func (s Spec) Check() error {
	switch {
	case !nameShape.MatchString(s.Name) || len(s.Name) > longestName:
		err := fault.New(fault.Invalid, "%q is no name for a CronJob", s.Name)
		return fault.Hint(err, "give one with --name: small letters, digits and hyphens, %d at most", longestName)
	case !nameShape.MatchString(s.Namespace) || len(s.Namespace) > 63:
		return fault.New(fault.Invalid, "%q is no name for a namespace: small letters, digits and hyphens, 63 at most", s.Namespace)
	case s.Image == "" || strings.ContainsAny(s.Image, " \t\n"):
		return fault.New(fault.Invalid, "%q is no image", s.Image)
	case !labelShape.MatchString(s.App) || len(s.App) > 63:
		return fault.New(fault.Invalid, "%q is no value for a label of Kubernetes: letters, digits, and - _ . between them, 63 at most", s.App)
	case s.Schedule != "" && !strings.HasPrefix(s.Schedule, "@") && len(strings.Fields(s.Schedule)) != 5:
		err := fault.New(fault.Invalid, "%q is no schedule", s.Schedule)
		return fault.Hint(err, "write minute, hour, day, month and weekday, such as %q", Usual)
	}
	return nil
}

var labelShape = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)

// describe is for annotations.
func (s Spec) describe() string {
	return fmt.Sprintf("Copies images of %s into this cluster's account. Made by falkirk create ecr-sync; falkirk delete ecr-sync removes it.", s.App)
}
