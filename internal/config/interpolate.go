package config

import (
	"regexp"
	"strings"

	"falkirk/internal/delivery"
)

var (
	envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	envRef  = regexp.MustCompile(`\$\{env:[A-Za-z_][A-Za-z0-9_]*\}`)
)

// hiddenMark stands for a value that is not shown. It is never taken for a value.
const hiddenMark = "***"

// interpolate puts environment variables into a scalar: ${env:NAME}; $${ stands
// for ${ itself. What is known later only, such as ${place.region}, stays.
func (c *converter) interpolate(s string, at pos) *node {
	out := &node{pos: at, shape: text, value: s}
	if !strings.Contains(s, "${") {
		return out
	}
	var b strings.Builder
	told := 0 // how much of it is in parts
	for rest := s; rest != ""; {
		i := strings.Index(rest, "${")
		if i < 0 {
			b.WriteString(rest)
			break
		}
		if i > 0 && rest[i-1] == '$' {
			b.WriteString(rest[:i-1])
			out.parts = append(out.parts.Text(b.String()[told:]), delivery.Part{Text: "${", Escaped: true})
			b.WriteString("${")
			told = b.Len()
			rest = rest[i+2:]
			continue
		}
		b.WriteString(rest[:i])
		end := strings.IndexByte(rest[i:], '}')
		if end < 0 {
			c.rep.add(at, Problem{Text: "${ is not closed", Got: shorten(rest[i:]), Want: "${env:NAME}, or $${ for the text ${ itself"})
			out.broken = true
			return out
		}
		if ref := rest[i : i+end+1]; lateRef.MatchString(ref) {
			out.late = append(out.late, ref)
			b.WriteString(ref)
			rest = rest[i+end+1:]
			continue
		}
		value, ok := c.variable(rest[i:i+end+1], at, out)
		if !ok {
			out.broken = true
			return out
		}
		out.env = append(out.env, value)
		out.parts = append(out.parts.Text(b.String()[told:]), delivery.Part{Text: value, Variable: rest[i+len("${env:") : i+end]})
		b.WriteString(value)
		told = b.Len()
		rest = rest[i+end+1:]
	}
	if out.value = b.String(); len(out.parts) > 0 {
		out.parts = out.parts.Text(b.String()[told:])
	}
	if len(out.env)+len(out.late) > 0 {
		out.shown = s
	}
	return out
}

// variable looks up one ${…}. One that is not set is noted in the node where
// blocks are lazy, and is else a problem at once.
func (c *converter) variable(ref string, at pos, in *node) (string, bool) {
	name, isEnv := strings.CutPrefix(ref[2:len(ref)-1], "env:")
	if !isEnv || !envName.MatchString(name) {
		c.rep.add(at, Problem{
			Text: shorten(ref) + " is not known", Got: shorten(ref),
			Want: "${env:NAME}; in the settings of a target also ${place.region} and others; or $${ for the text ${ itself",
		})
		return "", false
	}
	value, ok := c.getenv(name)
	if !ok {
		in.unset = name
		in.shown, _ = in.value.(string)
		c.rep.missing(in)
		if !c.lazy {
			c.rep.add(at, unsetProblem(in))
		}
		return "", false
	}
	if value == hiddenMark {
		c.rep.add(at, Problem{Text: "the environment variable " + name + " is ***, which stands for a value that is not shown", Got: ref, Want: "the value itself"})
		return "", false
	}
	if value != "" {
		c.rep.secrets[value] = ref
	}
	return value, true
}
