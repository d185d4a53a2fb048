package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/test/peers"
)

var platforms = []string{"linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64", "windows_arm64"}

// archive is the path of the archive for a platform.
func archive(platform string) string {
	ext := ".tar.gz"
	if strings.HasPrefix(platform, "windows") {
		ext = ".zip"
	}
	return filepath.Join(made, "falkirk_"+version+"_"+platform+ext)
}

// unpacked is one file of an archive.
type unpacked struct {
	content []byte
	mode    os.FileMode
	at      time.Time
	owner   string
}

func unpack(t *testing.T, path string) map[string]unpacked {
	t.Helper()
	if strings.HasSuffix(path, ".zip") {
		return unzip(t, path)
	}
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	plain, err := gzip.NewReader(f)
	must(t, err)
	files := map[string]unpacked{}
	for archive := tar.NewReader(plain); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		must(t, err)
		raw, err := io.ReadAll(archive)
		must(t, err)
		files[h.Name] = unpacked{raw, h.FileInfo().Mode(), h.ModTime, h.Uname + ":" + h.Gname}
	}
}

func unzip(t *testing.T, path string) map[string]unpacked {
	t.Helper()
	z, err := zip.OpenReader(path)
	must(t, err)
	defer z.Close()
	files := map[string]unpacked{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		raw, err := io.ReadAll(r)
		must(t, err)
		files[f.Name] = unpacked{raw, f.Mode(), f.Modified, "root:root"}
	}
	return files
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program writes the program of an archive into a folder.
func program(t *testing.T, platform string) string {
	t.Helper()
	name := "falkirk"
	if strings.HasPrefix(platform, "windows") {
		name += ".exe"
	}
	f, ok := unpack(t, archive(platform))[name]
	if !ok || f.mode.Perm() != 0o755 {
		t.Fatalf("%s: no program %s that can be run", platform, name)
	}
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, f.content, 0o755))
	return path
}

func TestEveryPlatformHasAWholeArchive(t *testing.T) {
	t.Parallel()
	for _, platform := range platforms {
		info, err := buildinfo.ReadFile(program(t, platform))
		must(t, err)
		set := map[string]string{}
		for _, s := range info.Settings {
			set[s.Key] = s.Value
		}
		if got := set["GOOS"] + "_" + set["GOARCH"]; got != platform || set["CGO_ENABLED"] != "0" || set["-trimpath"] != "true" {
			t.Errorf("%s: a program for %s with %v", platform, got, set)
		}
		if info.Main.Version != "v"+version {
			t.Errorf("%s: version %s", platform, info.Main.Version)
		}
		files := unpack(t, archive(platform))
		const also = "LICENSE README.md CHANGELOG.md man/falkirk.1 man/falkirk-promote.1 " +
			"completions/falkirk.bash completions/_falkirk completions/falkirk.fish completions/falkirk.ps1"
		for name := range strings.FieldsSeq(also) {
			if len(files[name].content) < 100 {
				t.Errorf("%s: %s has %d bytes", platform, name, len(files[name].content))
			}
		}
		for name, f := range files {
			if !f.at.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) && !f.at.Equal(time.Date(2026, 1, 2, 3, 4, 4, 0, time.UTC)) || f.owner != "root:root" {
				t.Errorf("%s: %s is of %s, by %s", platform, name, f.at, f.owner)
			}
		}
	}
}

func TestTheProgramOfThisMachineRuns(t *testing.T) {
	t.Parallel()
	here := runtime.GOOS + "_" + runtime.GOARCH
	bin, files := program(t, here), unpack(t, archive(here))
	if out := output(t, bin, "version"); !strings.HasPrefix(out, "falkirk v"+version+" (") {
		t.Errorf("version: %s", out)
	}
	if out := output(t, bin, "completion", "bash"); out != string(files["completions/falkirk.bash"].content) {
		t.Error("completions/falkirk.bash is not what the program prints")
	}
	f, err := elf.Open(bin)
	must(t, err)
	defer f.Close()
	if libs, err := f.ImportedLibraries(); err != nil || len(libs) > 0 || f.Section(".interp") != nil {
		t.Errorf("not static: %v %v", libs, err)
	}
}

func TestManualPagesRender(t *testing.T) {
	t.Parallel()
	groff := peers.Program(t, "groff")
	for name, f := range unpack(t, archive("linux_amd64")) {
		if !strings.HasPrefix(name, "man/") {
			continue
		}
		cmd := exec.CommandContext(t.Context(), groff, "-man", "-Tutf8", "-ww", "-P-cbou")
		cmd.Stdin = bytes.NewReader(f.content)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		page := strings.TrimSuffix(strings.TrimPrefix(name, "man/"), ".1")
		err := cmd.Run()
		if err != nil || errs.Len() > 0 || !strings.Contains(out.String(), "SYNOPSIS") || !strings.Contains(out.String(), page) ||
			!strings.Contains(out.String(), "falkirk "+version) {
			t.Errorf("%s: %v %s\n%s", name, err, errs.String(), out.String())
		}
	}
}

// released are the files that users get.
func released(t *testing.T, dist string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dist, "falkirk_"+version+"_*"))
	must(t, err)
	return append(all, filepath.Join(dist, "checksums.txt"))
}

func TestTheSameCommitIsTheSameBytes(t *testing.T) {
	t.Parallel()
	files := released(t, made)
	if len(files) != 6+6+2+1+1 { // archives, bills of materials, Lambda, image, sums
		t.Errorf("released: %v", files)
	}
	for _, path := range files {
		one, err := os.ReadFile(path)
		must(t, err)
		other, err := os.ReadFile(filepath.Join(again, filepath.Base(path)))
		must(t, err)
		if !bytes.Equal(one, other) {
			t.Errorf("%s differs when it is made elsewhere", filepath.Base(path))
		}
	}
}

func TestTheSumsAreRight(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "checksums.txt")
	cmd.Dir = made
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, path := range released(t, made) {
		name := filepath.Base(path)
		if name != "checksums.txt" && !strings.Contains(string(out), name+": OK") {
			t.Errorf("%s is not in checksums.txt", name)
		}
	}
}

func TestTheLambdaZipIsTheProgram(t *testing.T) {
	t.Parallel()
	for _, arch := range []string{"amd64", "arm64"} {
		files := unpack(t, filepath.Join(made, "falkirk_"+version+"_lambda_"+arch+".zip"))
		boot := files["bootstrap"]
		if len(files) != 1 || boot.mode.Perm() != 0o755 {
			t.Errorf("%s: %d files, bootstrap has mode %s", arch, len(files), boot.mode)
		}
		// What test/lambda shows of the program is true of bootstrap if it is the same.
		if !bytes.Equal(boot.content, unpack(t, archive("linux_"+arch))["falkirk"].content) {
			t.Errorf("%s: bootstrap is not the program", arch)
		}
	}
}

func TestAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	bin := program(t, runtime.GOOS+"_"+runtime.GOARCH)
	dir := t.TempDir()
	const app = "\napp: shop\ncomponents: {web: {site: {path: web}, target: {local: {path: /}}}}\nenvironments: [{name: dev}]\n"
	for pin, code := range map[string]int{version: 0, "1.8.6": 6} {
		path := filepath.Join(dir, pin+".yml")
		must(t, os.WriteFile(path, []byte("falkirk: "+pin+app), 0o600))
		cmd := exec.CommandContext(t.Context(), bin, "config", "check", "-f", path)
		out, _ := cmd.CombinedOutput() // the exit code is what counts
		if cmd.ProcessState.ExitCode() != code || (code != 0 && !strings.Contains(string(out), "install.sh")) {
			t.Errorf("falkirk: %s: %v\n%s", pin, cmd.ProcessState, out)
		}
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %s: %v", name, strings.Join(args, " "), err)
	}
	return string(out)
}

func TestScriptsAreClean(t *testing.T) {
	t.Parallel()
	scripts := []string{"install.sh", "ship/prepare", "ship/goreleaser"}
	cmd := exec.CommandContext(t.Context(), peers.Program(t, "shellcheck"), slices.Concat([]string{"--shell=sh"}, scripts)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
