package usecase

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// Consent is the part of a request that says what a person agreed to. Requests that
// change a protected environment embed it.
type Consent struct {
	Yes  bool   `json:"yes,omitempty"`  // to whatever will be done
	Plan string `json:"plan,omitempty"` // to what has this digest, and to nothing else
}

// Agree binds a request to what a person has seen and agreed to.
func (c *Consent) Agree(plan string) { c.Plan = plan }

// Check is nil where the request may go on. With a digest it is compared with that
// of what would be done now, also where nothing is protected. Without consent, and
// with something protected, the error is a *ConsentError. An error of now says that
// it cannot be done at all: then nobody is asked.
func (c Consent) Check(protected []string, now func() (digest string, err error)) error {
	if c.Plan == "" && (c.Yes || len(protected) == 0) {
		return nil
	}
	digest, err := now()
	switch {
	case err != nil:
		return err
	case c.Plan == "":
		return &ConsentError{Environments: protected, Plan: digest}
	case c.Plan != digest:
		return engine.PlanChanged(c.Plan, digest)
	}
	return nil
}

// ConsentError says that a person must agree before the request is carried out.
// The request is repeated with Yes, or with Plan.
type ConsentError struct {
	Environments []string `json:"environments"`     // the protected ones, or the place: a person types each name to agree
	Plan         string   `json:"plan"`             // the digest of what would be done
	Reason       string   `json:"reason,omitempty"` // why a person must agree; empty: the environments are protected
}

// Error says why a person must agree.
func (e *ConsentError) Error() string {
	if e.Reason != "" || len(e.Environments) == 0 {
		return e.Reason
	}
	return e.Environments[0] + " is protected"
}

// Unwrap gives the error its kind and its hint.
func (e *ConsentError) Unwrap() error {
	return fault.Hint(fault.New(fault.Refused, "%s", e.Error()), "repeat the command with --yes")
}

// Protected are those of the environments that are changed only with consent.
func (app *App) Protected(names ...string) ([]string, error) {
	var out []string
	for _, name := range names {
		env, err := app.Engine.App.Environment(name)
		if err != nil {
			return nil, err
		}
		if env.Protected {
			out = append(out, name)
		}
	}
	return out, nil
}

// WithConsent asks for a use case. Where a person must agree, agree asks, and the
// request is repeated for exactly what was agreed to.
func WithConsent[Q, R any, P interface {
	*Q
	Agree(plan string)
}](ctx context.Context, c *Call, k Case[Q, R], q Q, agree func(*ConsentError) error) (R, error) {
	r, err := Do(ctx, c, k, q)
	var need *ConsentError
	if !errors.As(err, &need) {
		return r, err
	}
	if err := agree(need); err != nil {
		return r, err
	}
	P(&q).Agree(need.Plan)
	return Do(ctx, c, k, q)
}

// DigestOf is the digest, sha256:…, of something that a person agrees to and that is
// no plan of the engine. It must be data.
func DigestOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("usecase: a digest of what is no data: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}
