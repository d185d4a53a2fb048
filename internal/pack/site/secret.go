package site

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"path/filepath"
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
	"env.local", "env.*.local", "*.env.local", "env.production", "env.staging", "env.development", "env.test", "client_secret*.json",
	"terraform.tfstate", "*.tfstate", "*.tfstate.backup", "*.tfvars", "*.tfvars.json",
}

// backups are how programs name what a file was before, in small letters.
var backups = regexp.MustCompile(`^#|(~|#|[._-](bak|backup|old|orig|save|saved|copy|tmp|swp|rej|[0-9]+))$`)

// original is the name of a file, in small letters, without what makes it a backup.
func original(base string) string {
	base = strings.ToLower(base)
	for {
		without := backups.ReplaceAllString(base, "")
		if without == base || without == "" {
			return base
		}
		base = without
	}
}

// secretName reports whether a file of that name, or one that it is a backup of,
// holds secrets.
func secretName(base string) bool {
	return isSecretName(strings.ToLower(base)) || isSecretName(original(base))
}

func isSecretName(base string) bool {
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

// Beginnings of private keys, PEM of all sorts, OpenPGP, SSH2, PuTTY, age, and of
// other secrets.
var (
	keyLine  = regexp.MustCompile(`(?m)(^|["'|>:=,;({\x60[]|\\n)[ \t"']*-{4,5} ?BEGIN ([A-Z0-9]+ )*PRIVATE KEY( BLOCK)? ?-{4,5}`)
	keyBytes = regexp.MustCompile(`[A-Za-z0-9+/]{40}`) // a line of a key; an example in a text or a search index has none
	keyStart = regexp.MustCompile(`^\s*(-{4,5} ?BEGIN ([A-Z0-9]+ )*PRIVATE KEY|PuTTY-User-Key-File-[0-9]|AGE-SECRET-KEY-1|# created: [^\n]*\n# public key: age1)`)
	secrets  = regexp.MustCompile(`(?im)^[ \t]*(aws_secret_access_key[ \t]*=[ \t]*\S|client-key-data:[ \t]*\S)`)                                                                 // of the AWS CLI and kubectl
	accesses = regexp.MustCompile(`(?i)secret_?access_?key["']?[ \t]*[:=][ \t]*["']?([a-z0-9+/]{40})([^a-z0-9+/=]|$)|^[^\n]*access key id,[ \t]*secret access key[^\n]*\n[^\n]`) // in any text, and as the console of AWS gives it
	example  = []byte("EXAMPLE")                                                                                                                                                 // in keys that AWS made for documentation
	texts    = []string{".md", ".markdown", ".rst", ".adoc", ".asciidoc", ".org", ".tex"}                                                                                        // about keys, and show them
)

// secretContent reports whether the content of a file is a private key, or has
// one in it. A text about keys that shows one is none.
func secretContent(p, at string, info fs.FileInfo) bool {
	ext := strings.ToLower(path.Ext(p))
	if !info.Mode().IsRegular() || info.Size() == 0 || isOfPages(p) {
		return false
	}
	text := slices.Contains(texts, ext)
	most := int64(mostSecret)
	if text {
		most = 512
	}
	head := inBytes(headOf(at, most))
	switch {
	case keyStart.Match(head):
		return true
	case text:
		return false
	case ext == ".key": // also that of Apple's Keynote, which is a zip archive
		return !bytes.HasPrefix(head, []byte("PK\x03\x04"))
	case strings.EqualFold(path.Base(p), "credentials"), strings.EqualFold(filepath.Base(at), "credentials"): // or an HTML page
		return !bytes.HasPrefix(bytes.TrimSpace(head), []byte("<"))
	}
	return hasKey(head) || secrets.Match(head) || hasAccess(head)
}

// hasAccess reports whether a text has a key of AWS that is none of an example.
func hasAccess(head []byte) bool {
	for _, found := range accesses.FindAllSubmatch(head, -1) {
		if !bytes.Contains(found[1], example) {
			return true
		}
	}
	return false
}

// hasKey reports whether a private key begins somewhere: the line that says so, and
// the key itself not long after it, as headers may come between (RFC 1421, RFC 9580).
func hasKey(head []byte) bool {
	const headers = 300
	for _, at := range keyLine.FindAllIndex(head, -1) {
		if keyBytes.Match(head[at[1]:min(at[1]+headers, len(head))]) {
			return true
		}
	}
	return false
}

// inBytes is a text without a byte order mark, and with a byte for each character
// where it is UTF-16.
func inBytes(head []byte) []byte {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) || bytes.Contains(head, []byte("-\x00-\x00")) {
		head = bytes.ReplaceAll(head, []byte{0}, nil)
		head = bytes.TrimPrefix(bytes.TrimPrefix(head, []byte("\xff\xfe")), []byte("\xfe\xff"))
	}
	return head
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
