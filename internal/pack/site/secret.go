package site

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/pack/site/media"
	"falkirk/internal/regular"
)

// secretNames are files that hold secrets, in the syntax of path.Match; in small
// letters.
var secretNames = []string{
	".env*", "*.env",
	"id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk",
	"*_rsa", "*_dsa", "*_ecdsa", "*_ed25519",
	"*.ppk", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.bks", "*.kdbx", "*.kdb", "*.gpg-key",
	".netrc", "_netrc", ".npmrc", ".yarnrc", ".pypirc", ".pgpass", ".htpasswd", ".git-credentials", ".dockercfg", ".vault-token",
	"terraform.tfstate", "*.tfstate", "*.tfstate.backup", "*.tfvars", "*.tfvars.json",
}

// secretName reports whether a file of that name holds secrets.
func secretName(base string) bool {
	base = strings.ToLower(base)
	for _, pattern := range secretNames {
		if ok, _ := path.Match(pattern, base); ok {
			return true
		}
	}
	return false
}

// mostSecret is how many bytes of a file are looked at: a key, or certificates
// with a key after them.
const mostSecret = 64 << 10

// Beginnings of private keys: PEM of all sorts, OpenPGP, SSH2, PuTTY, age.
var (
	keyLine    = regexp.MustCompile(`(?m)^[ \t]*-{4,5} ?BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)? ?-{4,5}`)
	keyStart   = regexp.MustCompile(`^\s*(-{4,5} ?BEGIN ([A-Z0-9]+ )*PRIVATE KEY|PuTTY-User-Key-File-[0-9]|AGE-SECRET-KEY-1|# created: [^\n]*\n# public key: age1)`)
	keyInJSON  = regexp.MustCompile(`"private_?[kK]ey"\s*:\s*"-----BEGIN `) // of a service account of Google Cloud and others
	keyHolders = []string{"", ".pem", ".key", ".crt", ".cer", ".cert", ".p8", ".pk8", ".priv", ".prv", ".private", ".bak", ".old"}
)

// secretContent reports whether the content of a file is a private key. A text
// about keys that shows one is none: only files that may hold keys are read past
// their beginning.
func secretContent(p, at string, info fs.FileInfo) bool {
	ext := strings.ToLower(path.Ext(p))
	if !info.Mode().IsRegular() || info.Size() == 0 || isOfPages(p) {
		return false
	}
	holder := slices.Contains(keyHolders, ext)
	most := int64(512)
	if holder || ext == ".json" {
		most = mostSecret
	}
	head := bytes.TrimPrefix(headOf(at, most), []byte("\xef\xbb\xbf"))
	switch {
	case keyStart.Match(head):
		return true
	case ext == ".json":
		return keyInJSON.Match(head)
	case ext == ".key": // also that of Apple's Keynote, which is a zip archive
		return !bytes.HasPrefix(head, []byte("PK\x03\x04"))
	}
	return holder && keyLine.Match(head)
}

// isOfPages reports whether a file is of a kind that pages consist of. These are
// most files of a site; to read all of them twice takes time.
func isOfPages(p string) bool {
	kind, ok := media.ByName(p)
	if !ok {
		return false
	}
	for _, is := range []string{"image/", "font/", "audio/", "video/", "text/html", "text/css", "text/javascript", "application/wasm"} {
		if strings.HasPrefix(kind, is) {
			return true
		}
	}
	return false
}

// headOf is the beginning of a file; nothing where it cannot be read, which is
// told where it is packed.
func headOf(at string, most int64) []byte {
	f, err := regular.Open(at)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	head, _ := io.ReadAll(io.LimitReader(f, most))
	return head
}
