package doctor

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

// fake answers as STS and IAM's simulator do, and refuses every other request:
// what is denied is one action. No emulator has a simulator.
type fake struct {
	t      *testing.T
	denied string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		f.t.Error(err)
	}
	switch r.PostForm.Get("Action") {
	case "AssumeRole":
		fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
	case "GetCallerIdentity":
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::%s:assumed-role/falkirk-shop/x</Arn><UserId>u</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, prod, prod)
	case "SimulatePrincipalPolicy":
		decision := "allowed"
		if r.PostForm.Get("ActionNames.member.1") == f.denied {
			decision = "implicitDeny"
		}
		if strings.Contains(r.PostForm.Get("ResourceArns.member.1"), "*") || r.PostForm.Get("PolicySourceArn") != role(prod) {
			f.t.Errorf("the simulator is asked for %v", r.PostForm)
		}
		fmt.Fprintf(w, `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>a</EvalActionName><EvalDecision>%s</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`, decision)
	default:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>User is not authorized to perform because no resource-based policy allows the action</Message></Error>`)
	}
}

func simulated(t *testing.T, denied string) map[string]delivery.Permission {
	t.Helper()
	f := &fake{t: t, denied: denied}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	p := account.New(account.Options{Accounts: app().Accounts, App: "shop", Actor: "ann", Start: func(context.Context) (aws.Config, error) {
		return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")}, nil
	}})
	out := map[string]delivery.Permission{}
	for _, c := range examine(t, p, "prd").Accounts[0].Checks {
		out[c.Sid+" "+c.Action] = c
	}
	return out
}

// The simulator knows the role's side: what is the account's own is not probed,
// and what is another's is, so that the side that lacks something is known.
func TestTheSimulatorAnswersForTheRole(t *testing.T) {
	t.Parallel()
	got := simulated(t, "s3:PutObject")
	if c := got["SiteWrite s3:PutObject"]; c.Answer != delivery.AccessDenied || c.By != "simulated" || len(c.Fixes) != 1 || !strings.Contains(c.Fixes[0].Where, "role/falkirk-shop") {
		t.Errorf("what the role lacks is %s", policy.JSON(c))
	}
	if c := got["SiteWrite s3:DeleteObject"]; c.Answer != delivery.AccessAllowed || c.By != "simulated" {
		t.Errorf("what the role has is %s", policy.JSON(c))
	}
	c := got["BuildsList s3:ListBucket"]
	if c.Answer != delivery.AccessDenied || len(c.Fixes) != 1 || !strings.HasPrefix(c.Fixes[0].Where, "the bucket policy of shop-builds") {
		t.Errorf("what the other account does not allow is %s", policy.JSON(c))
	}
}
