package cli

import "io"

// redacting writes no secret. Each call to Write is one whole piece of text, as
// the fmt functions and the JSON encoder make it.
type redacting struct {
	to     io.Writer
	redact func(string) string
}

func (r redacting) Write(p []byte) (int, error) {
	if _, err := io.WriteString(r.to, r.redact(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// hide keeps secrets out of everything that is printed from now on.
func (f *face) hide(redact func(string) string) {
	if redact == nil {
		return
	}
	f.redact = redact
	f.Out, f.Err = redacting{f.Out, redact}, redacting{f.Err, redact}
}
