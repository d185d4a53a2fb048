package process

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// user is who runs a process.
type user struct {
	uid, gid int
	home     string
}

// findUser reads an image's USER: name or number, with or without a group,
// names by the image's own files.
func findUser(rootfs, spec string) (user, error) {
	name, group, hasGroup := strings.Cut(spec, ":")
	u := user{home: "/"}
	switch row, id := entry(rootfs, "/etc/passwd", name), number(name); {
	case spec == "":
		u.home = "/root"
		return u, nil
	case row != nil:
		u.uid, u.gid = number(row[2]), number(row[3])
		if len(row) > 5 && row[5] != "" {
			u.home = row[5]
		}
	case id >= 0:
		u.uid = id
	default:
		return user{}, fmt.Errorf("the image has no user %q in /etc/passwd", name)
	}
	if hasGroup {
		u.gid = number(group)
		if row := entry(rootfs, "/etc/group", group); row != nil {
			u.gid = number(row[2])
		}
	}
	if u.uid < 0 || u.gid < 0 {
		return user{}, fmt.Errorf("the image's user %q has no usable number", spec)
	}
	return u, nil
}

func number(s string) int {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

// entry finds a row of /etc/passwd or /etc/group by name or number.
func entry(rootfs, file, key string) []string {
	path, err := Resolve(rootfs, file)
	if err != nil || key == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		row := strings.Split(lines.Text(), ":")
		if len(row) >= 4 && (row[0] == key || row[2] == key) {
			return row
		}
	}
	return nil
}
