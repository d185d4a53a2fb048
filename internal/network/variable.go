package network

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"falkirk/internal/fault"
)

// blemish says what of a value cannot be seen and is not meant: a blank at its
// beginning or its end, or a control character; "" where there is none.
func blemish(value string) string {
	trimmed := strings.TrimFunc(value, unseen)
	switch {
	case trimmed == "" && value != "":
		return "has nothing that can be seen"
	case strings.HasSuffix(value, "\n"), strings.HasSuffix(value, "\r"):
		return "ends with a line end"
	case strings.TrimLeftFunc(value, unseen) != value:
		return "begins with " + nameOf([]rune(value)[0])
	case len(value) > len(trimmed):
		all := []rune(value)
		return "ends with " + nameOf(all[len(all)-1])
	}
	if i := strings.IndexFunc(value, unicode.IsControl); i >= 0 {
		return "has " + nameOf([]rune(value[i:])[0])
	}
	return ""
}

func unseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || r == 0xfeff || r == 0x200b
}

func nameOf(r rune) string {
	switch {
	case r == ' ':
		return "a blank"
	case r == '\t':
		return "a tab"
	case unicode.IsControl(r):
		return fmt.Sprintf("the control character 0x%02x", r)
	}
	return fmt.Sprintf("U+%04X, which cannot be seen", r)
}

// The variables that the AWS SDK reads, of which it says nothing or something else
// where their value has a blemish.
var (
	secretVariables = []string{"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SESSION_TOKEN"}
	plainVariables  = []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"}
	fileVariables   = []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_WEB_IDENTITY_TOKEN_FILE"}
)

// CheckVariables refuses an environment ("NAME=value" each) in which a variable of
// the AWS SDK begins or ends with a blank, or has a control character.
func CheckVariables(environ []string) error {
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		isSecret, isFile := slices.Contains(secretVariables, name), slices.Contains(fileVariables, name)
		known := isSecret || isFile || slices.Contains(plainVariables, name) || strings.HasPrefix(name, "AWS_ENDPOINT_URL")
		why := blemish(value)
		if !known || why == "" || isFile && exists(value) {
			continue
		}
		shown := " (" + strconv.Quote(withoutPassword(value)) + ")"
		if isSecret {
			shown = ""
		}
		return fault.Hint(fault.New(fault.Invalid, "the environment variable %s %s%s", name, why, shown), "set %s again without it: export %s=…", name, name)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// withoutPassword is an address without its user and password.
func withoutPassword(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	scheme, _, ok := strings.Cut(address[:at], "://")
	if !ok {
		return "***" + address[at:]
	}
	return scheme + "://***" + address[at:]
}
