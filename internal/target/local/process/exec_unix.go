//go:build linux || darwin

package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"falkirk/internal/target/local/place"
)

// Exec becomes the process of a version. It writes the process file before it
// asks whether the version is still wanted, and who removes a version takes
// away the wish before looking at the process file: so one of the two always
// sees the other, and no process is lost, whoever is killed when.
func Exec(d place.Dir, v place.Version, port int, now time.Time) error {
	me, ok := Of(os.Getpid(), port, now)
	if !ok {
		return errors.New("this process does not find itself")
	}
	err := place.Create(v.ProcessFile(), me)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return nil // another one runs already, or the place is gone
	}
	if err != nil {
		return fmt.Errorf("record process: %w", err)
	}
	err = become(d, v, port)
	return errors.Join(err, place.Remove(v.ProcessFile()))
}

// become returns only when the process is not wanted or cannot be started.
func become(d place.Dir, v place.Version, port int) error {
	var w place.Wanted
	found, err := place.Read(v.WantedFile(), &w)
	if err != nil || !found || w.Process == nil {
		return err
	}
	if d.IsDown(w.Component) {
		return nil
	}
	env := append(environ(w, port), Mark(v), startMark(v, port))
	args := argv(w, env)
	if len(args) == 0 {
		return errors.New("the image has no entry point and no command")
	}
	inside, env, err := enter(v.Rootfs(), w.Process, env)
	if err != nil {
		return err
	}
	root := v.Rootfs()
	if inside {
		root = "/"
	}
	dir, err := Resolve(root, w.Process.Dir)
	if err != nil {
		return fmt.Errorf("working directory %s: %w", w.Process.Dir, err)
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	path, err := program(root, w.Process.Dir, args[0], env)
	if err != nil {
		return err
	}
	if err := syscall.Exec(path, args, env); err != nil {
		return fmt.Errorf("run %s: %w", args[0], err)
	}
	return nil
}

// enter makes the root file system the process's own and takes on the image's
// user, where the isolation asks for it and the system allows it. The user is
// found before the change of root, as its files may be links.
func enter(rootfs string, p *place.Process, env []string) (inside bool, _ []string, err error) {
	if p.Isolation == "none" || p.Isolation != "chroot" && os.Getuid() != 0 {
		return false, env, nil
	}
	user, err := findUser(rootfs, p.User)
	if err != nil {
		return false, nil, err
	}
	if err := syscall.Chroot(rootfs); err != nil {
		if p.Isolation != "chroot" && errors.Is(err, syscall.EPERM) {
			return false, env, nil
		}
		return false, nil, fmt.Errorf("change root to the image: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return false, nil, err
	}
	if _, ok := lookup(env, "HOME"); !ok {
		env = append(env, "HOME="+user.home)
	}
	if p.User == "" {
		return true, env, nil
	}
	return true, env, user.take()
}

func (u user) take() error {
	if err := syscall.Setgroups([]int{u.gid}); err != nil {
		return fmt.Errorf("set groups: %w", err)
	}
	if err := syscall.Setgid(u.gid); err != nil {
		return fmt.Errorf("set group %d: %w", u.gid, err)
	}
	if err := syscall.Setuid(u.uid); err != nil {
		return fmt.Errorf("set user %d: %w", u.uid, err)
	}
	return nil
}

// program finds the file to run: as a path, or by name in the image's PATH.
func program(root, dir, name string, env []string) (string, error) {
	if filepath.Base(name) != name {
		if !filepath.IsAbs(name) {
			name = filepath.Join("/", dir, name)
		}
		return runnable(root, name)
	}
	list, _ := lookup(env, "PATH")
	for _, folder := range filepath.SplitList(list) {
		if path, err := runnable(root, filepath.Join("/", folder, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the image has no program %s in its PATH %s", name, list)
}

func runnable(root, name string) (string, error) {
	path, err := Resolve(root, name)
	if err != nil {
		return "", fmt.Errorf("the image has no program %s: %w", name, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("the image has no program %s", name)
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("%s in the image is not a program", name)
	}
	return path, nil
}
