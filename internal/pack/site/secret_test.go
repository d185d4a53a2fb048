package site

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

func TestSecretNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		".env": true, ".ENV": true, ".env.local": true, ".env-old": true, "prod.env": true, "id_rsa": true, "ID_ED25519": true, "deploy_rsa": true,
		"a.ppk": true, "a.p12": true, "a.pfx": true, "a.jks": true, ".npmrc": true, ".netrc": true, ".htpasswd": true, "x.tfstate": true,
		"env.local": true, "env.production.local": true, "id_rsa.bak": true, "id_rsa~": true, "prod.env.old": true, ".htpasswd.orig": true, "#prod.env#": true,

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
	made("openssl", "pkcs12", "-export", "-inkey", "six.key", "-in", "six.crt", "-passout", "pass:", "-out", "seven.p12")
	made("openssl", "pkcs12", "-in", "seven.p12", "-passin", "pass:", "-nodes", "-out", "seven.txt") // "Bag Attributes" come first
	key, err := os.ReadFile(filepath.Join(dir, "two.txt"))
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Repeat("aB3/", 10)
	files := map[string]bool{
		"seven.txt": true, "one": true, "one.pub": false, "two.txt": true, "two.txt.pub": false, "three.dat": true, "four.p8": true, "five.pem": true, "six.key": true, "six.crt": false,
	}
	for name, text := range map[string]string{
		"putty.txt": "PuTTY-User-Key-File-3: ssh-ed25519\n", "gpg.asc": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "bom.txt": "\ufeff-----BEGIN PRIVATE KEY-----\n",
		"ssh2.txt": "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", "sa.json": `{"private_key": ` + strconv.Quote(string(key)) + `}`, "age.txt": "AGE-SECRET-KEY-1QQ\n",
		"tls.txt": "# the key of the server\n" + string(key), "secrets.yaml": "tls:\n  key: |\n    " + strings.ReplaceAll(string(key), "\n", "\n    "),
		"inline.yml": `key: ` + strconv.Quote(string(key)), "other.json": `{"a": 1, "key": ` + strconv.Quote(string(key)) + `}`,
		"wide.txt": utf16Of("\ufeff"+string(key), binary.LittleEndian), "big.txt": utf16Of("\ufeffkey\n"+string(key), binary.BigEndian),
		"bare.txt": utf16Of(string(key), binary.LittleEndian), "app.conf": "a = 1\nkey =\n" + string(key),
		"table.csv": "name,key\na," + string(key), "list.txt2": "[" + string(key), "code.go": "key := `" + string(key) + "`\n", "crlf.txt": "# key\r\n" + strings.ReplaceAll(string(key), "\n", "\r\n"),
		"accessKeys.csv": "Access key ID,Secret access key\nAKIA,abc\n", "set.sh": "export AWS_SECRET_ACCESS_KEY=" + secret + "\n", "role.json": `{"Credentials": {"SecretAccessKey": "` + secret + `"}}`,
		"vars.yaml":   "env:\n  AWS_SECRET_ACCESS_KEY: '" + secret + "'\n",
		"credentials": "[default]\naws_access_key_id = a\n", "aws.ini": "[default]\naws_secret_access_key = b\n", "cluster.yaml": "users:\n- user:\n    client-key-data: LS0t\n",
	} {
		files[name] = true
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"talk.key": "PK\x03\x04", "howto.md": "begin:\n-----BEGIN PRIVATE KEY-----\n", "public.asc": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
		"map.json": `{"key": "private"}`, "robots.txt": "User-agent: *\n", "pub.txt": "-----BEGIN PUBLIC KEY-----\n", "wide.csv": utf16Of("\ufeffa-b\n", binary.LittleEndian),
		"list.txt": "how to write BEGIN PRIVATE KEY\n", "search_index.json": `{"text": "-----BEGIN PRIVATE KEY-----\nYOUR KEY\n-----END PRIVATE KEY-----"}`,
		"short.json": `{"text": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA..."}`, "sample.yaml": "# key: -----BEGIN RSA PRIVATE KEY-----\nkey: |\n  <paste -----BEGIN here>\n",
		"api.json": `{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}`, "names.json": `{"secretAccessKey": "string"}`, "head.csv": "Access key ID,Secret access key\n",
		"howto.rst": "begin:\n-----BEGIN PRIVATE KEY-----\n", "empty.key": "",
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

func utf16Of(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// A page named credentials is a page.
func TestAPageOfCredentials(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(at, []byte("<!doctype html><p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(at)
	if err != nil || secretContent("credentials", at, info) {
		t.Errorf("a page counts as a secret: %v", err)
	}
}

// An app file is known by its name, as a backup, and by what it says.
func TestAppFilesAreKnown(t *testing.T) {
	t.Parallel()
	const app = "app: shop\ncomponents: {web: {site: {path: .}}}\nenvironments: [{name: dev}]\n"
	l := &leaver{appFile: "/x/fa.yml"}
	for name, test := range map[string]struct {
		text string
		want bool
	}{
		"falkirk.yml": {"", true}, "falkirk.yaml": {"", true}, "falkirk.yml~": {"", true}, "falkirk.yml.bak": {"", true}, "Falkirk.yml.orig": {"", true},
		"fa.yml~": {"", true}, "#fa.yml#": {"", true}, "fa.yml.old": {"", true},
		"fb.yml": {app, true}, "fb.yml~": {app, true}, "fb.yaml": {"# our app\n" + app, true}, "c.json": {"{\n  \"app\": \"shop\",\n  \"components\": {},\n  \"environments\": []\n}\n", true},
		"flow.yml": {"{app: shop, components: {}, environments: []}\n", true}, "bom.yml": {"\ufeff" + app, true},

		"other.yml": {"name: x\n", false}, "openapi.yaml": {"openapi: 3.0\ncomponents: {}\n", false}, "app.json": {"{\"app\": 1}\n", false}, "asyncapi.yaml": {"app: demo\ncomponents: {schemas: {}}\n", false}, "app.html": {app, false},
	} {
		at := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(at, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(at)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.isAppFile(name, at, info); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
