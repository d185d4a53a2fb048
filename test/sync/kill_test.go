package sync

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/harness"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

// command runs the real program to its end.
func command(t *testing.T, falkirk string, env []string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), falkirk, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), env...)
	raw, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(raw), cmd.ProcessState.ExitCode()
}

// Killed at any request the program leaves no tag that does not lead to all of
// its image; repeated, it ends the job, and sends nothing again that had arrived.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	falkirk, _ := harness.Programs(t)
	origin, home := emulators.Registry(t, true), emulators.Registry(t, true)
	load := images.Workload{Repositories: 2, Tags: 2, Platforms: 2, Base: 40_000, Middle: 20_000, Top: 5_000}
	written, err := load.Write(t.Context(), images.At(origin))
	if err != nil {
		t.Fatal(err)
	}
	proxy := registryproxy.New(t, home, registryproxy.Rules{})
	step := 3
	if testing.Short() {
		step = 12
	}
	for n := 1; ; n += step {
		prefix := fmt.Sprintf("killed-%d", n)
		args := []string{"sync", "--insecure", "--source", origin, "--destination", proxy.Host + "/" + prefix, "--repository", "service-*", "--tag", "*"}
		if !killed(t, falkirk, proxy, n, args) {
			if n < 40 {
				t.Fatalf("it ended before request %d", n)
			}
			return // it was never killed
		}
		halfTagged(t, home, prefix, load)
		there := arrived(t, home, prefix, load, written)
		proxy.Reset()
		if out, code := command(t, falkirk, nil, args...); code != 0 {
			t.Fatalf("killed at %d and repeated: exit code %d\n%s", n, code, out)
		}
		for _, q := range proxy.History() {
			if q.Kind == "end upload" && slices.Contains(there, q.Repository+" "+q.Reference) {
				t.Errorf("killed at %d: %s was there, and was sent again", n, q.Reference)
			}
		}
		same(t, home, prefix+"/", written)
	}
}

// killed kills the program at the nth request, and reports whether it came to that.
func killed(t *testing.T, falkirk string, proxy *registryproxy.Proxy, n int, args []string) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), falkirk, args...)
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	proxy.Strike(n, func() { _ = cmd.Process.Kill() }) // it may have gone
	err := cmd.Wait()
	proxy.Strike(0, nil)
	if err == nil {
		return false
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		t.Fatalf("it was not killed, and failed: %v\n%s", err, out.String())
	}
	return true
}

// halfTagged fails where a tag is there and something that it leads to is not.
func halfTagged(t *testing.T, home, prefix string, load images.Workload) {
	t.Helper()
	for r := range load.Repositories {
		repository := strings.TrimPrefix(prefix+"/"+load.Repository(r), "/")
		for n := range load.Tags {
			if _, _, err := images.At(home).Read(t.Context(), repository, load.Tag(n)); err == nil {
				emulators.Skopeo(t, "copy", "--all", "--src-tls-verify=false", "docker://"+home+"/"+repository+":"+load.Tag(n), "dir:"+t.TempDir())
			}
		}
	}
}

// arrived are the blobs that are in their repositories.
func arrived(t *testing.T, home, prefix string, load images.Workload, written images.Written) []string {
	t.Helper()
	var all []string
	for r := range load.Repositories {
		repository := prefix + "/" + load.Repository(r)
		for digest := range written.Blobs {
			has, err := images.At(home).Has(t.Context(), repository, digest)
			if err != nil {
				t.Fatal(err)
			}
			if has {
				all = append(all, repository+" "+digest)
			}
		}
	}
	return all
}

// An interrupt begins no further blob, says what is left, and is exit code 130.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	falkirk, _ := harness.Programs(t)
	origin, home := emulators.Registry(t, true), emulators.Registry(t, true)
	written, err := images.Small().Write(t.Context(), images.At(origin))
	if err != nil {
		t.Fatal(err)
	}
	proxy := registryproxy.New(t, home, registryproxy.Rules{})
	args := []string{"sync", "--insecure", "--source", origin, "--destination", proxy.Host, "--repository", "service-*", "--tag", "*", "--output", "json"}
	cmd := exec.CommandContext(t.Context(), falkirk, args...)
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	proxy.Strike(8, func() { _ = cmd.Process.Signal(os.Interrupt) }) // it may have gone
	_ = cmd.Wait()                                                   // its exit code tells
	var doc struct {
		Exit   struct{ Code int }
		Error  struct{ Kind, Hint string }
		Result []struct{ Unfinished int }
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if doc.Exit.Code != 130 || doc.Error.Kind != "interrupted" || len(doc.Result) != 1 || doc.Result[0].Unfinished == 0 {
		t.Errorf("%+v\n%s", doc, out.String())
	}
	halfTagged(t, home, "", images.Small())
	if out, code := command(t, falkirk, nil, args...); code != 0 {
		t.Errorf("repeated: exit code %d\n%s", code, out)
	}
	same(t, home, "", written)
}

// With --every a tag that moves comes with the next round, and an interrupt is
// the end of it: no failure between two rounds.
func TestEvery(t *testing.T) {
	t.Parallel()
	falkirk, _ := harness.Programs(t)
	origin, home := emulators.Registry(t, true), emulators.Registry(t, true)
	ctx := t.Context()
	if _, err := images.At(origin).Image(ctx, "api", "test", 1); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, falkirk, "sync", "--insecure", "--source", origin, "--destination", home, "--repository", "api", "--every", "20ms")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for seed := uint64(1); seed < 4; seed++ {
		d, err := images.At(origin).Image(ctx, "api", "test", seed)
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, got, err := images.At(home).Read(ctx, "api", "test"); err == nil && got.Digest == d.Digest {
				break
			}
			if ctx.Err() != nil {
				t.Fatal("it does not come")
			}
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("%v\n%s", err, out.String())
	}
}
