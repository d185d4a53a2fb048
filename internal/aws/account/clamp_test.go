package account

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"falkirk/internal/delivery"
)

// A session is as long as the role allows; the doctor's walk says so. No
// emulator knows limits, so this one answers as STS is documented to.
func TestSessionsAreAsLongAsTheRoleAllows(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		const space = `xmlns="https://sts.amazonaws.com/doc/2011-06-15/"`
		switch d := r.PostForm.Get("DurationSeconds"); {
		case r.PostForm.Get("Action") == "GetCallerIdentity":
			fmt.Fprintf(w, `<GetCallerIdentityResponse %s><GetCallerIdentityResult><Arn>arn:aws:sts::%s:assumed-role/deploy/x</Arn><UserId>u</UserId><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, space, two, two)
		case d == "7200":
			asked = append(asked, d)
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `<ErrorResponse %s><Error><Type>Sender</Type><Code>ValidationError</Code><Message>The requested DurationSeconds exceeds the MaxSessionDuration set for this role.</Message></Error></ErrorResponse>`, space)
		default:
			asked = append(asked, d)
			fmt.Fprintf(w, `<AssumeRoleResponse %s><AssumeRoleResult><Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2199-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, space)
		}
	}))
	t.Cleanup(server.Close)
	p := New(Options{
		App: "shop", Actor: "ann",
		Accounts: []delivery.Account{{Name: "prd", ID: two, Role: role(two, "deploy"), Region: "eu-central-1", Duration: delivery.Duration(2 * time.Hour)}},
		Start: func(context.Context) (aws.Config, error) {
			return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")}, nil
		},
	})
	if _, err := p.Config(t.Context(), "prd", ""); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 2 || asked[0] != "7200" || asked[1] != "3600" {
		t.Errorf("asked for sessions of %v s", asked)
	}
	hops, err := p.Walk(t.Context(), "prd")
	if err != nil || len(hops) != 2 || hops[1].Err != nil || hops[1].Given != time.Hour || hops[1].ID != two {
		t.Errorf("the walk is %+v: %v", hops, err)
	}
}
