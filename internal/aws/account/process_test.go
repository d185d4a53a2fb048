package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"falkirk/internal/fault"
)

type endless struct{ source aws.CredentialSource }

func (e endless) ProviderSources() []aws.CredentialSource { return []aws.CredentialSource{e.source} }

func (endless) Retrieve(context.Context) (aws.Credentials, error) { select {} }

// A credential_process that ignores its end is given up at the time that is told.
func TestAProcessThatDoesNotEndIsGivenUp(t *testing.T) {
	t.Parallel()
	p, ok := attended(endless{aws.CredentialSourceProfileProcess}, nil).(process)
	if !ok || p.longest != processcreds.DefaultTimeout {
		t.Fatalf("%+v", p)
	}
	p.longest = 50 * time.Millisecond
	_, err := p.Retrieve(t.Context())
	told := Classify(err)
	if !fault.Is(told, fault.Refused) || !strings.Contains(told.Error(), "does not end within 50ms") || fault.HintOf(told) == "" {
		t.Errorf("%v (%s)", told, fault.HintOf(told))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.longest = time.Hour
	if _, err := p.Retrieve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after an interrupt: %v", err)
	}
	if other := attended(endless{aws.CredentialSourceEnvVars}, nil); other != (endless{aws.CredentialSourceEnvVars}) {
		t.Errorf("another source is %T", other)
	}
}
