package process

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// Resolve follows name inside root as if root were /: a link never leads out.
// What does not exist is resolved as far as it does.
func Resolve(root, name string) (string, error) {
	rest := strings.Split(filepath.ToSlash(name), "/")
	at, links := "/", 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		if part == "" || part == "." {
			continue
		}
		next := filepath.Join(at, part) // of an absolute path: .. stops at /
		target, err := os.Readlink(filepath.Join(root, next))
		if err != nil {
			at = next
			continue
		}
		if links++; links > 40 {
			return "", errors.New("too many symbolic links in " + name)
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return filepath.Join(root, at), nil
}
