package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/network"
)

// auth is what a registry has said about how to authenticate.
type auth struct {
	mu     sync.Mutex
	scheme string   // "", "basic" or "bearer"
	realm  *url.URL // bearer: where tokens are
	params url.Values
	tokens map[string]token // by scope
}

type token struct {
	value string
	until time.Time
}

// authorize puts on a request what the registry has asked for, if it has. A
// request that goes elsewhere gets nothing.
func (r *Registry) authorize(ctx context.Context, req *http.Request, scopes []string, again bool) error {
	if !r.own(req.URL) {
		return nil
	}
	r.auth.mu.Lock()
	scheme := r.auth.scheme
	r.auth.mu.Unlock()
	switch scheme {
	case "basic":
		user, password, err := r.login(ctx, again)
		if err != nil {
			return err
		}
		req.SetBasicAuth(user, password)
	case "bearer":
		value, err := r.token(ctx, scopes, again)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+value)
	}
	return nil
}

func (r *Registry) login(ctx context.Context, again bool) (user, password string, err error) {
	if r.opt.Login == nil {
		return "", "", nil
	}
	return r.opt.Login(ctx, again)
}

// learn reads the challenge of a 401; what it does not understand it leaves. A
// realm that no login may be sent to is an error.
func (r *Registry) learn(res *http.Response) error {
	for _, header := range res.Header.Values("WWW-Authenticate") {
		scheme, rest, _ := strings.Cut(header, " ")
		scheme = strings.ToLower(scheme)
		if scheme != "basic" && scheme != "bearer" {
			continue
		}
		said := map[string]string{}
		for _, m := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(rest, -1) {
			said[strings.ToLower(m[1])] = m[2]
		}
		var at *url.URL
		if scheme == "bearer" {
			var err error
			if at, err = r.resolve(realm, res, said["realm"]); err != nil {
				return err
			}
		}
		params := url.Values{}
		if service, ok := said["service"]; ok {
			params.Set("service", service)
		}
		r.auth.mu.Lock()
		r.auth.scheme, r.auth.params, r.auth.realm = scheme, params, at
		r.auth.mu.Unlock()
		return nil
	}
	return nil
}

// token gives a token for the scopes, from what is kept or from the realm.
func (r *Registry) token(ctx context.Context, scopes []string, again bool) (string, error) {
	r.auth.mu.Lock()
	defer r.auth.mu.Unlock() // one asks, the others have it then
	key := strings.Join(scopes, " ")
	if t, ok := r.auth.tokens[key]; ok && time.Now().Before(t.until) {
		return t.value, nil
	}
	t, err := r.fetch(ctx, scopes, again)
	if err != nil {
		return "", fmt.Errorf("log in to %s: %w", r.opt.Host, err)
	}
	if r.auth.tokens == nil {
		r.auth.tokens = map[string]token{}
	}
	r.auth.tokens[key] = t
	return t.value, nil
}

// forget drops a token that was refused, and reports whether a login was: then
// it is to be made anew, unless somebody has done that since.
func (r *Registry) forget(scopes []string, refused string) bool {
	r.auth.mu.Lock()
	defer r.auth.mu.Unlock()
	key := strings.Join(scopes, " ")
	if r.auth.scheme == "bearer" && "Bearer "+r.auth.tokens[key].value == refused {
		delete(r.auth.tokens, key)
	}
	return refused != ""
}

// ask is the request for a token: with user and password, or, as the project's
// OAuth 2.0 specification says, with an identity token.
func (r *Registry) ask(ctx context.Context, scopes []string, again bool) (*http.Request, error) {
	user, password, err := r.login(ctx, again)
	if err != nil {
		return nil, err
	}
	q := url.Values{"service": r.auth.params["service"]}
	if user == identity {
		q.Set("grant_type", "refresh_token")
		q.Set("refresh_token", password)
		q.Set("client_id", "falkirk")
		q.Set("scope", strings.Join(scopes, " "))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.auth.realm.String(), strings.NewReader(q.Encode()))
		if err == nil {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return req, err
	}
	q["scope"] = scopes
	at := *r.auth.realm
	for k, v := range at.Query() {
		if _, ours := q[k]; !ours {
			q[k] = v
		}
	}
	at.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err == nil && user != "" {
		req.SetBasicAuth(user, password)
	}
	return req, err
}

// noToken says why the realm was not reached.
func (r *Registry) noToken(err error) error {
	var known *fault.Error
	at := originOf(r.auth.realm)
	switch {
	case errors.As(err, &known):
		return withoutAddress(err)
	case network.Of(err) != nil:
		return fmt.Errorf("ask %s for a token: %w", at, network.Of(err).At(ofRegistry, caOfRegistry).Err())
	}
	return fault.New(fault.Unavailable, "ask %s for a token: %w", at, withoutAddress(err))
}

// maxToken bounds the answer of a realm.
const maxToken = 1 << 20

// fetch asks the realm for a token, as the distribution project's token
// specification says.
func (r *Registry) fetch(ctx context.Context, scopes []string, again bool) (token, error) {
	req, err := r.ask(ctx, scopes, again)
	if err != nil {
		return token{}, err
	}
	res, err := r.tokens.Do(req)
	if err != nil {
		return token{}, r.noToken(err)
	}
	raw, err := network.ReadWhole(res, maxToken+1)
	if err != nil {
		return token{}, r.noToken(err)
	}
	if len(raw) > maxToken {
		return token{}, fault.New(fault.Unavailable, "the answer of %s to a request for a token has more than %d bytes", originOf(r.auth.realm), maxToken)
	}
	if res.StatusCode != http.StatusOK {
		return token{}, classify(newAnswer(res, raw))
	}
	var said struct {
		Token       string `json:"token"`
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return token{}, fault.New(fault.Unavailable, "its token is not JSON: %w", err)
	}
	if said.Token == "" {
		said.Token = said.AccessToken
	}
	lasts := max(time.Duration(said.ExpiresIn)*time.Second, time.Minute) // a minute at least, the specification says
	return token{said.Token, time.Now().Add(lasts * 9 / 10)}, nil
}
