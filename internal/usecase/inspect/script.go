package inspect

import (
	"fmt"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/quote"
)

const scriptHead = `#!/bin/sh
# %s in %s, as plain commands of the AWS CLI. Plan %s
# The ledger of falkirk does not learn of it.
set -eu

# assume ROLE [OPTION...] takes on a role for the rest of the subshell.
assume() {
  role=$1; shift
  set -- $(aws sts assume-role --role-arn "$role" --role-session-name falkirk-export "$@" \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
  export AWS_ACCESS_KEY_ID="$1" AWS_SECRET_ACCESS_KEY="$2" AWS_SESSION_TOKEN="$3"
}
`

// needHead reads variables. The checksum is that of cksum, cut to 16 bits: enough to
// notice another value, too short to tell this one. It is of the value alone, so that
// many scripts tell no more than one.
const needHead = `
# need NAME CHECKSUM takes a value of falkirk.yml from the environment.
need() {
  eval "value=\${$1-} given=\${$1+yes}"
  if [ "$given" != yes ]; then
    echo "$0: $1 is not set; falkirk.yml takes a value from it. Nothing was changed. Next: export $1=..." >&2
    exit 2
  fi
  sum=$(printf %s "$value" | cksum)
  if [ $((${sum%% *} % 65536)) -ne "$2" ]; then
    echo "$0: $1 has another value than when this script was written. Nothing was changed. Next: falkirk export" >&2
    exit 2
  fi
  eval "falkirk_$1=\$value"
}

# json TEXT writes a text as JSON.
json() {
  printf '%s\n' "$1" | LC_ALL=C awk '
    BEGIN { for (i = 1; i < 32; i++) as[sprintf("%c", i)] = sprintf("\\u%04x", i); as["\""] = "\\\""; as["\\"] = "\\\\"; printf "\"" }
    NR > 1 { printf "\\n" }
    { for (i = 1; i <= length($0); i++) { c = substr($0, i, 1); printf("%s", (c in as) ? as[c] : c) } }
    END { print "\"" }'
}

`

// writeScript writes a script: a subshell for each place, as credentials must
// not outlive it.
func writeScript(w *strings.Builder, app delivery.App, s engine.Script) {
	fmt.Fprintf(w, scriptHead, quote.Line(strings.TrimSpace(string(s.Plan.Phase)+" "+s.Plan.Version)), quote.Line(s.Plan.Environment), quote.Line(s.Digest))
	writeNeeds(w, app, s)
	for _, p := range s.Places {
		fmt.Fprintf(w, "\n# %s\n", quote.Line(p.Place.String()))
		if len(p.Commands) == 0 {
			fmt.Fprintln(w, "# nothing to do")
			continue
		}
		fmt.Fprintln(w, "(")
		for _, line := range reach(app, p.Place) {
			fmt.Fprintln(w, "  "+line)
		}
		for _, c := range p.Commands {
			fmt.Fprintf(w, "\n  # %s: %s\n", quote.Line(c.Component), quote.Line(c.Summary))
			for _, line := range c.Lines {
				fmt.Fprintln(w, "  "+line)
			}
		}
		fmt.Fprintln(w, ")")
	}
}

// writeNeeds asks for every variable before anything is done.
func writeNeeds(w *strings.Builder, app delivery.App, s engine.Script) {
	all := s.Reads
	for _, p := range s.Places {
		if a, _ := app.Account(p.Place.Account); len(p.Commands) > 0 && a.Role != "" {
			all = append(all, a.External...)
		}
	}
	told := map[string]bool{"": true} // what is written in the app file
	for _, v := range all {
		if told[v.Variable] {
			continue
		}
		if len(told) == 1 {
			w.WriteString(needHead)
		}
		told[v.Variable] = true
		fmt.Fprintf(w, "need %s %d\n", quote.Line(v.Variable), cksum(v.Text)%65536)
	}
}

// reach are the commands that take on the roles of a place's account.
func reach(app delivery.App, p delivery.Place) []string {
	a, _ := app.Account(p.Account)
	region := quote.ShellWord(p.Region)
	lines := []string{"export AWS_REGION=" + region + " AWS_DEFAULT_REGION=" + region}
	if a.Endpoint != "" {
		lines = append(lines, "export AWS_ENDPOINT_URL="+quote.ShellWord(a.Endpoint))
	}
	for _, role := range a.Via {
		lines = append(lines, "assume "+quote.ShellWord(role))
	}
	if a.Role != "" {
		line := "assume " + quote.ShellWord(a.Role)
		if a.ExternalID != "" {
			line += " --external-id " + external(a)
		}
		lines = append(lines, line)
	}
	return lines
}

// external is the external ID of an account as a word of a shell.
func external(a delivery.Account) string {
	if a.External == nil {
		return quote.ShellWord(a.ExternalID)
	}
	var b strings.Builder
	for _, p := range a.External {
		if p.Variable != "" {
			b.WriteString(`"$` + delivery.ScriptVariable(p.Variable) + `"`)
		} else {
			b.WriteString(quote.ShellWord(p.Text))
		}
	}
	return b.String()
}

// cksum is the checksum that the command cksum of POSIX prints.
// https://pubs.opengroup.org/onlinepubs/9799919799/utilities/cksum.html
func cksum(s string) uint32 {
	var crc uint32
	add := func(b byte) {
		crc ^= uint32(b) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	for _, b := range []byte(s) {
		add(b)
	}
	for n := len(s); n > 0; n >>= 8 {
		add(byte(n)) //nolint:gosec // the low byte is meant
	}
	return ^crc
}
