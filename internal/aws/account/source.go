package account

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// ownProgram puts a program that can be ended in the place of the SDK's own, where the
// profile in use begins with a credential_process; the roles of the profile are
// assumed as the SDK does. It is nil where another source of credentials is used.
func ownProgram(cfg *aws.Config) *program {
	if !startsProgram(cfg.Credentials) {
		return nil
	}
	for _, source := range cfg.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok {
			own := cfg.Copy()
			if p, _ := sourceOf(&own, &shared, nil); p != nil {
				cfg.Credentials = aws.NewCredentialsCache(own.Credentials)
				return p
			}
		}
	}
	return nil
}

// sourceOf sets the credentials of a profile, from those of its source on, and gives
// what they come from.
func sourceOf(cfg *aws.Config, profile *config.SharedConfig, from []aws.CredentialSource) (p *program, sources []aws.CredentialSource) {
	switch {
	case profile.Source != nil:
		if p, from = sourceOf(cfg, profile.Source, append(from, aws.CredentialSourceProfileSourceProfile)); p == nil {
			return nil, nil
		}
	case profile.CredentialProcess != "":
		p, from = newProgram(profile.CredentialProcess), append(from, aws.CredentialSourceProfileProcess, aws.CredentialSourceProcess)
		cfg.Credentials = processcreds.NewProviderCommand(p, func(o *processcreds.Options) { o.CredentialSources = from })
	default:
		return nil, nil
	}
	if profile.RoleARN != "" {
		cfg.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(*cfg), profile.RoleARN, roleOf(profile, from))
	}
	return p, from
}

// roleOf are the options that the SDK takes from a profile. A duration of less than 16 minutes
// counts as none.
func roleOf(profile *config.SharedConfig, sources []aws.CredentialSource) func(*stscreds.AssumeRoleOptions) {
	return func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = profile.RoleSessionName
		if d := profile.RoleDurationSeconds; d != nil && *d/time.Minute > 15 {
			o.Duration = *d
		}
		if profile.ExternalID != "" {
			o.ExternalID = aws.String(profile.ExternalID)
		}
		o.CredentialSources = sources
	}
}

// firstWord is the program of a command line of a shell.
func firstWord(command string) string {
	for _, word := range strings.Fields(command) {
		if !strings.Contains(word, "=") && word != "exec" && word != "env" {
			return word
		}
	}
	return "of the profile"
}
