package network

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/fault"
)

// A blank or a control character at an end of a variable is said and made visible; a
// secret is not shown; what the SDK or the file system takes is no problem.
func TestAVariableWithABlemishIsTold(t *testing.T) {
	t.Parallel()
	odd := filepath.Join(t.TempDir(), "config ")
	if err := os.WriteFile(odd, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := []string{"AWS_PROFILE=prod", "AWS_PROFILE=", "AWS_REGION=eu-west-1", "MINE=x\n", "AWS_PROFILE=my own profile", "AWS_CONFIG_FILE=" + odd, "AWS_ENDPOINT_URL=http://localhost:4566"}
	for _, e := range good {
		if err := CheckVariables([]string{e}); err != nil {
			t.Errorf("%q: %v", e, err)
		}
	}
	ends := map[string]string{"x\n": "ends with a line end", "x\r\n": "ends with a line end", "x ": "ends with a blank", " x": "begins with a blank", "\tx": "begins with a tab",
		"x\u00a0": "ends with U+00A0", "x\x1b": "ends with the control character 0x1b", "\ufeffx": "begins with U+FEFF", "x\x00y": "has the control character 0x00", " ": "has nothing that can be seen"}
	for _, list := range [][]string{secretVariables, plainVariables, fileVariables, {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}} {
		for _, name := range list {
			for value, why := range ends {
				value = strings.Replace(value, "x", "never-shown", 1)
				err := CheckVariables([]string{"HOME=/", name + "=" + value})
				if err == nil || !strings.Contains(err.Error(), name+" "+why) || !strings.Contains(fault.HintOf(err), name) || !fault.Is(err, fault.Invalid) {
					t.Errorf("%s=%q: %v", name, value, err)
					continue
				}
				shown := strings.Contains(err.Error(), "never-shown")
				if isSecret := len(list) == len(secretVariables); shown == isSecret && strings.Contains(value, "never") {
					t.Errorf("%s=%q: shown %t: %v", name, value, shown, err)
				}
			}
		}
	}
}

// The value of a proxy with a blemish is shown, and its password is not.
func TestAProxyWithABlemishIsTold(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"http://proxy:3128\n":              `HTTPS_PROXY is not the address of a proxy: it ends with a line end ("http://proxy:3128\n")`,
		" http://proxy:3128":               `HTTPS_PROXY is not the address of a proxy: it begins with a blank (" http://proxy:3128")`,
		"http://u:never-shown@proxy:3128 ": `HTTPS_PROXY is not the address of a proxy: it ends with a blank ("http://***@proxy:3128 ")`,
		"u:never-shown@proxy:3128\t":       `HTTPS_PROXY is not the address of a proxy: it ends with a tab ("***@proxy:3128\t")`,
		"http://proxy:never-shown\n":       `HTTPS_PROXY is not the address of a proxy: it ends with a line end`,
		"http://proxy:port":                `HTTPS_PROXY is not the address of a proxy`,
	} {
		wrong := wrongProxies(func(name string) string { return map[string]string{"HTTPS_PROXY": value}[name] })
		if got := (&proxyAddress{wrong["https"], value}).Error(); got != want {
			t.Errorf("%q:\n%s\n%s", value, got, want)
		}
	}
	for value, good := range map[string]bool{"a,b": true, " a , b \n": true, "": true, "a\x1b,b": false, "a\nb": false} {
		if isList(value) != good {
			t.Errorf("NO_PROXY=%q: %t", value, !good)
		}
	}
	if got := (&proxyAddress{noProxy, "a\x1b"}).Error(); got != `NO_PROXY ends with the control character 0x1b: "a\x1b"` {
		t.Error(got)
	}
}
