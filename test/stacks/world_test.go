// Package stacks takes releases of stacks that refer to each other through an
// environment, on an emulator of AWS, and compares what is there with what the
// templates and the references say.
package stacks

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/bucket/file"
	"falkirk/internal/config"
	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/ledger"
	"falkirk/internal/pack"
	packstack "falkirk/internal/pack/stack"
	"falkirk/internal/release"
	stacktarget "falkirk/internal/target/stack"
	"falkirk/test/emulators"
)

const account = "444444444444"

// node is one stack: a parameter of the Systems Manager that shows what the stack
// was made with, and an output that others refer to.
type node struct {
	when  string // provision or promote
	local string // text of the template
	out   string // text of the output
	pass  bool   // the output has the values that come in, too
	reads []int  // nodes before it whose outputs come in
}

// world is one app with stacks, in one environment.
type world struct {
	t      *testing.T
	name   string
	dir    string
	server *emulators.Server
	api    *cloudformation.Client
	store  *release.Store
	target engine.Target
	gate   delivery.Answer
	nodes  []*node
	order  []int // of the components in the app file
	events []engine.Event
	ids    int
}

type reach struct{ *emulators.Server }

func (r reach) Config(_ context.Context, _, region string) (aws.Config, error) {
	return r.Server.Config(region), nil
}

func newWorld(t *testing.T, server *emulators.Server, name string, nodes []*node, order []int) *world {
	t.Helper()
	w := &world{
		t: t, name: name, dir: t.TempDir(), server: server, nodes: nodes, order: order, gate: delivery.Open,
		api: cloudformation.NewFromConfig(server.Config("eu-central-1")),
	}
	w.store = release.New(file.New(filepath.Join(w.dir, "store")))
	w.target = stacktarget.New(stacktarget.Options{
		Store: w.store, Accounts: reach{server}, Pace: cfn.Options{Fast: 5 * time.Millisecond, Slow: 10 * time.Millisecond, PerCall: 1000},
	})
	return w
}

func (w *world) stack(i int) string { return fmt.Sprintf("%s-n%d", w.name, i) }

// template is that of a node.
func (w *world) template(i int) string {
	n := w.nodes[i]
	parameters, in := map[string]any{}, ""
	for _, j := range n.reads {
		parameters[fmt.Sprintf("P%d", j)] = map[string]any{"Type": "String"}
		in += fmt.Sprintf("+${P%d}", j)
	}
	out := n.out
	if n.pass {
		out += in
	}
	sub := func(s string) any { return map[string]any{"Fn::Sub": s} }
	doc := map[string]any{
		"Resources": map[string]any{"T": map[string]any{
			"Type": "AWS::SSM::Parameter", "Properties": map[string]any{"Name": "/" + w.stack(i), "Type": "String", "Value": sub(n.local + in + "=" + out)}, // ministack takes a change of outputs alone for none
		}},
		"Outputs": map[string]any{"Out": map[string]any{"Value": sub(out)}},
	}
	if len(parameters) > 0 {
		doc["Parameters"] = parameters
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// outputs are those of the stacks, by the templates and the references.
func (w *world) outputs() (outs []string) {
	for _, n := range w.nodes {
		in := ""
		for _, j := range n.reads {
			in += "+" + outs[j]
		}
		out := n.out
		if n.pass {
			out += in
		}
		outs = append(outs, out)
	}
	return outs
}

// appFile is that of the world as it is now.
func (w *world) appFile() string {
	var b strings.Builder
	fmt.Fprintf(&b, "app: %s\naccounts: {a: {id: %q, region: eu-central-1}}\ncomponents:\n", w.name, account)
	for _, i := range w.order {
		var parameters []string
		for _, j := range w.nodes[i].reads {
			parameters = append(parameters, fmt.Sprintf(`P%d: "${stack.%s.Out}"`, j, w.stack(j)))
		}
		fmt.Fprintf(&b, "  n%d: {stack: {template: n%d.json}, target: {stack: {name: %s, when: %s, parameters: {%s}}}}\n",
			i, i, w.stack(i), w.nodes[i].when, strings.Join(parameters, ", "))
	}
	b.WriteString("environments: [{name: dev, account: a, gates: [{name: g, when: after promote, ask: {}}]}]\n")
	return b.String()
}

func kinds() config.Kinds {
	return config.Kinds{
		Components: []config.Kind{{Name: "stack", New: func() any { return &packstack.Settings{} }}},
		Targets: []config.Kind{{
			Name: stacktarget.Kind, New: func() any { s := stacktarget.Defaults(); return &s },
			Gives: stacktarget.Gives, Fills: stacktarget.Fills,
		}},
		Gates: []config.Kind{{Name: "ask", New: func() any { return &struct{}{} }}},
	}
}

// pack writes the app and packs it.
func (w *world) pack(version string) (delivery.App, error) {
	w.t.Helper()
	path := filepath.Join(w.dir, "falkirk.yml")
	w.write(path, w.appFile())
	for i := range w.nodes {
		w.write(filepath.Join(w.dir, fmt.Sprintf("n%d.json", i)), w.template(i))
	}
	f, err := config.Load(path, kinds(), os.LookupEnv)
	if err != nil {
		return delivery.App{}, err
	}
	rel := delivery.Release{Schema: 1, App: w.name, Version: version, PackedAt: time.Now().UTC()}
	packer := packstack.New(pack.Kit{Store: w.store, Deflate: deflate.New(nil)})
	for _, c := range f.App.Components {
		a, err := packer.Pack(w.t.Context(), w.dir, c, func(delivery.Progress) {})
		if err != nil {
			w.t.Fatal(err)
		}
		rel.Artifacts = append(rel.Artifacts, a)
	}
	if _, _, err := w.store.Add(w.t.Context(), rel); err != nil {
		w.t.Fatal(err)
	}
	return f.App, nil
}

func (w *world) write(path, text string) {
	w.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// Ask answers the gate of the environment.
func (w *world) Ask(context.Context, delivery.Question) (delivery.Verdict, error) {
	return delivery.Verdict{Answer: w.gate, Reason: "so the test says"}, nil
}

type held struct{ *ledger.Ledger }

func (l held) Begin(ctx context.Context, op delivery.Operation) (engine.Hold, delivery.Record, error) {
	h, rec, err := l.Ledger.Begin(ctx, op)
	if err != nil {
		return nil, rec, err
	}
	return h, rec, nil
}

func (w *world) engine(app delivery.App) *engine.Engine {
	w.events = nil
	return &engine.Engine{
		App: app, Targets: map[string]engine.Target{stacktarget.Kind: w.target}, Gates: map[string]engine.Gate{"ask": w}, Releases: w.store,
		Ledger: func(env string) engine.Ledger {
			return held{ledger.New(file.New(filepath.Join(w.dir, "store")), w.name, env, ledger.Options{Request: -1})}
		},
		Now: time.Now, NewID: func() string { w.ids++; return "op-" + strconv.Itoa(w.ids) },
		Report: func(engine.Event) {},
	}
}

// train takes a release to the environment, and reports whether anything was done.
func (w *world) train(app delivery.App, version string) (changed bool, err error) {
	legs, err := w.engine(app).Train(w.t.Context(), "dev", engine.Request{Version: version, Actor: "ann"})
	for _, l := range legs {
		changed = changed || l.Provision != nil && l.Provision.Changed || l.Promote != nil && l.Promote.Changed
	}
	return changed, err
}

// there is what the stacks were made with, and their outputs.
func (w *world) there() (in []map[string]string, outs []string) {
	w.t.Helper()
	for i := range w.nodes {
		name := w.stack(i)
		out, err := w.api.DescribeStacks(w.t.Context(), &cloudformation.DescribeStacksInput{StackName: &name})
		if err != nil {
			w.t.Fatal(err)
		}
		s := out.Stacks[0]
		values := map[string]string{}
		for _, p := range s.Parameters {
			values[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
		}
		in = append(in, values)
		at := slices.IndexFunc(s.Outputs, func(o types.Output) bool { return aws.ToString(o.OutputKey) == "Out" })
		if at < 0 {
			outs = append(outs, "")
			continue
		}
		outs = append(outs, aws.ToString(s.Outputs[at].OutputValue))
	}
	return in, outs
}

// differences compare what is there with what the app says.
func (w *world) differences() []string {
	want := w.outputs()
	in, outs := w.there()
	var all []string
	for i, n := range w.nodes {
		if outs[i] != want[i] {
			all = append(all, fmt.Sprintf("%s gives %q, want %q", w.stack(i), outs[i], want[i]))
		}
		expected := map[string]string{}
		for _, j := range n.reads {
			expected[fmt.Sprintf("P%d", j)] = want[j]
		}
		if !maps.Equal(in[i], expected) {
			all = append(all, fmt.Sprintf("%s has parameters %v, want %v", w.stack(i), in[i], expected))
		}
	}
	return all
}
