package config

import (
	"strings"
	"testing"
)

// What must not be shown is told by its name. A key of KMS, of a cache or of a table
// is no secret; a variable of a process whose name ends in KEY is.
func TestSecretNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"password": true, "dbPassword": true, "DB_PASSWORD": true, "token": true, "apiToken": true, "secret": true, "client-secret": true,
		"apiKey": true, "api_key": true, "private-key": true, "secretKey": true, "accessKeyId": true, "AUDIT_KEY": true, "STRIPE_KEY": true, "signingKey": true,
		"authorization": true, "Cookie": true, "credentials": true, "x-api-key": true,
		"kmsKey": false, "cache-key": false, "surrogate-key": false, "key": false, "keys": false, "publicKey": false, "PUBLIC_KEY": false, "KMS_KEY": false,
		"CACHE_KEY": false, "monkey": false, "path": false, "partitionKey": false,
	} {
		if got := looksSecret(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}

// config show shows what is written in the file.
func TestShowShowsPlainValues(t *testing.T) {
	t.Parallel()
	f := loaded(t, `app: shop
components: {web: {site: {path: dist}}}
environments:
  - {name: dev, target: {local: {env: {CACHE_KEY: plain-1, cache-key: plain-2, DB_PASSWORD: plain-3}}}}
`)
	shown, err := f.Show()
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]bool{"plain-1": true, "plain-2": true, "plain-3": false} {
		if strings.Contains(string(shown), value) != want {
			t.Errorf("%s is shown: %t, want %t\n%s", value, !want, want, shown)
		}
	}
}

// The quoted line shows which variable is meant, and no value.
func TestTheQuotedLineNamesTheVariable(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`token: ${env:NOT_SET}`:                      `token: ${env:NOT_SET}`,
		`token: "${env:NOT_SET}"`:                    `token: "${env:NOT_SET}"`,
		`token: "user-pass@${env:NOT_SET}/more"`:     `token: "**********${env:NOT_SET}*****"`,
		`{token: "${env:NOT_SET}", password: "abc"}`: `{token: "${env:NOT_SET}", password: "***"}`,
		`password: abcdef`:                           `password: ******`,
		`kmsKey: "abc"`:                              `kmsKey: "abc"`,
	} {
		rep := &report{lines: []string{line}, secrets: map[string]string{}}
		parse([]byte(line), rep, func(string) (string, bool) { return "", false }, false)
		rep.lines = []string{line}
		if got := rep.excerpt(1); got != want {
			t.Errorf("%s is %s, want %s", line, got, want)
		}
	}
}

// The mark of a hidden value is never taken for a value.
func TestTheMarkIsNoValue(t *testing.T) {
	t.Parallel()
	getenv := func(string) (string, bool) { return "***", true }
	rep := &report{secrets: map[string]string{}}
	parse([]byte("a: ${env:COPIED}\n"), rep, getenv, false)
	if len(rep.list) != 1 || !strings.Contains(rep.list[0].Text, "COPIED") {
		t.Errorf("the problems are %v", rep.list)
	}
	rep = &report{secrets: map[string]string{}}
	parse([]byte("password: '***'\nignore: '***'\n"), rep, getenv, false)
	if len(rep.list) != 1 || rep.list[0].Line != 1 {
		t.Errorf("the problems are %v", rep.list)
	}
}
