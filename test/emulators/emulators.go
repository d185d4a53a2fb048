// Package emulators starts emulators of AWS on loopback for tests, and the AWS CLI
// as the independent witness of what is in them. The programs are those of
// test/peers.
package emulators

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"falkirk/test/emulators/process"
	"falkirk/test/emulators/python"
	"falkirk/test/peers"
)

// Root is the account that an emulator's own credentials belong to.
const Root = "123456789012"

// Server is an emulator that listens on loopback.
type Server struct {
	URL     string // http://127.0.0.1:PORT
	Account string // of its own credentials, 12 digits
	key     string // access key ID
}

// Moto starts a moto server of the test's own: any number of accounts, told
// apart by the role that was assumed.
func Moto(t testing.TB, env ...string) *Server {
	t.Helper()
	program := peers.Program(t, "moto_server")
	s := &Server{Account: Root, key: "AKIAFALKIRKTESTS0000"}
	s.start(t, "/moto-api/data.json", func(port string) *exec.Cmd {
		cmd := exec.Command(program, "-H", "127.0.0.1", "-p", port)
		cmd.Env = append(append(os.Environ(), additions("moto")...), env...)
		return cmd
	})
	return s
}

// Ministack starts a ministack server of the test's own, for one account.
func Ministack(t testing.TB, account string) *Server {
	t.Helper()
	program := peers.Program(t, "ministack")
	dir := t.TempDir()
	s := &Server{Account: account, key: account} // it reads the account from the key
	s.start(t, "/_ministack/health", func(port string) *exec.Cmd {
		cmd := exec.Command(program)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), additions("ministack")...)
		cmd.Env = append(cmd.Env, "BIND_HOST=127.0.0.1", "GATEWAY_PORT="+port, "MINISTACK_ACCOUNT_ID="+account,
			"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", "TMPDIR="+dir, "LOG_LEVEL=WARNING",
			"AWS_ENDPOINT_URL=http://127.0.0.1:"+port) // for its functions
		return cmd
	})
	return s
}

// start runs a server on a free port until the test has ended, and waits until
// it answers.
func (s *Server) start(t testing.TB, health string, command func(port string) *exec.Cmd) {
	t.Helper()
	url, stop, err := process.Server{Health: health, Command: command}.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s.URL = url
}

// At is the same server behind another address; of no server, it is one that
// asks for no credentials in particular.
func (s *Server) At(url string) *Server {
	return &Server{URL: url, Account: cmp.Or(s.Account, Root), key: cmp.Or(s.key, Root)}
}

// Config is the SDK's configuration for the server's own account in a region.
func (s *Server) Config(region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(s.URL),
		Credentials: credentials.NewStaticCredentialsProvider(s.key, "test", ""),
	}
}

// Nowhere is a configuration that leads to nobody.
func Nowhere(region string) aws.Config {
	return (&Server{URL: "http://127.0.0.1:1", key: Root}).Config(region)
}

// NowhereEnv is an environment with credentials that belong to nobody.
func NowhereEnv() []string { return (&Server{URL: "http://127.0.0.1:1", key: Root}).Env() }

// Env is this process's environment, but for what AWS's programs read: that
// leads them to the server and its own account, and to no file of the user's.
func (s *Server) Env() []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "AWS_") })
	return append(env,
		"AWS_ENDPOINT_URL="+s.URL, "AWS_ACCESS_KEY_ID="+s.key, "AWS_SECRET_ACCESS_KEY=test",
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
}

// CLI is the AWS CLI on a server, acting in one account.
type CLI struct {
	url string
	env []string
}

// CLI is the AWS CLI with the server's own credentials.
func (s *Server) CLI(t testing.TB) CLI {
	t.Helper()
	peers.Program(t, "aws")
	return CLI{s.URL, s.Env()}
}

// As is the AWS CLI in another account of a moto server, by a role assumed there.
func (s *Server) As(t testing.TB, account string) CLI {
	t.Helper()
	c := s.CLI(t)
	var got struct {
		Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }
	}
	c.JSON(t, &got, "sts", "assume-role", "--role-arn", "arn:aws:iam::"+account+":role/witness", "--role-session-name", "witness")
	k := got.Credentials
	c.env = append(c.env, "AWS_ACCESS_KEY_ID="+k.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+k.SecretAccessKey, "AWS_SESSION_TOKEN="+k.SessionToken)
	return c
}

// Try runs one command and gives what it printed.
func (c CLI) Try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	out, errs, err := python.Run(ctx, python.AWS, c.env, dir, append([]string{"--output", "json", "--endpoint-url", c.url}, args...)...)
	if err != nil {
		return out, fmt.Errorf("aws %s: %w\n%s", strings.Join(args, " "), err, errs)
	}
	return out, nil
}

// Must runs one command that must end well.
func (c CLI) Must(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.Try(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// JSON runs one command that must end well, and reads what it printed.
func (c CLI) JSON(t testing.TB, into any, args ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.Must(t, args...)), into); err != nil {
		t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
}

// Lint fails the test unless cfn-lint finds nothing in a template.
func Lint(t testing.TB, template []byte, args ...string) {
	t.Helper()
	peers.Program(t, python.Lint)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "template.yaml"), template, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, errs, err := python.Run(ctx, python.Lint, os.Environ(), dir, append(args, "--", "template.yaml")...)
	if err != nil {
		t.Errorf("cfn-lint: %v\n%s%s\n%s", err, out, errs, template)
	}
}
