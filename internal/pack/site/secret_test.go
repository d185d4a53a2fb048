package site

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestSecretNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		".env": true, ".ENV": true, ".env.local": true, ".env-old": true, "prod.env": true, "id_rsa": true, "ID_ED25519": true, "deploy_rsa": true,
		"a.ppk": true, "a.p12": true, "a.pfx": true, "a.jks": true, ".npmrc": true, ".netrc": true, ".htpasswd": true, "x.tfstate": true,

		"env.js": false, "environment.html": false, "id_rsa.pub": false, "keys.html": false, "about": false, "identity": false, "config.json": false,
	} {
		if got := secretName(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestPrivateKeysAreKnown makes keys with the programs that people use.
func TestPrivateKeysAreKnown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := func(program string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s %q: %v\n%s", program, args, err, out)
			}
			t.Skipf("NOT TESTED: %s: %v", program, err)
		}
	}
	made("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "one")
	made("ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", "two.txt")
	made("ssh-keygen", "-q", "-t", "ecdsa", "-m", "PKCS8", "-N", "secret", "-f", "three.dat")
	made("openssl", "genpkey", "-algorithm", "ED25519", "-out", "four.p8")
	made("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out", "five.pem") // parameters come before the key
	made("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=a", "-keyout", "six.key", "-out", "six.crt")
	files := map[string]bool{
		"one": true, "one.pub": false, "two.txt": true, "two.txt.pub": false, "three.dat": true, "four.p8": true, "five.pem": true, "six.key": true, "six.crt": false,
	}
	for name, text := range map[string]string{
		"putty.txt": "PuTTY-User-Key-File-3: ssh-ed25519\n", "gpg.asc": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "bom.txt": "\ufeff-----BEGIN PRIVATE KEY-----\n",
		"ssh2.txt": "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", "sa.json": `{"private_key": "-----BEGIN PRIVATE KEY-----\n"}`, "age.txt": "AGE-SECRET-KEY-1QQ\n",
	} {
		files[name] = true
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"talk.key": "PK\x03\x04", "howto.md": "begin:\n-----BEGIN PRIVATE KEY-----\n", "public.asc": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		"map.json": `{"key": "private"}`, "empty.key": "",
	} {
		files[name] = false
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range files {
		at := filepath.Join(dir, name)
		info, err := os.Stat(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := secretContent(name, at, info); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
