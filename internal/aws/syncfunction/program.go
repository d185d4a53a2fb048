package syncfunction

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/flate"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// Program is what the function runs.
type Program struct {
	Raw          []byte
	Architecture string // as Lambda calls it
}

// mostUnpacked is what Lambda unpacks at most.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const mostUnpacked = 250 << 20

// bootstrap is what provided.al2023 starts.
const bootstrap = "bootstrap"

// Executable takes a program of this machine, which must be one that runs in
// Lambda: for Linux, and in need of no library.
func Executable(path string) (Program, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > mostUnpacked {
		err = fault.New(fault.Invalid, "%s has %d bytes, and Lambda takes %d", path, info.Size(), mostUnpacked)
	}
	if err != nil {
		return Program{}, err
	}
	raw, err := regular.Read(path, path, mostUnpacked)
	if err != nil {
		return Program{}, err
	}
	return program(raw, path)
}

// Zip takes the program out of a zip for Lambda, such as one of a release.
func Zip(path string) (Program, error) {
	file, err := regular.Open(path)
	if err != nil {
		return Program{}, fault.New(fault.Invalid, "open %s: %w", path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Program{}, fault.New(fault.Invalid, "open %s: %w", path, err)
	}
	r, err := zip.NewReader(file, info.Size())
	if err != nil {
		return Program{}, fault.New(fault.Invalid, "open %s: %w", path, err)
	}
	f, err := r.Open(bootstrap)
	if err != nil {
		return Program{}, fault.Hint(fault.New(fault.Invalid, "%s holds no %s", path, bootstrap), "take falkirk_VERSION_lambda_arm64.zip of a release")
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, mostUnpacked+1))
	if err == nil && len(raw) > mostUnpacked {
		err = fault.New(fault.Invalid, "it has more than %d bytes, which Lambda takes", mostUnpacked)
	}
	if err != nil {
		return Program{}, fmt.Errorf("read %s in %s: %w", bootstrap, path, err)
	}
	return program(raw, path)
}

func program(raw []byte, path string) (Program, error) {
	refuse := func(format string, args ...any) error {
		err := fault.New(fault.Invalid, "%s does not run in Lambda: %w", path, fmt.Errorf(format, args...))
		return fault.Hint(err, "name a zip of a release with --zip: falkirk_VERSION_lambda_arm64.zip")
	}
	file, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		return Program{}, refuse("it is no program for Linux")
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return Program{}, refuse("it needs libraries of this machine")
		}
	}
	switch file.Machine { //nolint:exhaustive // the others are refused
	case elf.EM_X86_64:
		return Program{raw, "x86_64"}, nil
	case elf.EM_AARCH64:
		return Program{raw, "arm64"}, nil
	}
	return Program{}, refuse("it is for %s", file.Machine)
}

// JobsFile is the name of the file of jobs in the zip. The function runs where
// Lambda has unpacked that.
const JobsFile = "sync.yml"

// Pack puts a program and its jobs into a zip: the same bytes for the same ones.
func Pack(p Program, jobs []byte) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.DefaultCompression) // twice as fast as that of the standard library
	})
	for _, f := range []struct {
		name string
		mode os.FileMode
		raw  []byte
	}{{bootstrap, 0o755, p.Raw}, {JobsFile, 0o644, jobs}} {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(f.mode)
		entry, err := w.CreateHeader(h)
		if err == nil {
			_, err = entry.Write(f.raw)
		}
		if err != nil {
			return nil, fmt.Errorf("put %s into the zip: %w", f.name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("end the zip: %w", err)
	}
	return out.Bytes(), nil
}
