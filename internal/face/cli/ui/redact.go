package ui

import (
	"io"
	"slices"

	"falkirk/internal/delivery"
)

// redacting writes no secret. Each call to Write is one whole piece of text, as
// the fmt functions make it.
type redacting struct {
	to     io.Writer
	redact func(string) string
}

// Write writes a text without secrets.
func (r redacting) Write(p []byte) (int, error) {
	if _, err := io.WriteString(r.to, r.redact(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// hide keeps secrets out of everything that is printed from now on, but for
// documents that somebody applies.
func (f *Face) hide(redact func(string) string) {
	if redact == nil {
		return
	}
	f.WithoutSecrets = redact
	f.Out, f.Err = redacting{f.Out, redact}, redacting{f.Err, redact}
}

// versionsIn are the arguments of a command that can be versions of releases.
func versionsIn(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(a string) bool { return delivery.CheckVersion(a) != nil })
}
