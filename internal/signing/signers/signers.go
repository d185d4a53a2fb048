// Package signers reads lists of allowed signers, as OpenSSH defines them, and
// verifies SSH signatures by them. What it accepts, `ssh-keygen -Y verify`
// accepts; it refuses a little more: see Parse. The format is in ALLOWED SIGNERS
// of ssh-keygen(1), that of signatures in OpenSSH's PROTOCOL.sshsig.
package signers

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"falkirk/internal/regular"
)

// mostBytes is the most that a list may have.
const mostBytes = 4 << 20

// List is an allowed-signers file.
type List struct {
	Name  string // for messages
	Lines []Line
}

// Line is one entry of a list. One with a Problem allows nobody.
type Line struct {
	Number     int
	Principals string // a pattern-list
	Key        ssh.PublicKey
	Authority  bool      // Key signs certificates
	Namespaces *string   // a pattern-list; nil allows all
	After      time.Time // valid at and after; zero: always
	Before     time.Time // valid at and before; zero: always
	Problem    error
	text       string
}

// Read reads the file at path; name is what messages call it.
func Read(path, name string) (List, error) {
	raw, err := regular.Read(path, name, mostBytes)
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err // without the path, which is of this machine
	}
	if err != nil {
		return List{}, err
	}
	return Parse(string(raw), name), nil
}

// Parse reads a list. A line that cannot be used keeps its place, with its
// problem. Beyond what OpenSSH refuses these are refused: a certificate in the
// place of a key, a date that the calendar does not have, an empty option, and
// a zero byte.
func Parse(text, name string) List {
	list := List{Name: name}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		l := Line{Number: i + 1, text: line}
		l.Problem = l.parse(line)
		list.Lines = append(list.Lines, l)
	}
	return list
}

func (l *Line) parse(line string) error {
	if strings.ContainsRune(line, 0) {
		return errors.New("it has a zero byte")
	}
	principals, rest, ok := firstWord(line)
	if !ok {
		return errors.New("it is not principals, options and a key")
	}
	l.Principals = principals
	key, err := parseKey(rest)
	if err != nil {
		options, after, cut := cutOptions(rest)
		if !cut {
			return errors.New("it has no key that can be read")
		}
		if err := l.options(options); err != nil {
			return err
		}
		if key, err = parseKey(after); err != nil {
			return err
		}
	}
	if _, is := key.(*ssh.Certificate); is {
		return errors.New("its key is a certificate; give the key, or the authority with cert-authority")
	}
	l.Key = key
	return nil
}

// firstWord is the pattern-list of a line, which may be quoted from some point
// on, and what follows it.
func firstWord(line string) (word, rest string, ok bool) {
	end := strings.IndexAny(line, " \t\r\"")
	if end < 0 {
		return "", "", false
	}
	word, rest = line[:end], line[end+1:]
	if line[end] == '"' {
		quoted, after, closed := strings.Cut(rest, `"`)
		if !closed {
			return "", "", false
		}
		word, rest = word+quoted, after
	}
	rest = strings.TrimLeft(rest, " \t\r")
	return word, rest, rest != ""
}

// parseKey reads a key's type, the key in base64, and whatever follows as a
// comment.
func parseKey(text string) (ssh.PublicKey, error) {
	kind, rest, _ := strings.Cut(text, " ")
	if k, r, tab := strings.Cut(text, "\t"); tab && len(k) < len(kind) {
		kind, rest = k, r
	}
	encoded := strings.TrimLeft(rest, " \t")
	if end := strings.IndexAny(encoded, " \t"); end >= 0 {
		encoded = encoded[:end]
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(kind + " " + strings.TrimRight(encoded, "\r")))
	if err != nil || key.Type() != kind {
		return nil, errors.New("its key cannot be read")
	}
	return key, nil
}
