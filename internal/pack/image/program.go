package image

import (
	"bufio"
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"io"
	"os"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// program is what a file that is to be run says of itself.
type program struct {
	platform string // "" for a script
	needs    string // the interpreter or loader that must be there, if any
}

// runsOn reports whether a platform can run the program; a variant is not told
// by the file.
func (p program) runsOn(platform string) bool {
	return p.platform == "" || platform == p.platform || strings.HasPrefix(platform, p.platform+"/")
}

func inspect(at string) (program, error) {
	f, err := regular.Open(at)
	if err != nil {
		return program{}, err
	}
	defer f.Close()
	head, err := bufio.NewReader(f).Peek(4)
	if err != nil {
		return program{}, fault.New(fault.Invalid, "%s is not a program", at)
	}
	switch {
	case string(head) == elf.ELFMAG:
		return inspectELF(f, at)
	case string(head[:2]) == "#!":
		return inspectScript(f)
	case string(head[:2]) == "MZ":
		return inspectPE(f, at)
	}
	return inspectMachO(f, at)
}

func inspectELF(f *os.File, at string) (program, error) {
	e, err := elf.NewFile(f)
	if err != nil {
		return program{}, fault.New(fault.Invalid, "%s is not a program: %w", at, err)
	}
	arch := elfArch(e)
	if arch == "" {
		return program{}, fault.New(fault.Invalid, "%s is for a processor that is not known here (%s)", at, e.Machine)
	}
	p := program{platform: "linux/" + arch}
	for _, segment := range e.Progs {
		if segment.Type == elf.PT_INTERP && segment.Filesz < 4096 {
			loader := make([]byte, segment.Filesz)
			if _, err := segment.ReadAt(loader, 0); err != nil {
				return program{}, fault.New(fault.Invalid, "%s is not a program: %w", at, err)
			}
			p.needs = string(bytes.TrimRight(loader, "\x00"))
		}
	}
	return p, nil
}

func elfArch(e *elf.File) string {
	little := e.Data == elf.ELFDATA2LSB
	switch {
	case e.Machine == elf.EM_X86_64:
		return "amd64"
	case e.Machine == elf.EM_386:
		return "386"
	case e.Machine == elf.EM_AARCH64:
		return "arm64"
	case e.Machine == elf.EM_ARM:
		return "arm"
	case e.Machine == elf.EM_RISCV:
		return "riscv64"
	case e.Machine == elf.EM_PPC64 && little:
		return "ppc64le"
	case e.Machine == elf.EM_S390:
		return "s390x"
	case e.Machine == elf.EM_LOONGARCH:
		return "loong64"
	}
	return ""
}

func inspectScript(f *os.File) (program, error) {
	head, err := io.ReadAll(io.NewSectionReader(f, 0, 256))
	if err != nil {
		return program{}, err
	}
	line, _, _ := strings.Cut(string(head), "\n")
	needs := strings.TrimSpace(strings.TrimPrefix(line, "#!"))
	return program{needs: needs}, nil
}

// Programs of other systems are for images that a local target there runs as
// processes; their system libraries are always linked dynamically.
func inspectPE(f *os.File, at string) (program, error) {
	p, err := pe.NewFile(f)
	if err != nil {
		return program{}, fault.New(fault.Invalid, "%s is not a program: %w", at, err)
	}
	if p.Machine == pe.IMAGE_FILE_MACHINE_ARM64 {
		return program{platform: "windows/arm64"}, nil
	}
	return program{platform: "windows/amd64"}, nil
}

func inspectMachO(f *os.File, at string) (program, error) {
	m, err := macho.NewFile(f)
	if err != nil {
		return program{}, fault.New(fault.Invalid, "%s is not a program: neither ELF nor a script", at)
	}
	if m.Cpu == macho.CpuArm64 {
		return program{platform: "darwin/arm64"}, nil
	}
	return program{platform: "darwin/amd64"}, nil
}

func dynamic(at, needs string) error {
	err := fault.New(fault.Invalid, "%s needs %s, and an empty base does not have it", at, needs)
	return fault.Hint(err, "build it static (Go: CGO_ENABLED=0; Rust: a musl target; C: -static), name a base, or set allowDynamic: true")
}
