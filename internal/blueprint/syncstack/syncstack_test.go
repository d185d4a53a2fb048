package syncstack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
	"falkirk/test/policies"
)

const (
	nonprod = "111111111111"
	prod    = "333333333333"
)

func needs(repositories []string) []policy.Statement {
	return policy.Images{
		From: policy.Registry{Account: nonprod, Region: "eu-west-1"}, To: policy.Registry{Account: prod, Region: "eu-central-1"},
		Repositories: repositories, Create: true,
	}.Needs()
}

func function() Function {
	names := []string{"shop/api", "shop/web"}
	return Function{
		Name: "falkirk-shop-sync", At: policy.Scope{Partition: "aws", Account: prod, Region: "eu-central-1"},
		Architecture: "arm64", Code: Code{"shop-builds", "functions/falkirk-shop-sync/" + strings.Repeat("0", 64) + ".zip", "3HL4kqtJvjVBH40Nrjfkd"},
		Jobs: "sync.yml", Memory: 1024, Schedule: "rate(5 minutes)", Needs: needs(names),
		Pushes: []Push{{Job: "images", Account: nonprod, Region: "eu-west-1", Repositories: names, Tags: []string{"test"}}},
		Tags:   map[string]string{"falkirk:app": "shop", "falkirk:sync": "falkirk-shop-sync"},
	}
}

func variants() map[string]Function {
	all := map[string]Function{}
	add := func(name string, change func(*Function)) {
		f := function()
		change(&f)
		all[name] = f
	}
	add("everything", func(f *Function) {
		f.Granted = []string{"arn:aws:ecr:eu-west-1:111111111111:repository/shop/api"}
		f.Alarm, f.Boundary, f.Architecture = "arn:aws:sns:eu-central-1:333333333333:ops", "arn:aws:iam::333333333333:policy/edge", "x86_64"
	})
	add("asks", func(f *Function) {
		decided := policy.Decided{App: "shop", Store: policy.Store{Bucket: "builds", Prefix: "team", Account: "111111111111", Region: "eu-west-1", Key: "arn:aws:kms:eu-west-1:111111111111:key/k"}}
		f.Asks, f.Needs = true, append(f.Needs, decided.Needs(f.At)...)
	})
	add("schedule", func(f *Function) { f.Pushes = nil })
	add("pushes", func(f *Function) { f.Schedule = "" })
	add("near", func(f *Function) { f.Pushes[0].Account, f.Pushes[0].Region = prod, "eu-central-1" })
	add("other region", func(f *Function) { f.Pushes[0].Account = prod })
	add("cron", func(f *Function) { f.Schedule = "cron(0/10 * * * ? *)" })
	add("patterns", func(f *Function) {
		f.Pushes[0].Repositories, f.Pushes[0].Tags = []string{"shop/**", "team/a?"}, []string{"v*", "test"}
	})
	add("all tags", func(f *Function) { f.Pushes[0].Tags = nil })
	add("two sources", func(f *Function) {
		f.Pushes = append(f.Pushes, Push{Job: "more", Account: "222222222222", Region: "us-east-1", Repositories: []string{"more"}})
	})
	add("many", func(f *Function) {
		for i := range 100 {
			f.Pushes[0].Repositories = append(f.Pushes[0].Repositories, fmt.Sprintf("department/team/service-with-a-long-name-%03d", i))
		}
		f.Needs = needs(f.Pushes[0].Repositories)
	})
	return all
}

func sources() map[string]Source {
	all := map[string]Source{}
	for name, f := range variants() {
		if slices.Contains([]string{"everything", "patterns", "all tags", "many"}, name) {
			at := policy.Scope{Partition: "aws", Account: nonprod, Region: "eu-west-1"}
			all[name] = Source{Name: f.Name, At: at, Bus: BusARN(f.At, f.Name), Pushes: f.Pushes[:1], Tags: f.Tags}
		}
	}
	return all
}

func TestEveryVariantIsClean(t *testing.T) {
	t.Parallel()
	lint := func(name string, write func() ([]byte, error)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := write()
			if err != nil {
				t.Fatal(err)
			}
			policies.Lint(t, text, "--include-checks", "I")
			if again, err := write(); err != nil || string(again) != string(text) {
				t.Errorf("it is another the second time: %v", err)
			}
			if testing.Verbose() {
				t.Logf("\n%s", text)
			}
		})
	}
	for name, f := range variants() {
		lint(name, func() ([]byte, error) { return Template(f) })
	}
	for name, s := range sources() {
		lint("source of "+name, func() ([]byte, error) { return SourceTemplate(s) })
	}
}

// resource is one of a template.
type resource struct {
	Type       string
	Properties map[string]any
}

func read(t *testing.T, text []byte, err error) map[string]resource {
	t.Helper()
	var file struct {
		Resources map[string]resource `yaml:"Resources"`
	}
	if err == nil {
		var all any
		err = yaml.Unmarshal(text, &all)
		if err == nil {
			var raw []byte
			if raw, err = json.Marshal(all); err == nil {
				err = json.Unmarshal(raw, &file)
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Resources
}

// Nothing is allowed on everything that could be allowed on less, and nobody
// gets in but the accounts that tell of pushes.
func TestNobodyMayMoreThanNeeded(t *testing.T) {
	t.Parallel()
	text, err := Template(function())
	all := read(t, text, err)
	raw, err := json.Marshal(all["Role"].Properties["Policies"])
	if err != nil {
		t.Fatal(err)
	}
	var policies []struct {
		PolicyDocument struct {
			Statement []struct {
				Sid      string
				Action   any
				Resource any
			}
		}
	}
	if err := json.Unmarshal(raw, &policies); err != nil {
		t.Fatal(err)
	}
	for _, s := range policies[0].PolicyDocument.Statement {
		if s.Resource == "*" && s.Action != "ecr:GetAuthorizationToken" || strings.Contains(fmt.Sprint(s.Action), "*") {
			t.Errorf("%s: %v on %v", s.Sid, s.Action, s.Resource)
		}
	}
	bus, err := json.Marshal(all["BusPolicy"].Properties["Statement"])
	for _, want := range []string{
		`"Principal":{"AWS":"arn:aws:iam::111111111111:root"}`, `"events:source":"aws.ecr"`, `"events:detail-type":"ECR Image Action"`,
		`"aws:PrincipalArn":"arn:aws:iam::111111111111:role/falkirk-shop-sync-tells-eu-west-1"`,
	} {
		if err != nil || !strings.Contains(string(bus), want) {
			t.Errorf("the bus is open to %s, without %s, %v", bus, want, err)
		}
	}
	// The role that the bus lets in is the one that the source's stack makes.
	text, err = SourceTemplate(sources()["everything"])
	if got := read(t, text, err)["Role"].Properties["RoleName"]; got != "falkirk-shop-sync-tells-eu-west-1" {
		t.Errorf("the source tells as %v", got)
	}
	for id, r := range all {
		if r.Type == "AWS::Lambda::Permission" && r.Properties["SourceArn"] == nil {
			t.Errorf("%s: any rule may start the function", id)
		}
	}
}

// patternOf is the event pattern of a rule, and the input of its target.
func patternOf(t *testing.T, r resource) (pattern, transformer string) {
	t.Helper()
	raw, err := json.Marshal(r.Properties["EventPattern"])
	if err != nil {
		t.Fatal(err)
	}
	target := r.Properties["Targets"].([]any)[0].(map[string]any)
	if in, ok := target["InputTransformer"].(map[string]any); ok {
		transformer = fmt.Sprint(in["InputTemplate"])
	}
	return string(raw), transformer
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ repositories, tags string }{
		"everything": {`"repository-name":["shop/api","shop/web"]`, `"image-tag":["test"]`},
		"patterns":   {`"repository-name":[{"prefix":"shop/"},{"prefix":"team/a"}]`, `"image-tag":[{"prefix":"v"},"test"]`},
		"all tags":   {`"repository-name":["shop/api","shop/web"]`, `"image-tag":[{"anything-but":{"prefix":"sha256-"}}]`},
	} {
		text, err := Template(variants()[name])
		got, input := patternOf(t, read(t, text, err)["Push2"])
		for _, w := range []string{want.repositories, want.tags, `"account":["111111111111"]`, `"region":["eu-west-1"]`, `"source":["aws.ecr"]`} {
			if !strings.Contains(got, w) {
				t.Errorf("%s has no %s: %s", name, w, got)
			}
		}
		if input != `{"jobs":"sync.yml","query":{"names":["images"],"only":"<repository>:<tag>"},"use":"image.sync"}` {
			t.Errorf("%s starts %s", name, input)
		}
		text, err = SourceTemplate(sources()[name])
		if theirs, _ := patternOf(t, read(t, text, err)["Push1"]); theirs != got {
			t.Errorf("%s tells of %s, and is heard for %s", name, theirs, got)
		}
	}
	seen := 0
	text, err := Template(variants()["many"])
	for id, r := range read(t, text, err) {
		if got, _ := patternOf2(t, r); strings.HasPrefix(id, "Push") && got != "" {
			if seen += strings.Count(got, "service-with"); len(got) > 2048 {
				t.Errorf("%s has %d characters", id, len(got))
			}
		}
	}
	if seen != 100 {
		t.Errorf("%d of 100 repositories are heard of", seen)
	}
}

// patternOf2 is patternOf, and "" for what is no rule.
func patternOf2(t *testing.T, r resource) (pattern, input string) {
	t.Helper()
	if r.Type != "AWS::Events::Rule" {
		return "", ""
	}
	return patternOf(t, r)
}

func TestWhatNoTemplateIsMadeOf(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Function){
		"name":         func(f *Function) { f.Name = "Shop Sync" },
		"long name":    func(f *Function) { f.Name = strings.Repeat("a", 51) },
		"architecture": func(f *Function) { f.Architecture = "riscv64" },
		"memory":       func(f *Function) { f.Memory = 64 },
		"schedule":     func(f *Function) { f.Schedule = "every five minutes" },
		"too much": func(f *Function) {
			var names []string
			for i := range 400 {
				names = append(names, fmt.Sprintf("department/team/service-with-a-long-name-%03d", i))
			}
			f.Needs = needs(names)
		},
		"nothing": func(f *Function) { f.Schedule, f.Pushes = "", nil },
	} {
		f := function()
		change(&f)
		if _, err := Template(f); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
