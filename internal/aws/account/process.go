package account

import (
	"context"
	"crypto/rand"
	"fmt"
	"os/exec"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"falkirk/internal/guard"
	"falkirk/internal/network"
)

// markName is the variable by which the processes of a credential_process are found.
const markName = "FALKIRK_CREDENTIAL_PROCESS"

// program is the credential_process of a profile. It has the terminal, as it may ask
// for a code, so it is in no process group of its own.
type program struct {
	command string
	mark    string
}

func newProgram(command string) *program {
	return &program{command: command, mark: markName + "=" + rand.Text()}
}

// NewCommand implements processcreds.NewCommandBuilder.
func (p *program) NewCommand(ctx context.Context) (*exec.Cmd, error) {
	cmd, err := processcreds.DefaultNewCommandBuilder{Args: []string{p.command}}.NewCommand(ctx)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(cmd.Env, p.mark)
	cmd.Cancel = func() error {
		p.end()
		return cmd.Process.Kill()
	}
	cmd.WaitDelay = guard.Grace // a process that could not be ended may keep the output open
	return cmd, nil
}

// end kills the program with all that it has started, and says what that was.
func (p *program) end() string {
	met, remain := guard.EndMarked([]string{p.mark})
	switch {
	case len(remain) > 0:
		return "; these processes could not be ended and still run: " + guard.Names(remain)
	case len(met) > 0:
		return "; these processes were ended: " + guard.Names(met)
	}
	return ""
}

// process gets credentials from the credential_process of a profile, and tells the
// user when that takes long.
type process struct {
	aws.CredentialsProvider
	longest time.Duration
	program *program // nil where it is not known
}

// attended follows a provider where it starts a program.
func attended(p aws.CredentialsProvider, known *program) aws.CredentialsProvider {
	if !startsProgram(p) {
		return p
	}
	return process{p, processcreds.DefaultTimeout, known}
}

func startsProgram(p aws.CredentialsProvider) bool {
	known, ok := p.(aws.CredentialProviderSource)
	return ok && slices.Contains(known.ProviderSources(), aws.CredentialSourceProfileProcess)
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
	case <-ctx.Done(): // the SDK does not hand it on to the program
		return aws.Credentials{}, fmt.Errorf("%s gave no credentials: %w%s", p.name(), ctx.Err(), p.stop())
	case <-end.C:
		return aws.Credentials{}, &processcreds.ProviderError{Err: fmt.Errorf("%s does not end within %s%s", p.name(), p.longest, p.stop())}
	}
}

// name is the program as the profile has it, without its arguments: these may be secret.
func (p process) name() string {
	if p.program == nil {
		return "the credential_process"
	}
	return "credential_process " + firstWord(p.program.command)
}

func (p process) stop() string {
	if p.program == nil {
		return ""
	}
	return p.program.end()
}
