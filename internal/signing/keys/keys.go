// Package keys finds the SSH key of whoever runs falkirk and signs with it, by
// ssh-keygen, which knows agents, passphrases and hardware keys. It reads no
// private key itself.
package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/git"
	"falkirk/internal/regular"
)

// usual are the files that OpenSSH looks for below ~/.ssh, in the order in
// which they are preferred here.
func usual() []string {
	return []string{"id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa"}
}

// Key is a key that ssh-keygen can sign with.
type Key struct {
	Path   string // of the private key, or of the public one where an agent has the other
	Public string // the line of the .pub file

	line string // user.signingkey may be the public key itself
}

// Find reads the key at path. An empty path is the key that git signs with, if
// it signs with SSH keys, or else the first of the usual ones below home.
func Find(ctx context.Context, path, home string) (Key, error) {
	if path != "" {
		return read(expand(path, home))
	}
	if k := ofGit(ctx); k != "" {
		if line, is := strings.CutPrefix(k, "key::"); is || strings.Contains(k, " AAAA") {
			return Key{Public: line, line: line}, nil
		}
		return read(expand(k, home))
	}
	for _, name := range usual() {
		k, err := read(filepath.Join(home, ".ssh", name))
		if err == nil {
			return k, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return Key{}, err
		}
	}
	err := fault.New(fault.NotFound, "no SSH key: git signs with none, and none is in %s", filepath.Join(home, ".ssh"))
	return Key{}, fault.Hint(err, "make a key with: ssh-keygen -t ed25519")
}

func expand(path, home string) string {
	if rest, is := strings.CutPrefix(path, "~/"); is {
		return filepath.Join(home, rest)
	}
	return path
}

// mostKey bounds a public key.
const mostKey = 1 << 20

// read finds the public half beside a private key. The key is left to
// ssh-keygen, as it may be in an agent only.
func read(path string) (Key, error) {
	private := strings.TrimSuffix(path, ".pub")
	raw, err := regular.Read(private+".pub", private+".pub", mostKey)
	if err != nil {
		err = fault.New(fault.NotFound, "read the public key beside %s: %w", private, err)
		return Key{}, fault.Hint(err, "ssh-keygen -y -f %s > %s.pub makes it", private, private)
	}
	return Key{Path: path, Public: strings.TrimSpace(string(raw))}, nil
}

// ofGit is git's user.signingkey, if git signs with SSH keys.
func ofGit(ctx context.Context) string {
	get := func(name string) string {
		out, err := git.Out(ctx, "", "config", "--get", name)
		if err != nil {
			return "" // no git, no repository, or no such setting
		}
		return strings.TrimSpace(string(out))
	}
	if get("gpg.format") != "ssh" {
		return ""
	}
	return get("user.signingkey")
}

// Sign signs a message in a namespace, armored. What ssh-keygen has to tell,
// such as to touch a key, goes to tell; it asks for passphrases at the terminal.
func (k Key) Sign(ctx context.Context, message, namespace string, tell io.Writer) (string, error) {
	path := k.Path
	if k.line != "" {
		dir, err := os.MkdirTemp("", "falkirk-key-")
		if err != nil {
			return "", fmt.Errorf("lay out the public key: %w", err)
		}
		defer os.RemoveAll(dir) //nolint:errcheck // it is a public key in the folder for what passes
		path = filepath.Join(dir, "key.pub")
		if err := os.WriteFile(path, []byte(k.line+"\n"), 0o600); err != nil {
			return "", fmt.Errorf("lay out the public key: %w", err)
		}
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "ssh-keygen", "-Y", "sign", "-q", "-f", path, "-n", namespace)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(message), &out, io.MultiWriter(&said, tell)
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", fault.Hint(fault.New(fault.Invalid, "sign: there is no ssh-keygen here"), "install OpenSSH's client")
	case ctx.Err() != nil:
		return "", fault.New(fault.Interrupted, "stopped while signing with %s", path)
	case err != nil:
		return "", fault.New(fault.Invalid, "sign with %s: ssh-keygen: %w: %s", path, err, lastLine(said.String()))
	}
	return out.String(), nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
