package emulators

import (
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Judging starts a moto server that can enforce policies, each against the
// resource that a request is about: test/emulators/moto says how.
func Judging(t testing.TB) *Server {
	t.Helper()
	return Moto(t, "FALKIRK_JUDGING=1")
}

// additions has a program in Python load what a folder here adds to it.
func additions(folder string) []string {
	_, file, _, _ := runtime.Caller(0)
	return []string{"PYTHONPATH=" + filepath.Join(filepath.Dir(file), folder), "PYTHONDONTWRITEBYTECODE=1"}
}

// everything is a policy that allows everything.
const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// Admin acts in an account of a moto server as one who may do everything there,
// also when policies are enforced. It is made before they are.
func (s *Server) Admin(t testing.TB, account string) CLI {
	t.Helper()
	c := s.As(t, account)
	c.Must(t, "iam", "create-role", "--role-name", "witness", "--assume-role-policy-document", `{"Version":"2012-10-17","Statement":[]}`)
	c.Must(t, "iam", "put-role-policy", "--role-name", "witness", "--policy-name", "all", "--policy-document", everything)
	return c
}

// Config is the SDK's configuration for who the AWS CLI acts as.
func (c CLI) Config(s *Server, region string) aws.Config {
	found := map[string]string{}
	for _, e := range c.env {
		k, v, _ := strings.Cut(e, "=")
		found[k] = v
	}
	cfg := s.Config(region)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"], found["AWS_SESSION_TOKEN"])
	return cfg
}

// User makes a user in the server's own account whose policy is given, and acts
// as that.
func (s *Server) User(t testing.TB, name, policy string) CLI {
	t.Helper()
	var made struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string }
	}
	c := s.CLI(t)
	c.Must(t, "iam", "create-user", "--user-name", name)
	c.Must(t, "iam", "put-user-policy", "--user-name", name, "--policy-name", "own", "--policy-document", policy)
	c.JSON(t, &made, "iam", "create-access-key", "--user-name", name)
	c.env = append(c.env, "AWS_ACCESS_KEY_ID="+made.AccessKey.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+made.AccessKey.SecretAccessKey)
	return c
}

// Environ is the environment of a program that is to act as the CLI does.
func (c CLI) Environ() []string { return append([]string(nil), c.env...) }

// Enforce makes a moto server judge every request by the policies from now on.
func (s *Server) Enforce(t testing.TB) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/moto-api/reset-auth", strings.NewReader("0"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("policies are not enforced: %s %v", res.Status, err)
	}
}
