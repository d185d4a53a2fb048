package syncstack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// rule is one rule of EventBridge that starts the function.
type rule struct {
	id       string // in the template
	what     string
	schedule string
	bus      bool    // on the bus that other accounts tell of pushes
	pattern  pattern // of events
	input    any     // of the target
}

// pattern is an event pattern.
type pattern map[string]any

// rules are all of the function's: the schedule, and those of pushes.
func (f Function) rules() []rule {
	var all []rule
	if f.Schedule != "" {
		raw, _ := json.Marshal(map[string]any{"use": syncCase, "jobs": f.Jobs}) // plain strings
		all = append(all, rule{id: "Schedule", what: "Copies what lacks or has moved", schedule: f.Schedule, input: m("Input", string(raw))})
	}
	for _, p := range f.Pushes {
		for _, names := range split(p.Repositories) {
			p.Repositories = names
			all = append(all, rule{
				id: fmt.Sprintf("Push%d", len(all)+1), what: "Copies a tag when it was pushed",
				bus: !p.near(f.At), pattern: p.pattern(), input: m("InputTransformer", f.transformed(p)),
			})
		}
	}
	return all
}

// syncCase is the use case that events of the function ask for.
const syncCase = "image.sync"

// transformed makes the request of a push out of its event.
func (f Function) transformed(p Push) block {
	raw, _ := json.Marshal(map[string]any{
		"use": syncCase, "jobs": f.Jobs,
		"query": map[string]any{"names": []string{p.Job}, "only": "REPOSITORY:TAG"},
	}) // plain strings
	return m(
		"InputPathsMap", m("repository", "$.detail.repository-name", "tag", "$.detail.image-tag"),
		"InputTemplate", strings.Replace(string(raw), "REPOSITORY:TAG", "<repository>:<tag>", 1),
	)
}

// pushSource and pushType are what events of pushes have. AWS reserves sources
// that begin with aws: an account cannot send such an event by itself.
const pushSource, pushType = "aws.ecr", "ECR Image Action"

// pattern is that of events as ECR sends them of images that were pushed with a tag:
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
func (p Push) pattern() pattern {
	return pattern{
		"source": []string{pushSource}, "detail-type": []string{pushType},
		"account": []string{p.Account}, "region": []string{p.Region},
		"detail": map[string]any{
			"action-type": []string{"PUSH"}, "result": []string{"SUCCESS"},
			"repository-name": matchers(p.Repositories), "image-tag": p.tags(),
		},
	}
}

// tags are those that the job chooses. What EventBridge cannot express it tells
// of, and the job chooses.
func (p Push) tags() []any {
	every := []any{map[string]any{"anything-but": map[string]any{"prefix": "sha256-"}}} // those of signatures
	for _, t := range p.Tags {
		if t == "*" || strings.ContainsAny(t, `?[{\`) {
			return every
		}
	}
	if len(p.Tags) == 0 {
		return every
	}
	return matchers(p.Tags)
}

// matchers are what EventBridge compares names with; * is any characters.
func matchers(names []string) []any {
	var all []any
	for _, n := range names {
		if i := strings.IndexAny(n, `*?[{\`); i >= 0 {
			n, _, _ = strings.Cut(n, n[i:])
			all = append(all, map[string]any{"prefix": n})
			continue
		}
		all = append(all, n)
	}
	return all
}

// longestPattern leaves room below the 2,048 characters that a pattern may have.
const longestPattern = 1200

// split deals names to as many patterns as they need.
func split(names []string) [][]string {
	var all [][]string
	size := longestPattern
	for _, n := range slices.Sorted(slices.Values(names)) {
		if size+len(n)+16 > longestPattern {
			all, size = append(all, nil), 0
		}
		all[len(all)-1] = append(all[len(all)-1], n)
		size += len(n) + 16
	}
	return all
}

// rule writes a rule, and lets it start the function.
func (w *writer) rule(r rule) block {
	properties := m("Description", r.what)
	if r.schedule != "" {
		properties = append(properties, m("ScheduleExpression", r.schedule)...)
	} else {
		properties = append(properties, m("EventPattern", generic(r.pattern))...)
	}
	if r.bus {
		properties = append(properties, m("EventBusName", attribute("Bus", "Name"))...)
	}
	target := m("Id", "function", "Arn", attribute("Function", "Arn"))
	target = append(target, r.input.(block)...) //nolint:forcetypeassert // made above
	target = append(target, m(
		"RetryPolicy", m("MaximumRetryAttempts", 10, "MaximumEventAgeInSeconds", 3600),
		"DeadLetterConfig", m("Arn", attribute("Undone", "Arn")),
	)...)
	return m(
		r.id, m("Type", "AWS::Events::Rule", "Properties", append(properties, m("State", "ENABLED", "Targets", []any{target})...)),
		r.id+"Permission", m("Type", "AWS::Lambda::Permission", "Properties", m(
			"Action", "lambda:InvokeFunction", "FunctionName", ref("Function"), "Principal", "events.amazonaws.com",
			"SourceArn", attribute(r.id, "Arn"),
		)),
	)
}

// bus is what pushes elsewhere are told to, and the other accounts that may: in
// its own the role that tells suffices.
func (w *writer) bus(f Function) block {
	out := m("Bus", m("Type", "AWS::Events::EventBus", "Properties", m("Name", f.Name, "Tags", tags(f.Tags))))
	others := f.strangers()
	if len(others) == 0 {
		return out
	}
	w.note("$.Resources.BusPolicy", "One role of each of these accounts may send events, and only those of ECR.")
	return append(out, m("BusPolicy", m("Type", "AWS::Events::EventBusPolicy", "Properties", m(
		"EventBusName", attribute("Bus", "Name"), "StatementId", "pushes",
		"Statement", m("Effect", "Allow", "Principal", m("AWS", texts(others)), "Action", "events:PutEvents", "Resource", attribute("Bus", "Arn"),
			"Condition", m(
				"ArnEquals", m("aws:PrincipalArn", texts(f.tellers())),
				"StringEquals", m("events:detail-type", pushType, "events:source", pushSource),
			)),
	)))...)
}
