package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Furnish puts what programs expect of a root file system into an unpacked
// image, where root may: a few devices, /tmp, and how names are resolved.
// /proc and /sys are not mounted.
func Furnish(rootfs string) error {
	if os.Getuid() != 0 {
		return nil
	}
	for _, dir := range []struct {
		name string
		mode fs.FileMode
	}{{"dev", 0o755}, {"etc", 0o755}, {"tmp", 0o777 | fs.ModeSticky}} {
		path := filepath.Join(rootfs, dir.name)
		if err := os.Mkdir(path, 0o755); errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return err
		}
		if err := os.Chmod(path, dir.mode); err != nil {
			return err
		}
	}
	for name, minor := range map[string]int{"null": 3, "zero": 5, "random": 8, "urandom": 9} {
		if err := device(rootfs, name, minor); err != nil {
			return err
		}
	}
	for _, name := range []string{"/etc/resolv.conf", "/etc/hosts"} {
		if err := adopt(rootfs, name); err != nil {
			return err
		}
	}
	return nil
}

// device makes a memory device; a container that may not is no error.
func device(rootfs, name string, minor int) error {
	dev, err := Resolve(rootfs, "/dev")
	if err != nil {
		return err
	}
	path := filepath.Join(dev, name)
	err = syscall.Mknod(path, syscall.S_IFCHR|0o666, 1<<8|minor)
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make device %s: %w", name, err)
	}
	return os.Chmod(path, 0o666)
}

// adopt copies a file of this machine that the image does not have.
func adopt(rootfs, name string) error {
	folder, err := Resolve(rootfs, filepath.Dir(name))
	if err != nil {
		return err
	}
	path := filepath.Join(folder, filepath.Base(name))
	if info, err := os.Lstat(path); err == nil && (info.Size() > 0 || !info.Mode().IsRegular()) {
		return nil
	}
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o644)
}
