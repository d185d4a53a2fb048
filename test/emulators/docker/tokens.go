package docker

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

const (
	service = "registry of a test"
	issuer  = "tokens of a test"
)

// Tokens gives out the tokens that a registry asks for (docker-registry's "auth:
// token"). It is ours, as Debian has none: the registry checks the signatures,
// the times and the scopes.
type Tokens struct {
	URL string
	*Authority

	server *httptest.Server
	users  map[string]string

	mu     sync.Mutex
	given  int
	lasts  time.Duration
	scopes []string
}

// StartTokens starts it for some users and their passwords. Tokens last for a
// while, as they say themselves.
func StartTokens(users map[string]string, lasts time.Duration) (*Tokens, error) {
	a, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	t := &Tokens{Authority: a, users: users, lasts: lasts}
	t.server = httptest.NewServer(t)
	t.URL = t.server.URL
	return t, nil
}

// Stop ends it.
func (t *Tokens) Stop() { t.server.Close() }

// Given is how many tokens it has given out, and the scopes that were asked for.
func (t *Tokens) Given() (int, []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.given, append([]string(nil), t.scopes...)
}

type access struct {
	Type    string   `json:"type"`
	Name    string   `json:"name"`
	Actions []string `json:"actions"`
}

// ServeHTTP answers a request for a token, of docker's kind (GET, basic
// authentication) and of OAuth2's (POST).
func (t *Tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if r.Method == http.MethodPost {
		user, password = r.FormValue("username"), r.FormValue("password")
	}
	if want, known := t.users[user]; !known || want != password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if err := r.ParseForm(); err != nil || r.Form.Get("service") != service {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	t.mu.Lock()
	t.given++
	t.scopes = append(t.scopes, r.Form["scope"]...)
	lasts, id := t.lasts, t.given
	t.mu.Unlock()
	token, err := t.sign(user, id, lasts, accesses(r.Form["scope"]))
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{ // whoever asked may have gone
		"token": token, "access_token": token, "expires_in": int(lasts.Seconds()), "issued_at": time.Now().UTC().Format(time.RFC3339),
	})
}

// accesses reads scopes: "repository:team/api:pull,push", several in one or in
// several parameters.
func accesses(scopes []string) []access {
	all := []access{}
	for _, s := range strings.Fields(strings.Join(scopes, " ")) {
		kind, rest, _ := strings.Cut(s, ":")
		cut := strings.LastIndex(rest, ":")
		if cut < 0 {
			continue
		}
		all = append(all, access{kind, rest[:cut], strings.Split(rest[cut+1:], ",")})
	}
	return all
}

// sign makes a JSON Web Token (ES256) that carries the certificate of its key.
func (t *Tokens) sign(user string, id int, lasts time.Duration, allowed []access) (string, error) {
	now := time.Now()
	head := map[string]any{"typ": "JWT", "alg": "ES256", "x5c": []string{base64.StdEncoding.EncodeToString(t.cert.Raw)}}
	claims := map[string]any{
		"iss": issuer, "sub": user, "aud": service, "jti": time.Now().Format(time.RFC3339Nano) + string(rune('a'+id%26)),
		"nbf": now.Add(-time.Minute).Unix(), "iat": now.Unix(), "exp": now.Add(lasts).Unix(), "access": allowed,
	}
	var parts []string
	for _, part := range []any{head, claims} {
		raw, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(raw))
	}
	text := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, t.key, sum[:])
	if err != nil {
		return "", err
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
