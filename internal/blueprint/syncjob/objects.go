package syncjob

import (
	"cmp"
	"maps"
	"path"
	"slices"

	"github.com/goccy/go-yaml"
)

// block is a mapping whose keys keep their order when it is written.
type block = yaml.MapSlice

// Object is one manifest.
type Object struct {
	Kind string
	body block
}

// ConfigFolder and ConfigFile are where the pod finds what is to be copied.
const (
	ConfigFolder = "/etc/falkirk"
	ConfigFile   = "sync.yml"
)

// Kinds are those of all objects that a schedule has, in the order in which they
// are made.
func Kinds() []string { return []string{"ServiceAccount", "ConfigMap", "NetworkPolicy", "CronJob"} }

// Objects are the manifests, in the order in which they are made: the schedule
// comes last.
func (s Spec) Objects() []Object {
	account := s.object("v1", "ServiceAccount", block{{Key: "automountServiceAccountToken", Value: false}})
	if s.Role != "" {
		account = s.annotated(account, "eks.amazonaws.com/role-arn", s.Role)
	}
	return []Object{
		account,
		s.object("v1", "ConfigMap", block{{Key: "data", Value: block{{Key: ConfigFile, Value: s.Config}}}}),
		s.object("networking.k8s.io/v1", "NetworkPolicy", block{{Key: "spec", Value: s.network()}}),
		s.annotated(s.object("batch/v1", "CronJob", block{{Key: "spec", Value: s.schedule()}}), AnnotationAWS, s.Attached),
	}
}

func (s Spec) object(version, kind string, rest block) Object {
	head := block{
		{Key: "apiVersion", Value: version},
		{Key: "kind", Value: kind},
		{Key: "metadata", Value: block{
			{Key: "name", Value: s.Name},
			{Key: "namespace", Value: s.Namespace},
			{Key: "labels", Value: s.labels()},
			{Key: "annotations", Value: block{{Key: "kubernetes.io/description", Value: s.describe()}}},
		}},
	}
	return Object{kind, append(head, rest...)}
}

// annotated adds an annotation; an empty one is none.
func (s Spec) annotated(o Object, key, value string) Object {
	if value == "" {
		return o
	}
	meta := o.body[2].Value.(block)
	meta[3].Value = append(meta[3].Value.(block), yaml.MapItem{Key: key, Value: value})
	return o
}

func (s Spec) labels() block {
	all := Labels(s.App, s.Name)
	var out block
	for _, k := range slices.Sorted(maps.Keys(all)) {
		out = append(out, yaml.MapItem{Key: k, Value: all[k]})
	}
	return out
}

// schedule is the spec of the CronJob. Runs never meet, one that was missed is
// not made up for after the next is due, and one that hangs is ended.
func (s Spec) schedule() block {
	return block{
		{Key: "schedule", Value: cmp.Or(s.Schedule, Usual)},
		{Key: "concurrencyPolicy", Value: "Forbid"},
		{Key: "startingDeadlineSeconds", Value: 240},
		{Key: "successfulJobsHistoryLimit", Value: 3},
		{Key: "failedJobsHistoryLimit", Value: 3},
		{Key: "jobTemplate", Value: block{
			{Key: "metadata", Value: block{{Key: "labels", Value: s.labels()}}},
			{Key: "spec", Value: block{
				{Key: "activeDeadlineSeconds", Value: 3600},
				{Key: "backoffLimit", Value: 2},
				{Key: "podFailurePolicy", Value: block{{Key: "rules", Value: []block{{
					// What was refused or is wrong in the input stays so.
					{Key: "action", Value: "FailJob"},
					{Key: "onExitCodes", Value: block{
						{Key: "containerName", Value: "sync"}, {Key: "operator", Value: "In"}, {Key: "values", Value: []int{2, 6}},
					}},
				}}}}},
				{Key: "template", Value: block{
					{Key: "metadata", Value: block{{Key: "labels", Value: s.labels()}}},
					{Key: "spec", Value: s.pod()},
				}},
			}},
		}},
	}
}

// pod may do as little as a pod can; it writes nothing to its file system.
func (s Spec) pod() block {
	return block{
		{Key: "serviceAccountName", Value: s.Name},
		{Key: "automountServiceAccountToken", Value: false},
		{Key: "enableServiceLinks", Value: false},
		{Key: "restartPolicy", Value: "Never"},
		{Key: "terminationGracePeriodSeconds", Value: 30},
		{Key: "securityContext", Value: block{
			{Key: "runAsNonRoot", Value: true},
			{Key: "runAsUser", Value: User},
			{Key: "runAsGroup", Value: User},
			{Key: "fsGroup", Value: User},
			{Key: "seccompProfile", Value: block{{Key: "type", Value: "RuntimeDefault"}}},
		}},
		{Key: "containers", Value: []block{s.container()}},
		{Key: "volumes", Value: []block{{
			{Key: "name", Value: "config"},
			{Key: "configMap", Value: block{{Key: "name", Value: s.Name}}},
		}}},
	}
}

func (s Spec) container() block {
	return block{
		{Key: "name", Value: "sync"},
		{Key: "image", Value: s.Image},
		{Key: "args", Value: []string{"sync", "--jobs", path.Join(ConfigFolder, ConfigFile), "--output", "json"}},
		{Key: "env", Value: s.env()},
		{Key: "resources", Value: block{
			{Key: "requests", Value: block{{Key: "cpu", Value: "100m"}, {Key: "memory", Value: "64Mi"}}},
			{Key: "limits", Value: block{{Key: "cpu", Value: "2"}, {Key: "memory", Value: "256Mi"}}},
		}},
		{Key: "securityContext", Value: block{
			{Key: "allowPrivilegeEscalation", Value: false},
			{Key: "privileged", Value: false},
			{Key: "readOnlyRootFilesystem", Value: true},
			{Key: "capabilities", Value: block{{Key: "drop", Value: []string{"ALL"}}}},
		}},
		{Key: "volumeMounts", Value: []block{{
			{Key: "name", Value: "config"},
			{Key: "mountPath", Value: ConfigFolder},
			{Key: "readOnly", Value: true},
		}}},
	}
}

func (s Spec) env() []block {
	var out []block
	add := func(name, value string) {
		if value != "" {
			out = append(out, block{{Key: "name", Value: name}, {Key: "value", Value: value}})
		}
	}
	add("AWS_REGION", s.Region)
	add("FALKIRK_ACTOR", path.Join("ecr-sync", s.Cluster, s.Namespace, s.Name))
	return out
}
