// Package syncstack writes the CloudFormation templates of a function that
// copies images: one for the account that images go to, which does everything,
// and one for each account that they come from, which only tells of pushes. It
// is pure; the text is YAML for people.
package syncstack

import (
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// Function is what the stack of the account that images go to is made from.
type Function struct {
	Name         string // of the function, and of what belongs to it
	At           policy.Scope
	Architecture string // arm64 or x86_64
	Code         Code
	Jobs         string // file of jobs, as the function finds it
	Asks         bool   // that file names a store: every command that the function runs asks there
	Memory       int    // megabytes; more of it is also more processor and network
	Schedule     string // rate(5 minutes) or cron(...); empty: pushes alone
	Pushes       []Push
	Needs        []policy.Statement // what copying takes
	Boundary     string             // ARN of a managed policy; may be empty
	Alarm        string             // ARN of an SNS topic that is told of what nobody did; may be empty
	Granted      []string           // ARNs of repositories that let the role in, to know them again
	Tags         map[string]string
}

// MetadataKey is the key of the role's metadata under which Granted is kept.
const MetadataKey = "falkirk:granted"

// Code is where the zip is. Version is that of the object, in a bucket that has
// versions: the function then runs these bytes, whatever is written to the key.
type Code struct{ Bucket, Key, Version string }

// Push is what pushes to one registry start: a sync of that tag.
type Push struct {
	Job          string // its name in the file of jobs
	Account      string // of the registry
	Region       string
	Repositories []string // whole names; patterns
	Tags         []string // patterns; empty: all but those of signatures
}

// near reports whether the events of a push come to the function by themselves.
func (p Push) near(at policy.Scope) bool { return p.Account == at.Account && p.Region == at.Region }

// RoleARN names the function's role.
func RoleARN(at policy.Scope, name string) string { return at.Global("iam", "role/"+name) }

// BusARN names the bus that pushes elsewhere are told to.
func BusARN(at policy.Scope, name string) string { return at.ARN("events", "event-bus/"+name) }

// Limits of the names that are made of the function's.
const longest = 50

// Check refuses what no template can be made of.
func (f Function) Check() error {
	switch {
	case !regexp.MustCompile(`^[a-z][a-z0-9-]*$`).MatchString(f.Name) || len(f.Name) > longest:
		return fault.New(fault.Invalid, "%q names no function: lower-case letters, digits and hyphens, at most %d", f.Name, longest)
	case f.Architecture != "arm64" && f.Architecture != "x86_64":
		return fault.New(fault.Invalid, "Lambda has no architecture %q: arm64 and x86_64", f.Architecture)
	case f.Memory < 128 || f.Memory > 10240:
		return fault.New(fault.Invalid, "a function has 128 to 10240 MB of memory, and not %d", f.Memory)
	case f.Schedule != "" && !regexp.MustCompile(`^(rate\([1-9][0-9]* (minute|minutes|hour|hours|day|days)\)|cron\([^()]+\))$`).MatchString(f.Schedule):
		return fault.New(fault.Invalid, "%q is no schedule: rate(5 minutes), or cron(0/10 * * * ? *)", f.Schedule)
	case f.Schedule == "" && len(f.Pushes) == 0:
		return fault.New(fault.Invalid, "the function is started by nothing: neither a schedule nor a push")
	}
	return nil
}

// Template writes the template of the account that images go to.
func Template(f Function) ([]byte, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	w := &writer{comments: comments{}}
	resources, err := w.role(f)
	if err != nil {
		return nil, err
	}
	resources = append(resources, m(
		"Log", m(
			"Type", "AWS::Logs::LogGroup", "DeletionPolicy", "Delete", "UpdateReplacePolicy", "Delete",
			"Properties", m("LogGroupName", logGroup(f.Name), "RetentionInDays", 30, "Tags", tags(f.Tags)),
		),
		"Function", w.function(f),
		"Retries", w.retries(),
		"Undone", w.queue(f),
	)...)
	rules := f.rules()
	for _, r := range rules {
		resources = append(resources, w.rule(r)...)
	}
	if f.far() {
		resources = append(resources, w.bus(f)...)
	}
	resources = append(resources, w.undonePolicy(rules)...)
	if f.Alarm != "" {
		resources = append(resources, alarm(f)...)
	}
	return w.write("Copies images into account "+f.At.Account+" (falkirk create sync-function)", resources, m(
		"FunctionName", m("Description", "The function; aws lambda invoke starts it by hand", "Value", ref("Function")),
		"RoleArn", m("Description", "Who reads in the accounts that images come from", "Value", attribute("Role", "Arn")),
		"Code", m("Description", "The zip that it runs", "Value", "s3://"+f.Code.Bucket+"/"+f.Code.Key),
		"Undone", m("Description", "The queue of what was given up", "Value", ref("Undone")),
	))
}

func logGroup(name string) string { return "/aws/lambda/" + name }

// far reports whether pushes are told from other accounts or regions.
func (f Function) far() bool {
	for _, p := range f.Pushes {
		if !p.near(f.At) {
			return true
		}
	}
	return false
}

// strangers are the other accounts that tell of pushes.
func (f Function) strangers() []string {
	var all []string
	for _, p := range f.Pushes {
		if arn := "arn:" + f.At.Partition + ":iam::" + p.Account + ":root"; p.Account != f.At.Account && !strings.Contains(strings.Join(all, " "), arn) {
			all = append(all, arn)
		}
	}
	return all
}

// tellers are the roles of other accounts that tell of pushes.
func (f Function) tellers() []string {
	var all []string
	for _, p := range f.Pushes {
		at := policy.Scope{Partition: f.At.Partition, Account: p.Account}
		if arn := RoleARN(at, tellerName(f.Name, p.Region)); p.Account != f.At.Account && !slices.Contains(all, arn) {
			all = append(all, arn)
		}
	}
	return all
}

func (w *writer) function(f Function) any {
	at := "$.Resources.Function.Properties."
	w.note(at+"ReservedConcurrentExecutions", "Two runs never overlap: what comes meanwhile waits.")
	w.note(at+"Timeout", "A run that needs longer ends some seconds before, and the next goes on.")
	properties := m(
		"FunctionName", f.Name,
		"Description", "Copies images into account "+f.At.Account,
		"Runtime", "provided.al2023",
		"Handler", "bootstrap",
		"Architectures", []any{f.Architecture},
		"Code", f.Code.block(),
		"Role", attribute("Role", "Arn"),
		"MemorySize", f.Memory,
		"Timeout", 900,
		"ReservedConcurrentExecutions", 1,
		"LoggingConfig", m("LogGroup", ref("Log")),
		"Tags", tags(f.Tags),
	)
	if f.Asks {
		w.note(at+"Environment", "Every command that writes asks the store that this file names for a stop and for bans.")
		properties = append(properties, m("Environment", m("Variables", m("FALKIRK_JOBS", f.Jobs)))...)
	}
	return m("Type", "AWS::Lambda::Function", "Properties", properties)
}

func (c Code) block() block {
	out := m("S3Bucket", c.Bucket, "S3Key", c.Key)
	if c.Version != "" {
		out = append(out, m("S3ObjectVersion", c.Version)...)
	}
	return out
}

// retries is what becomes of an invocation that ended with an error: of one that
// was interrupted, too.
func (w *writer) retries() any {
	w.note("$.Resources.Retries.Properties.MaximumRetryAttempts", "A run that was interrupted is an error of the function: Lambda itself goes on with it after a minute.")
	return m("Type", "AWS::Lambda::EventInvokeConfig", "Properties", m(
		"FunctionName", ref("Function"),
		"Qualifier", "$LATEST",
		"MaximumRetryAttempts", 2,
		"MaximumEventAgeInSeconds", 21600,
		"DestinationConfig", m("OnFailure", m("Destination", attribute("Undone", "Arn"))),
	))
}

func (w *writer) queue(f Function) any {
	w.note("$.Resources.Undone", "What was tried three times and given up, with the reason. The schedule brings it anyway.")
	return m("Type", "AWS::SQS::Queue", "DeletionPolicy", "Delete", "UpdateReplacePolicy", "Delete", "Properties", m(
		"QueueName", f.Name+"-undone",
		"MessageRetentionPeriod", 1209600,
		"SqsManagedSseEnabled", true,
		"Tags", tags(f.Tags),
	))
}

// undonePolicy lets the rules put what they could not deliver into the queue.
func (w *writer) undonePolicy(rules []rule) block {
	var arns []any
	for _, r := range rules {
		arns = append(arns, attribute(r.id, "Arn"))
	}
	return m("UndonePolicy", m("Type", "AWS::SQS::QueuePolicy", "Properties", m(
		"Queues", []any{ref("Undone")},
		"PolicyDocument", m("Version", policy.Version, "Statement", []any{m(
			"Effect", "Allow", "Principal", m("Service", "events.amazonaws.com"), "Action", "sqs:SendMessage",
			"Resource", attribute("Undone", "Arn"), "Condition", m("ArnEquals", m("aws:SourceArn", arns)),
		)}),
	)))
}

func alarm(f Function) block {
	return m("UndoneAlarm", m("Type", "AWS::CloudWatch::Alarm", "Properties", m(
		"AlarmName", f.Name+"-undone",
		"AlarmDescription", "Images were not copied: the messages in the queue "+f.Name+"-undone say why",
		"Namespace", "AWS/SQS", "MetricName", "ApproximateNumberOfMessagesVisible",
		"Dimensions", []any{m("Name", "QueueName", "Value", attribute("Undone", "QueueName"))},
		"Statistic", "Maximum", "Period", 300, "EvaluationPeriods", 1, "Threshold", 0,
		"ComparisonOperator", "GreaterThanThreshold", "TreatMissingData", "notBreaching",
		"AlarmActions", []any{f.Alarm},
	)))
}
