// Package docker starts Debian's docker-registry, or another build of the same
// program, on loopback: plain or with TLS, open or with a login, with its bytes
// in a folder. It needs no test around it.
package docker

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"falkirk/test/emulators/process"
)

// Options say what kind of registry is started.
type Options struct {
	Program string            // "docker-registry" if empty
	Folder  string            // where its bytes and its configuration go
	Deletes bool              // manifests and blobs can be deleted
	TLS     *Authority        // who vouches for it; nil is plain HTTP
	Users   map[string]string // name → password, asked for by basic authentication
	Tokens  *Tokens           // who gives out the tokens that it asks for
}

// Registry is a running one.
type Registry struct {
	URL    string // with http:// or https://
	Host   string // without
	Folder string // of its bytes: see images.Lose
	Stop   func()
}

// Start starts one.
func Start(o Options) (*Registry, error) {
	if o.Program == "" {
		o.Program = "docker-registry"
	}
	program, err := exec.LookPath(o.Program)
	if err != nil {
		return nil, err
	}
	r := &Registry{Folder: filepath.Join(o.Folder, "data")}
	server := process.Server{Health: "/v2/", TLS: o.TLS != nil}
	settings, err := o.settings()
	if err != nil {
		return nil, err
	}
	if o.TLS != nil {
		server.Client = o.TLS.Client()
	}
	config := filepath.Join(o.Folder, "config.yml")
	server.Command = func(port string) *exec.Cmd {
		settings["http"].(map[string]any)["addr"] = "127.0.0.1:" + port
		raw, _ := json.Marshal(settings)     // of maps and strings: it can be written, and is YAML as well
		_ = os.WriteFile(config, raw, 0o600) // without it the program says what is missing
		cmd := exec.Command(program, "serve", config)
		cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none") // versions from 3 on send traces otherwise
		return cmd
	}
	r.URL, r.Stop, err = server.Start()
	_, r.Host, _ = strings.Cut(r.URL, "://")
	return r, err
}

// settings are the registry's configuration, but for its port.
func (o Options) settings() (map[string]any, error) {
	listen := map[string]any{"secret": "of the test"}
	all := map[string]any{
		"version": "0.1", "http": listen,
		"log": map[string]any{"level": "error", "accesslog": map[string]any{"disabled": true}},
		"storage": map[string]any{
			"filesystem": map[string]any{"rootdirectory": filepath.Join(o.Folder, "data"), "maxthreads": 100},
			"delete":     map[string]any{"enabled": o.Deletes},
		},
		// Else it refuses layers that are elsewhere.
		"validation": map[string]any{"manifests": map[string]any{"urls": map[string]any{"allow": []string{"^https?://"}}}},
	}
	if o.TLS != nil {
		certificate, key, err := o.TLS.files(o.Folder)
		if err != nil {
			return nil, err
		}
		listen["tls"] = map[string]any{"certificate": certificate, "key": key}
	}
	if o.Users != nil {
		path := filepath.Join(o.Folder, "htpasswd")
		if err := htpasswd(path, o.Users); err != nil {
			return nil, err
		}
		all["auth"] = map[string]any{"htpasswd": map[string]any{"realm": "test", "path": path}}
	}
	if o.Tokens != nil {
		bundle := filepath.Join(o.Folder, "tokens.pem")
		if err := os.WriteFile(bundle, o.Tokens.PEM, 0o600); err != nil {
			return nil, err
		}
		all["auth"] = map[string]any{"token": map[string]any{
			"realm": o.Tokens.URL + "/token", "service": service, "issuer": issuer, "rootcertbundle": bundle,
		}}
	}
	return all, nil
}

func htpasswd(path string, users map[string]string) error {
	var lines strings.Builder
	for name, password := range users {
		sum, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "%s:%s\n", name, sum)
	}
	return os.WriteFile(path, []byte(lines.String()), 0o600)
}

// Empty removes all that is in the registry, which may run meanwhile as long as
// nobody asks it for anything.
func (r *Registry) Empty() error { return os.RemoveAll(filepath.Join(r.Folder, "docker")) }
