package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// isName reports whether a field of a JSON document holds a name: of a release, an
// app, an environment, a component, a place, an account or a person, or what
// identifies a commit or an operation. Programs use it further, so it is not changed.
func isName(field string) bool {
	switch field {
	case "app", "environment", "environments", "component", "region", "account", "accounts", "id", "name",
		"version", "toVersion", "live", "ready", "actor", "by", "packedBy", "commit", "tag", "digest", "operation":
		return true
	}
	return false
}

// isApplied reports whether a field of a JSON document is a document that somebody
// applies. What is hidden there would be wrong where it is applied.
func isApplied(path string) bool {
	for _, p := range []string{
		"result.places.steps.lines", "result.script", "result.template", "result.templates.text", "result.manifests", "result.files.text",
		"result.documents.policy", "result.elsewhere.template", "result.elsewhere.policy", "result.elsewhere.policies.policy",
		"result.accounts.fixes.statement", "result.accounts.checks.fixes.statement",
	} {
		if path == p || strings.HasPrefix(path, p+".") {
			return true
		}
	}
	return false
}

// Encode writes a value as JSON, with indent where that is not empty. Texts are
// without secrets; names, keys, numbers and what somebody applies are not changed.
func Encode(w io.Writer, v any, indent string, redact func(string) string) error {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	if redact != nil {
		d := json.NewDecoder(bytes.NewReader(raw.Bytes()))
		d.UseNumber()
		var clean bytes.Buffer
		if err := (&rewriter{d, &clean, redact}).value("", ""); err != nil {
			return err
		}
		raw = clean
		raw.WriteByte('\n')
	}
	if indent == "" {
		_, err := w.Write(raw.Bytes())
		return err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw.Bytes(), "", indent); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}

// rewriter copies a JSON document and changes its texts.
type rewriter struct {
	*json.Decoder
	to     *bytes.Buffer
	redact func(string) string
}

// value copies one value; path leads to it, without the places in lists, and field
// is the key that it is under.
func (r *rewriter) value(path, field string) error {
	t, err := r.Token()
	if err != nil {
		return err
	}
	switch v := t.(type) {
	case json.Delim:
		return r.deep(v, path, field)
	case string:
		if !isName(field) && !isApplied(path) {
			v = r.redact(v)
		}
		return r.write(v)
	}
	return r.write(t)
}

func (r *rewriter) deep(open json.Delim, path, field string) error {
	r.to.WriteByte(byte(open))
	for first := true; r.More(); first = false {
		if !first {
			r.to.WriteByte(',')
		}
		below, name := path, field
		if open == '{' {
			key, err := r.Token()
			if err != nil {
				return err
			}
			name, _ = key.(string)
			below = strings.TrimPrefix(path+"."+name, ".")
			if err := r.write(name); err != nil {
				return err
			}
			r.to.WriteByte(':')
		}
		if err := r.value(below, name); err != nil {
			return err
		}
	}
	end, err := r.Token()
	if err != nil {
		return err
	}
	d, _ := end.(json.Delim)
	r.to.WriteByte(byte(d))
	return nil
}

func (r *rewriter) write(v any) error {
	enc := json.NewEncoder(r.to)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	r.to.Truncate(r.to.Len() - 1) // the end of the line
	return nil
}
