package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"falkirk/internal/network"
)

// process gets credentials from the credential_process of a profile, and tells the
// user when that takes long. The SDK kills the shell only, and then waits for the
// program that the shell has started.
type process struct {
	aws.CredentialsProvider
	longest time.Duration
}

// attended follows a provider where it starts a program.
func attended(p aws.CredentialsProvider) aws.CredentialsProvider {
	known, ok := p.(aws.CredentialProviderSource)
	if !ok || !slices.Contains(known.ProviderSources(), aws.CredentialSourceProfileProcess) {
		return p
	}
	return process{p, processcreds.DefaultTimeout}
}

// ProviderSources implements aws.CredentialProviderSource.
func (p process) ProviderSources() []aws.CredentialSource {
	if known, ok := p.CredentialsProvider.(aws.CredentialProviderSource); ok {
		return known.ProviderSources()
	}
	return nil
}

// Retrieve implements aws.CredentialsProvider.
func (p process) Retrieve(ctx context.Context) (aws.Credentials, error) {
	type result struct {
		credentials aws.Credentials
		err         error
	}
	wait := network.NewWait(ctx)
	defer wait.Stop()
	wait.Waiting("the credential_process of the AWS profile gives no credentials yet", time.Now().Add(p.longest))
	end := time.NewTimer(p.longest)
	defer end.Stop()
	got := make(chan result, 1)
	go func() {
		c, err := p.CredentialsProvider.Retrieve(ctx)
		got <- result{c, err}
	}()
	select {
	case r := <-got:
		return r.credentials, r.err
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	case <-end.C:
		return aws.Credentials{}, &processcreds.ProviderError{Err: fmt.Errorf("it does not end within %s", p.longest)}
	}
}
