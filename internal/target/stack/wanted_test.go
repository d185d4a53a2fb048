package stack

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
)

// Every setting that says what a stack is to be counts: in the digest in its tag
// and in the name of its change set. A setting that is added later counts, or is
// named here.
func TestEverySettingCounts(t *testing.T) {
	t.Parallel()
	other := []string{"Name", "When", "OnFailure", "Timeout", "Adopt", "Parameters"} // parameters count filled in, see below
	yes := true
	values := map[reflect.Type]any{
		reflect.TypeFor[string](): "x", reflect.TypeFor[[]string](): []string{"x"}, reflect.TypeFor[map[string]string](): map[string]string{"k": "x"},
		reflect.TypeFor[bool](): true, reflect.TypeFor[*bool](): &yes, reflect.TypeFor[delivery.Duration](): delivery.Duration(time.Second),
	}
	of := func(set Settings) string { return spot{set: set}.digest(nil) }
	fields := reflect.TypeFor[Settings]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		if slices.Contains(other, f.Name) {
			continue
		}
		set := Defaults()
		reflect.ValueOf(&set).Elem().Field(i).Set(reflect.ValueOf(values[f.Type]))
		if of(set) == of(Defaults()) {
			t.Errorf("%s does not count", f.Name)
		}
	}
}

func TestParametersCount(t *testing.T) {
	t.Parallel()
	s := spot{set: Defaults()}
	s.Version = "1"
	key := []byte("key")
	asked := func(all ...cfn.Parameter) mark { return mark{digest: s.digest(all), secrets: s.secrets(all, key)} }
	plain, secret := cfn.Parameter{Key: "A", Value: "1"}, cfn.Parameter{Key: "P", Value: "one", Secret: true}
	rotated := cfn.Parameter{Key: "P", Value: "two", Secret: true}
	seen := map[string]string{}
	for name, m := range map[string]mark{
		"none": asked(), "plain": asked(plain), "other value": asked(cfn.Parameter{Key: "A", Value: "2"}), "secret": asked(secret),
		"both": asked(plain, secret), "rotated": asked(plain, rotated),
	} {
		if was, ok := seen[s.setName(m)]; ok {
			t.Errorf("%s and %s have one change set", name, was)
		}
		seen[s.setName(m)] = name
		if back, ok := readMark(m.String()); !ok || back != m {
			t.Errorf("%q is read as %+v", m, back)
		}
	}
	if s.digest([]cfn.Parameter{secret}) != s.digest([]cfn.Parameter{rotated}) {
		t.Error("a plain digest has a secret value in it")
	}
	if s.secrets([]cfn.Parameter{secret}, key) == s.secrets([]cfn.Parameter{secret}, []byte("other")) || s.secrets([]cfn.Parameter{secret}, nil) != "" {
		t.Error("the key does not count")
	}
	elsewhere := s
	elsewhere.set.Name = "other"
	if s.secrets([]cfn.Parameter{secret}, key) == elsewhere.secrets([]cfn.Parameter{secret}, key) {
		t.Error("the tags of two stacks show that they have the same secret")
	}
}

// A plan says what is needed to notice a new value of a secret parameter.
func TestAPlanSaysThatSecretsNeedABucket(t *testing.T) {
	t.Parallel()
	was := cfn.Stack{Parameters: map[string]string{"P": "****"}, Tags: map[string]string{tagRequest: "digest"}}
	wanted := []cfn.Parameter{{Key: "P", Value: "two", Secret: true}}
	for bucket, says := range map[string]bool{"": true, "files": false} {
		s := spot{set: Defaults()}
		s.set.Bucket = bucket
		_, unknown := s.changedParameters(was, wanted, mark{digest: "digest"})
		if len(unknown) != 1 || !strings.Contains(unknown[0], "whether the values of P (NoEcho) have changed") || strings.Contains(unknown[0], "set bucket of the stack target") != says {
			t.Errorf("bucket %q: %q", bucket, unknown)
		}
	}
}

// What is written with $${, or is in a variable, is sent as it is.
func TestEscapedParametersAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	s := spot{set: Defaults()}
	s.Version = "1.4.0"
	s.set.Parameters = map[string]string{"Plain": "${release.version}", "Escaped": "a${release.version}", "Variable": "${release.version} ${release.version}", "Empty": ""}
	s.Written = map[string]delivery.Written{
		"parameters.Escaped":  {{Text: "a"}, {Text: "${", Escaped: true}, {Text: "release.version}"}},
		"parameters.Variable": {{Text: "${release.version}", Variable: "V"}, {Text: " ${release.version}"}},
	}
	all, err := s.parameters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range all {
		got[p.Key] = p.Value
	}
	if _, ok := got["Empty"]; !ok {
		t.Error("a parameter with an empty text is not sent")
	}
	for key, want := range map[string]string{"Plain": "1.4.0", "Escaped": "a${release.version}", "Variable": "${release.version} 1.4.0", "Empty": ""} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}
