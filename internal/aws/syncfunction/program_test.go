package syncfunction

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"falkirk/internal/fault"
)

// built is a program for Linux that needs no library, on x86-64.
func built(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source, out := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if raw, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	return out
}

func TestPrograms(t *testing.T) {
	t.Parallel()
	path := built(t)
	p, err := Executable(path)
	if err != nil || p.Architecture != "x86_64" {
		t.Fatalf("%s, %v", p.Architecture, err)
	}
	arm := bytes.Clone(p.Raw)
	binary.LittleEndian.PutUint16(arm[18:], 183) // the machine that it says it is for
	if q, err := program(arm, "arm"); err != nil || q.Architecture != "arm64" {
		t.Errorf("arm64: %s, %v", q.Architecture, err)
	}
	risc := bytes.Clone(p.Raw)
	binary.LittleEndian.PutUint16(risc[18:], 243)
	for because, raw := range map[string][]byte{"it is no program for Linux": []byte("hello"), "it is for EM_RISCV": risc} {
		if _, err := program(raw, "x"); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), because) || !strings.Contains(fault.HintOf(err), "--zip") {
			t.Errorf("%s: %v", because, err)
		}
	}
	shell, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Executable(shell); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "it needs libraries of this machine") {
		t.Errorf("a shell: %v", err)
	}
}

// The zip has the same bytes each time, and a program goes through one unchanged.
func TestZips(t *testing.T) {
	t.Parallel()
	p, err := Executable(built(t))
	if err != nil {
		t.Fatal(err)
	}
	one, err := Pack(p, []byte("sync: []\n"))
	if err != nil {
		t.Fatal(err)
	}
	if two, err := Pack(p, []byte("sync: []\n")); err != nil || !bytes.Equal(one, two) {
		t.Errorf("another zip of the same: %v", err)
	}
	path := filepath.Join(t.TempDir(), "falkirk_lambda.zip")
	if err := os.WriteFile(path, one, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Zip(path)
	if err != nil || !bytes.Equal(again.Raw, p.Raw) || again.Architecture != p.Architecture {
		t.Errorf("out of the zip: %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(JobsFile)
	if err != nil {
		t.Fatal(err)
	}
	if jobs, err := io.ReadAll(f); err != nil || string(jobs) != "sync: []\n" {
		t.Errorf("the jobs: %q, %v", jobs, err)
	}
	var empty bytes.Buffer
	if err := zip.NewWriter(&empty).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, empty.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Zip(path); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "holds no bootstrap") {
		t.Errorf("an empty zip: %v", err)
	}
}
