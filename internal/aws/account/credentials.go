package account

import (
	"cmp"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// The codes by which AWS says what is wrong with credentials.
const (
	codesExpired  = " ExpiredToken ExpiredTokenException TokenRefreshRequired UnauthorizedException InvalidGrantException "
	codesRejected = " InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId InvalidToken AuthFailure MissingAuthenticationToken MissingAuthenticationTokenException NotSignedUp OptInRequired "
	codesSecret   = " SignatureDoesNotMatch InvalidSignatureException IncompleteSignature IncompleteSignatureException "
	codesClock    = " RequestTimeTooSkewed RequestExpired RequestInTheFuture "
)

// isSession reports whether a new session of a role may help.
func isSession(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && (isOneOf(codesExpired, api.ErrorCode()) || isOneOf(codesRejected, api.ErrorCode()) || api.ErrorCode() == "RequestExpired")
}

// ofCredentials says what is wrong with the credentials; nil where they are not
// the cause.
func ofCredentials(err error) error {
	var container *containerError
	if errors.As(err, &container) {
		return fault.Hint(fault.New(fault.Unavailable, "%w", container),
			"check that the credentials agent of ECS or EKS runs, and AWS_CONTAINER_CREDENTIALS_FULL_URI (or _RELATIVE_URI); outside of a container, unset them and log in (aws sso login)")
	}
	if told := ofPage(err); told != nil {
		return told
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return ofCode(api, err)
	}
	for _, cause := range []func(error) error{ofProfile, ofSettings, ofLogin, ofNone} {
		if told := cause(err); told != nil {
			return told
		}
	}
	return nil
}

// containerError is of a container that gets no credentials.
type containerError struct {
	text string
	err  error
}

func (e *containerError) Error() string {
	return "the container gets no credentials for AWS: " + e.text
}

func (e *containerError) Unwrap() error { return e.err }

// ofCode tells by what AWS has answered.
func ofCode(api smithy.APIError, err error) error {
	code, message := api.ErrorCode(), api.ErrorMessage()
	clock := strings.Contains(message, "Signature expired") || strings.Contains(message, "Signature not yet current")
	switch {
	case isOneOf(codesClock, code), clock:
		return fault.Hint(fault.New(fault.Refused, "the clock of this machine is wrong%s: %w", skew(err), err),
			"set the clock, for example: timedatectl set-ntp true; AWS accepts a difference of 5 minutes (S3: 15)")
	case isOneOf(codesExpired, code):
		return fault.Hint(fault.New(fault.Refused, "the credentials have expired: %w", err), "log in again: aws sso login, or new credentials")
	case isOneOf(codesRejected, code):
		return fault.Hint(fault.New(fault.Refused, "AWS does not know the access key: %w", err),
			"aws configure list shows which key is used; take one that is active, and check that the account has enabled the region")
	case isOneOf(codesSecret, code):
		return fault.Hint(fault.New(fault.Refused, "the secret key does not belong to the access key: %w", err),
			"aws configure list shows where both come from; set both again")
	}
	return nil
}

// skew is how far the clock is off, by the date of the answer.
func skew(err error) string {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) || answer.Response == nil {
		return ""
	}
	at, failed := http.ParseTime(answer.Response.Header.Get("Date"))
	if failed != nil {
		return ""
	}
	switch d := time.Until(at).Round(time.Second); {
	case d >= time.Minute:
		return ", " + d.String() + " behind that of AWS"
	case d <= -time.Minute:
		return ", " + (-d).String() + " ahead of that of AWS"
	}
	return ""
}

// ofProfile tells of a profile that is not there, or cannot be read.
func ofProfile(err error) error {
	var missing config.SharedConfigProfileNotExistError
	var role config.SharedConfigAssumeRoleError
	var unread config.SharedConfigLoadError
	const list = "aws configure list-profiles shows the profiles; set AWS_PROFILE to one of them, or unset it"
	switch {
	case errors.As(err, &role):
		return fault.Hint(fault.New(fault.Invalid, "the AWS profile %q, which is to assume %s, cannot be used: %w", role.Profile, role.RoleARN, err), "check source_profile and credential_source of the profile")
	case errors.As(err, &missing):
		return fault.Hint(fault.New(fault.Invalid, "the AWS profile %q does not exist", missing.Profile), "%s", list)
	case errors.As(err, &unread):
		return fault.Hint(fault.New(fault.Invalid, "the AWS configuration file cannot be read: %w", err), "correct the file; AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others")
	}
	return nil
}

// ofLogin tells of a login that has ended, and of a program that gives no credentials.
func ofLogin(err error) error {
	var sso *ssocreds.InvalidTokenError
	var process *processcreds.ProviderError
	switch {
	case errors.As(err, &sso), strings.Contains(err.Error(), "cached SSO token is expired"), strings.Contains(err.Error(), "failed to read cached SSO token file"):
		return fault.Hint(fault.New(fault.Refused, "the login to AWS (SSO) has expired, or there was none: %w", err), "aws sso login")
	case errors.As(err, &process):
		return fault.Hint(fault.New(fault.Refused, "the credential_process of the profile gives no credentials: %w", err), "run the command of credential_process in ~/.aws/config by hand")
	}
	return nil
}

// ofSettings tells of settings of the SDK that it cannot use.
func ofSettings(err error) error {
	var mfa config.AssumeRoleTokenProviderNotSetError
	var file *fs.PathError
	text := err.Error() // the SDK has no type for most
	const bundle = "AWS_CA_BUNDLE (ca_bundle of the profile) must name a file with certificates in PEM form"
	switch {
	case errors.As(err, &mfa):
		return fault.Hint(fault.New(fault.Invalid, "the AWS profile has mfa_serial: falkirk does not ask for a code"),
			`get a session with the AWS CLI, which asks: eval "$(aws configure export-credentials --format env)"`)
	case strings.Contains(text, "failed to retrieve jwt"):
		return fault.Hint(fault.New(fault.Invalid, "the file with the web identity token cannot be read: %w", cmp.Or(pathError(err), err)),
			"check AWS_WEB_IDENTITY_TOKEN_FILE (web_identity_token_file of the profile), and that the job may get an identity token")
	case strings.Contains(text, "failed to load custom CA bundle"):
		return fault.Hint(fault.New(fault.Invalid, "the file of AWS_CA_BUNDLE has no certificates"), bundle)
	case errors.As(err, &file) && file.Path == os.Getenv("AWS_CA_BUNDLE"):
		return fault.Hint(fault.New(fault.Invalid, "the file of AWS_CA_BUNDLE cannot be read: %w", file), bundle)
	case strings.Contains(text, "partial credentials found"):
		return fault.Hint(fault.New(fault.Invalid, "the AWS profile has only one half of the credentials: %w", err), "write both aws_access_key_id and aws_secret_access_key into the profile")
	case strings.Contains(text, "Failed to parse uri"), strings.Contains(text, "unsupported protocol scheme"):
		return fault.Hint(fault.New(fault.Invalid, "the address of AWS is not valid: %w", err), "write endpoint in the app file, or AWS_ENDPOINT_URL, as https://HOST:PORT")
	}
	return nil
}

// pathError is the error of a file in err; nil where there is none.
func pathError(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return file
	}
	return nil
}

// ofHalf tells of credentials whose other half is not there; nil where that is not so.
func ofHalf() error {
	key := cmp.Or(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_ACCESS_KEY")) != ""
	secret := cmp.Or(os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SECRET_KEY")) != ""
	has, not := "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
	switch {
	case key == secret:
		return nil
	case secret:
		has, not = not, has
	}
	return fault.Hint(fault.New(fault.Refused, "%s is set and %s is not: the AWS SDK uses neither", has, not), "set both, or none of them")
}

// ofBroken tells of a line that the SDK skips in silence, with all that follows in
// its section; nil where there is none.
func ofBroken() error {
	for _, path := range []string{
		cmp.Or(os.Getenv("AWS_CONFIG_FILE"), config.DefaultSharedConfigFilename()),
		cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), config.DefaultSharedCredentialsFilename()),
	} {
		raw, err := os.ReadFile(path) //nolint:gosec // the user's own settings
		if err != nil {
			continue
		}
		for i, line := range strings.Split(string(raw), "\n") {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "[") && !strings.Contains(line, "]") {
				return fault.Hint(fault.New(fault.Invalid, "line %d of %s has no ]: the AWS SDK skips the section", i+1, path), "correct the file; AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name others")
			}
		}
	}
	return nil
}

// ofNone tells that there are no credentials. The last place where the SDK looks
// is the metadata service of EC2, which only EC2 has.
func ofNone(err error) error {
	const hint = "log in (aws sso login), or name a profile that has some in AWS_PROFILE"
	text := err.Error() // the SDK has no type for either
	none := strings.Contains(text, "ec2imds:") || strings.Contains(text, "EC2 IMDS role") || strings.Contains(text, "static credentials are empty")
	if none || strings.Contains(text, "get credentials: ") {
		if why := cmp.Or(ofHalf(), ofBroken()); why != nil {
			return why
		}
	}
	switch {
	case none:
		return fault.Hint(fault.New(fault.Refused, "no credentials for AWS are at hand: not in the environment, not in a profile, and this is no machine of AWS with a role"), hint)
	case strings.Contains(text, "get credentials: ") && network.Of(err) == nil:
		return fault.Hint(fault.New(fault.Refused, "no credentials for AWS are at hand: %w", err), hint)
	}
	return nil
}
