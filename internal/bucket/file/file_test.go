package file_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"falkirk/internal/bucket"
	"falkirk/internal/bucket/buckettest"
	"falkirk/internal/bucket/file"
	"falkirk/internal/fault"
)

func TestFileBucket(t *testing.T) {
	t.Parallel()
	buckettest.Run(t, func(t *testing.T) bucket.Bucket { return file.New(filepath.Join(t.TempDir(), "a", "store")) })
}

// TestMain is also the other process of some tests.
func TestMain(m *testing.M) {
	dir, role := os.Getenv("FILE_TEST_DIR"), os.Getenv("FILE_TEST_ROLE")
	switch role {
	case "":
		os.Exit(m.Run())
	case "stage":
		s, err := file.New(dir).Stage(context.Background())
		if err == nil {
			_, err = io.WriteString(s, "half an object")
		}
		fmt.Println("staged", err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until killed, or until the test ends
	case "create":
		won := 0
		for i := range 200 {
			err := file.New(dir).Create(context.Background(), fmt.Sprintf("race/%d", i), strings.NewReader("x"))
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				fmt.Println(err)
			}
		}
		fmt.Println(won)
	}
}

func other(t *testing.T, dir, role string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "FILE_TEST_DIR="+dir, "FILE_TEST_ROLE="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// stagers starts a process that stages an object, and waits until it has.
func stager(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := other(t, dir, "stage")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "staged <nil>\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return cmd
}

func stagedFiles(t *testing.T, dir string) int {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, ".staging"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

func TestLeftoversOfKilledProcessesGoAndLiveOnesStay(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files of a killed process may stay open for a while")
	}
	dir := t.TempDir()
	killed, _ := stager(t, dir), stager(t, dir)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()
	if n := stagedFiles(t, dir); n != 2 {
		t.Fatalf("%d files are staged", n)
	}
	b := file.New(dir)
	for info, err := range b.List(t.Context(), "", "") {
		t.Errorf("the list has %v, %v", info, err)
	}
	if err := b.Put(t.Context(), "x", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if n := stagedFiles(t, dir); n != 1 {
		t.Errorf("%d files are staged, want that of the live process", n)
	}
}

func TestOneOfManyProcessesCreates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	outs := make([][]byte, 4)
	for i := range outs {
		cmd := other(t, dir, "create")
		wg.Go(func() {
			out, err := cmd.Output()
			if err != nil {
				out = append(out, err.Error()...)
			}
			outs[i] = out
		})
	}
	wg.Wait()
	sum := 0
	for _, out := range outs {
		n := 0
		if _, err := fmt.Sscanf(string(out), "%d\n", &n); err != nil {
			t.Fatalf("a process says %s", out)
		}
		sum += n
	}
	if sum != 200 {
		t.Errorf("%d creates of 200 keys won", sum)
	}
	if n := stagedFiles(t, dir); n != 0 {
		t.Errorf("%d staged files are left", n)
	}
}

func TestTheStagingFolderIsNoPlaceForObjects(t *testing.T) {
	t.Parallel()
	b := file.New(t.TempDir())
	for _, key := range []string{".staging", ".staging/x", ".Staging/x"} {
		if err := b.Put(t.Context(), key, strings.NewReader("x")); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s is taken: %v", key, err)
		}
	}
}

func TestErrorsNameThePath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inFile := file.New(plain).Put(t.Context(), "x", strings.NewReader("x"))
	b := file.New(dir)
	underObject := b.Create(t.Context(), "plain/x", strings.NewReader("x"))
	_, err := b.Stage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{inFile, underObject} {
		if err == nil || !strings.Contains(err.Error(), plain) {
			t.Errorf("the error does not name %s: %v", plain, err)
		}
	}
}

func TestAFolderThatMayNotBeWrittenIsNamed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() <= 0 {
		t.Skip("root may write everywhere, and windows knows no such bits")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	err := file.New(dir).Put(t.Context(), "x", strings.NewReader("x"))
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), dir) || fault.HintOf(err) == "" {
		t.Errorf("the error is %v, hint %q", err, fault.HintOf(err))
	}
}
