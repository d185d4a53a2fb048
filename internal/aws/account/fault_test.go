package account

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"falkirk/internal/fault"
)

// Each code by which AWS refuses credentials, or limits calls, has its own words and
// next step.
func TestEachAnswerOfAWSHasItsOwnNextStep(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]struct {
		text, hint string
		kind       fault.Kind
	}{
		"ExpiredToken":                {"have expired", "aws sso login", fault.Refused},
		"ExpiredTokenException":       {"have expired", "aws sso login", fault.Refused},
		"InvalidClientTokenId":        {"does not know the access key", "aws configure list", fault.Refused},
		"UnrecognizedClientException": {"does not know the access key", "aws configure list", fault.Refused},
		"InvalidAccessKeyId":          {"does not know the access key", "aws configure list", fault.Refused},
		"SignatureDoesNotMatch":       {"secret key does not belong", "set both again", fault.Refused},
		"RequestTimeTooSkewed":        {"clock of this machine is wrong", "set the clock", fault.Refused},
		"RequestExpired":              {"clock of this machine is wrong", "set the clock", fault.Refused},
		"Throttling":                  {"limits the rate of calls", "wait a minute", fault.Unavailable},
		"TooManyRequestsException":    {"limits the rate of calls", "wait a minute", fault.Unavailable},
		"AccessDenied":                {"AccessDenied", "", fault.Refused},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>m</Message></Error></ErrorResponse>", code)
		}))
		t.Cleanup(s.Close)
		_, err := sts.New(sts.Options{
			Region: "eu-central-1", BaseEndpoint: aws.String(s.URL), Retryer: aws.NopRetryer{},
			Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "secret", ""),
		}).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		told := Classify(fmt.Errorf("look at x: %w", err))
		if !fault.Is(told, want.kind) || !strings.Contains(told.Error(), want.text) || !strings.Contains(fault.HintOf(told), want.hint) || want.hint == "" && fault.HintOf(told) != "" {
			t.Errorf("%s: %v (%s)", code, told, fault.HintOf(told))
		}
	}
}

// A refusal in a form that the client cannot read is a refusal all the same; any
// other answer in such a form is not one of AWS.
func TestARefusalNeedsNoForm(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]fault.Kind{http.StatusForbidden: fault.Refused, http.StatusOK: fault.Unavailable} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprint(w, "<ErrorResponse><Error><Code>AccessDeniedException</Code></Error></ErrorResponse>") // ECR speaks JSON
		}))
		t.Cleanup(s.Close)
		_, err := ecr.New(ecr.Options{
			Region: "eu-central-1", BaseEndpoint: aws.String(s.URL), Retryer: aws.NopRetryer{},
			Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "secret", ""),
		}).DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{})
		if told := Classify(err); !fault.Is(told, kind) {
			t.Errorf("status %d: %v", status, told)
		}
	}
}

// What was being done stays in the message about the network.
func TestTheCauseOfTheNetworkKeepsWhatWasDone(t *testing.T) {
	t.Parallel()
	_, err := sts.New(sts.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String("https://sts.example.onion"), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "secret", ""),
	}).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	got := Classify(fmt.Errorf("look at stack x: %w", err)).Error()
	if want := "look at stack x: STS GetCallerIdentity: cannot resolve sts.example.onion: the name does not exist (DNS)"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
