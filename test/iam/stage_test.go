package iam

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"golang.org/x/crypto/ssh"

	"falkirk/internal/aws/kms"
	"falkirk/test/emulators"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

const (
	builds = "111111111111"
	prod   = "333333333333"
	role   = "falkirk-shop"
)

// appFile is an app whose site goes from the builds bucket of one account to the
// bucket of another.
const appFile = `
app: shop
lock: {lease: 2s, request: 200ms} # a phase that is denied something does not close its operation
keep: 1
store: s3://shop-builds/team
storeAccount: builds
ledger: {signers: signers, sign: "%[2]s"}
accounts:
  builds: {id: "111111111111", role: "arn:aws:iam::111111111111:role/falkirk-shop", region: eu-central-1}
  prd: {id: "333333333333", role: "arn:aws:iam::333333333333:role/falkirk-shop", region: eu-central-1, externalId: agreed, tags: {team: web}}
components:
  web:
    site: {path: web}
  topic:
    stack: {template: topic.yml}
    target: {stack: {name: shop-topic}}
environments:
  - name: prd
    account: prd
    target: {site: {bucket: shop-prd, prefix: web, distribution: %[1]s, wait: true}}
`

// topic is a template of the app, which every release changes.
const topic = `Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: of %s}
`

// stage is an emulator with two accounts that falkirk create account prepared,
// and the app.
type stage struct {
	server  *emulators.Server
	others  [][]string // of who may take the role that packs alone, the roles of prd alone, and those of administrators
	falkirk string
	dir     string
	env     []string               // of a user who may take the two roles and nothing else
	iam     map[string]*iam.Client // by account: an administrator
	admin   map[string]emulators.CLI
	version int
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return newStageOf(t, appFile)
}

// newStageOf is newStage with another app file.
func newStageOf(t *testing.T, appFile string) *stage {
	t.Helper()
	server := emulators.Judging(t)
	s := &stage{server: server, dir: t.TempDir(), iam: map[string]*iam.Client{}, admin: map[string]emulators.CLI{}}
	s.falkirk, _ = harness.Programs(t)
	for _, id := range []string{builds, prod} {
		s.admin[id] = server.Admin(t, id)
		s.iam[id] = iam.NewFromConfig(s.admin[id].Config(server, "us-east-1"))
	}
	s.admin[prod].Must(t, "s3api", "create-bucket", "--bucket", "shop-prd")
	s.write(t, "falkirk.yml", fmt.Sprintf(appFile, s.distribution(t), s.signs(t)))
	s.write(t, "web/index.html", "first")
	s.write(t, "topic.yml", fmt.Sprintf(topic, "nothing"))
	roles := []string{"arn:aws:iam::" + builds + ":role/" + role, "arn:aws:iam::" + prod + ":role/" + role}
	if strings.Contains(appFile, "storeRole") {
		roles = append(roles, roles[0]+"-prd")
	}
	s.env = s.user(t, "ann", roles...)
	s.others = [][]string{
		s.user(t, "packer", roles[0]), s.user(t, "deployer", roles[len(roles)-1], roles[1]),
		s.user(t, "maker", roles[0], "arn:aws:iam::"+builds+":role/witness", "arn:aws:iam::"+prod+":role/witness", "arn:aws:iam::"+prod+":role/"+jobRole),
	}
	server.Enforce(t)
	for name, id := range map[string]string{"builds": builds, "prd": prod} {
		out, err := s.run(t.Context(), s.admin[id].Environ(), "create", "account", name, "--principal", server.Account, "--yes")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out, "is prepared") {
			t.Fatalf("create account %s: %s", name, out)
		}
	}
	return s
}

// user is the environment of a new user who may take the roles and nothing else.
func (s *stage) user(t *testing.T, name string, roles ...string) []string {
	t.Helper()
	return s.server.User(t, name, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":["`+strings.Join(roles, `","`)+`"]}]}`).Environ()
}

// distribution makes one in production and gives its ID.
func (s *stage) distribution(t *testing.T) string {
	t.Helper()
	config := `{"CallerReference":"1","Comment":"","Enabled":true,"Origins":{"Quantity":1,"Items":[{"Id":"o","DomainName":"shop-prd.s3.amazonaws.com","S3OriginConfig":{"OriginAccessIdentity":""}}]},"DefaultCacheBehavior":{"TargetOriginId":"o","ViewerProtocolPolicy":"https-only"}}`
	var made struct{ Distribution struct{ ID string } }
	s.admin[prod].JSON(t, &made, "cloudfront", "create-distribution", "--distribution-config", config)
	return made.Distribution.ID
}

// signs makes a key of KMS in the builds account, lists its public half as a signer,
// and gives its ARN.
func (s *stage) signs(t *testing.T) string {
	t.Helper()
	var made struct{ KeyMetadata struct{ Arn string } }
	s.admin[builds].JSON(t, &made, "kms", "create-key", "--region", "eu-central-1", "--key-usage", "SIGN_VERIFY", "--key-spec", "ECC_NIST_P256")
	k, err := kms.Open(t.Context(), s.admin[builds].Config(s.server, "eu-central-1"), made.KeyMetadata.Arn)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "signers", "ann "+string(ssh.MarshalAuthorizedKey(k.Signer(t.Context()).PublicKey())))
	return made.KeyMetadata.Arn
}

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// run runs one command and gives what it printed; an error holds that as well.
func (s *stage) run(ctx context.Context, env []string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.falkirk, args...)
	cmd.Dir, cmd.Env = s.dir, slices.Concat(env, []string{"FALKIRK_ACTOR=ann"})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("falkirk %s: %w\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String(), nil
}

// life packs a new release with a file of its own, a changed page and one large
// file, and takes it through all phases; it gives the command that failed first.
func (s *stage) life(t *testing.T) (failed string, err error) {
	t.Helper()
	s.version++
	version := fmt.Sprintf("%d.0.0", s.version)
	s.write(t, "topic.yml", fmt.Sprintf(topic, version))
	s.write(t, "web/index.html", "page of "+version)
	s.write(t, "web/assets/app-"+version+".js", "asset of "+version)
	for _, args := range [][]string{
		{"pack", "--version", version},
		{"provision", version, "--to", "prd"},
		{"promote", version, "--to", "prd"},
		{"status", "prd"},
		{"prune", "prd"},
		{"verify"},
	} {
		if _, err := s.run(t.Context(), s.env, args...); err != nil {
			return args[0], err
		}
	}
	return "", nil
}

// examine runs the doctor and gives what it calls denied.
func (s *stage) examine(t *testing.T) (denied, unknown []string) {
	t.Helper()
	out, _ := s.run(t.Context(), s.env, "doctor", "--output", "json") // what is denied is no success
	var doc struct {
		Result struct {
			Accounts []struct {
				Name   string
				Error  string
				Checks []struct{ Action, Resource, Answer string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatalf("the doctor's document: %v\n%s", err, out)
	}
	for _, a := range doc.Result.Accounts {
		if a.Error != "" {
			t.Fatalf("account %s: %s", a.Name, a.Error)
		}
		for _, c := range a.Checks {
			what := a.Name + " " + c.Action + " " + c.Resource
			switch c.Answer {
			case "denied":
				denied = append(denied, what)
			case "unknown":
				unknown = append(unknown, what)
			}
		}
	}
	return denied, unknown
}

// allow sets the policy of an account's role.
func (s *stage) allow(t *testing.T, id, document string) {
	t.Helper()
	_, err := s.iam[id].PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String(role), PolicyName: aws.String(role), PolicyDocument: aws.String(document)})
	if err != nil {
		t.Fatal(err)
	}
}
