package app

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/internal/config"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

func entries() []usecase.Entry {
	return catalog(wire()).Entries(func(usecase.Entry) bool { return true })
}

// TestEveryUseCaseSaysWhatItNeeds is about what faces decide by.
func TestEveryUseCaseSaysWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, e := range entries() {
		if room, verb, ok := strings.Cut(e.Name, "."); !ok || room == "" || verb == "" || strings.ToLower(e.Name) != e.Name {
			t.Errorf("%q is not ROOM.VERB", e.Name)
		}
		if !slices.Contains([]usecase.Effect{usecase.Reads, usecase.Machine, usecase.Decides, usecase.Runs, usecase.Writes}, e.Effect) {
			t.Errorf("%s has the effect %q", e.Name, e.Effect)
		}
		if !slices.Contains([]usecase.Reach{usecase.Anywhere, usecase.ThisMachine}, e.Reach) {
			t.Errorf("%s has the reach %q", e.Name, e.Reach)
		}
		if !slices.Contains([]usecase.Right{usecase.View, usecase.Pack, usecase.Promote, usecase.Decide, usecase.Set}, e.Needs) {
			t.Errorf("%s needs the right %q", e.Name, e.Needs)
		}
		if e.Effect == usecase.Reads && e.Needs != usecase.View {
			t.Errorf("%s only reads, and needs the right %q", e.Name, e.Needs)
		}
		if e.Effect != usecase.Reads && e.Effect != usecase.Machine && e.Needs == usecase.View {
			t.Errorf("%s changes something, and needs only the right to look", e.Name)
		}
		if !strings.HasPrefix(e.Doc, strings.ToUpper(e.Doc[:1])) || strings.HasSuffix(e.Doc, ".") {
			t.Errorf("%s: %q is not one sentence without a full stop", e.Name, e.Doc)
		}
	}
}

// TestRequestsAndResultsAreData: what a face carries is data with names in JSON.
func TestRequestsAndResultsAreData(t *testing.T) {
	t.Parallel()
	for _, e := range entries() {
		for _, v := range []any{e.Request, e.Result} {
			if v == nil {
				t.Errorf("%s has a request or a result that is an interface", e.Name)
				continue
			}
			checkData(t, e.Name, reflect.TypeOf(v), map[reflect.Type]bool{})
		}
		for _, f := range reflect.VisibleFields(reflect.TypeOf(e.Request)) {
			if f.Anonymous { // such as usecase.Consent: its fields are visible too
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" {
				t.Errorf("%s: the field %s of its request has no name in JSON", e.Name, f.Name)
			}
			if e.Reach == usecase.Anywhere && slices.Contains([]string{"file", "path", "dir", "folder", "key"}, strings.ToLower(name)) {
				t.Errorf("%s can be asked for from anywhere, and its request has %q: a path of one machine", e.Name, name)
			}
		}
	}
}

func checkData(t *testing.T, at string, v reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	if seen[v] || v == reflect.TypeFor[time.Time]() || v == reflect.TypeFor[json.RawMessage]() {
		return
	}
	seen[v] = true
	switch v.Kind() {
	case reflect.Func, reflect.Chan, reflect.Interface, reflect.UnsafePointer:
		t.Errorf("%s holds %s, which is no data", at, v)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		checkData(t, at, v.Elem(), seen)
	case reflect.Map:
		checkData(t, at, v.Elem(), seen)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if f.IsExported() && f.Tag.Get("json") != "-" {
				checkData(t, at+"."+f.Name, f.Type, seen)
			}
		}
	}
}

// TestWhatAFunctionCanBeAskedFor is a table of every use case: a Lambda function
// offers those that need nothing of this machine, and no other.
func TestWhatAFunctionCanBeAskedFor(t *testing.T) {
	t.Parallel()
	f := lambdaFunction(wire())
	f.Call = func(string, string, func(func(string) string)) *usecase.Call {
		reached := fault.New(fault.Locked, "reached")
		return &usecase.Call{
			File:      func() (*config.File, error) { return nil, reached },
			Accounts:  func() (usecase.Accounts, error) { return usecase.Accounts{}, reached },
			Open:      func(context.Context, func(engine.Event)) (*usecase.App, error) { return nil, reached },
			OpenJobs:  func(context.Context) (*usecase.Jobs, error) { return nil, reached },
			Decisions: func(context.Context) (*engine.Decisions, error) { return nil, reached },
		}
	}
	for _, e := range entries() {
		_, err := f.Handle(t.Context(), json.RawMessage(`{"use": "`+e.Name+`"}`))
		if offered := err == nil || !strings.Contains(err.Error(), "of the machine that it runs on"); offered != (e.Reach == usecase.Anywhere) {
			t.Errorf("%s, reach %s: %v", e.Name, e.Reach, err)
		}
	}
}

// unasked are the commands that ask for no use case, with the reason.
var unasked = map[string]string{
	"blueprint": onlyPrints, "schema": onlyPrints, "version": onlyPrints, "reference": onlyPrints, "reference man": onlyPrints,
	"plan show": onlyPrints, "config check": ownFile, "config show": ownFile, "init": ownFile, "demo": "it is a story told by the other commands",
	"create account": aSetup, "create ecr-sync": aSetup, "create prd-configs": aSetup, "create sync-function": aSetup,
	"delete ecr-sync": aSetup, "delete sync-function": aSetup,
}

const (
	onlyPrints = "it prints what is in the program or in one file"
	ownFile    = "it is about the app file of this machine itself"
	aSetup     = "it makes something in accounts: it plans, asks and applies in one call still"
)

// TestEveryUseCaseHasACommand, and every command a use case or a reason.
func TestEveryUseCaseHasACommand(t *testing.T) {
	t.Parallel()
	left := map[string]bool{}
	for _, e := range entries() {
		left[e.Name] = true
	}
	for _, c := range cli.Commands(wire()) {
		for _, name := range c.Cases {
			if !slices.ContainsFunc(entries(), func(e usecase.Entry) bool { return e.Name == name }) {
				t.Errorf("falkirk %s asks for %s, which is no use case", c.Path, name)
			}
			delete(left, name)
		}
		if why := unasked[c.Path]; (why == "") != (len(c.Cases) > 0) {
			t.Errorf("falkirk %s asks for %v; the reason to ask for none is %q", c.Path, c.Cases, why)
		}
	}
	for name := range left {
		t.Errorf("no command asks for %s", name)
	}
}
