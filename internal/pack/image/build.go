package image

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

func builderNames() []string { return []string{"docker", "podman", "buildah"} }

// build has a builder make an OCI layout in a folder of its own and takes that.
func (j job) build(ctx context.Context) (oci.Stored, error) {
	dockerfile := j.path(j.s.Dockerfile)
	if err := j.hasDockerfile(); err != nil {
		return oci.Stored{}, err
	}
	builder, err := j.builder(ctx)
	if err != nil {
		return oci.Stored{}, err
	}
	temp, err := os.MkdirTemp("", "falkirk-build-")
	if err != nil {
		return oci.Stored{}, err
	}
	defer func() { _ = os.RemoveAll(temp) }() // what stays in the temporary folder is the system's to sweep
	var out string
	if builder == "docker" {
		out, err = j.buildx(ctx, dockerfile, temp)
	} else {
		out, err = j.buildah(ctx, builder, dockerfile, temp)
	}
	if err != nil {
		return oci.Stored{}, err
	}
	return j.layout(ctx, out)
}

// builder is the one that is wanted, or the first that works.
func (j job) builder(ctx context.Context) (string, error) {
	names := builderNames()
	if j.s.Builder != "" {
		names = []string{j.s.Builder}
	}
	var why []string
	for _, name := range names {
		err := j.works(ctx, name)
		if err == nil {
			return name, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		why = append(why, name+": "+err.Error())
	}
	err := fault.New(fault.Invalid, "nothing here builds a Dockerfile (%s)", strings.Join(why, "; "))
	return "", fault.Hint(err, "install docker, podman or buildah, or give a folder, binary, layout or reference")
}

func (j job) works(ctx context.Context, name string) error {
	if _, err := exec.LookPath(name); err != nil {
		return errors.New("not installed")
	}
	if name != "docker" {
		return nil
	}
	if err := j.run(ctx, "docker", "buildx", "version"); err != nil {
		return errors.New("has no buildx")
	}
	if err := j.run(ctx, "docker", "version", "--format", "{{.Server.Version}}"); err != nil {
		return errors.New("its daemon does not answer")
	}
	return nil
}

// buildx writes a tar archive; all it can leave out that differs from build to
// build is left out.
func (j job) buildx(ctx context.Context, dockerfile, temp string) (string, error) {
	out := filepath.Join(temp, "image.tar")
	args := []string{
		"buildx", "build", "--progress", "plain", "--provenance=false", "--sbom=false",
		"--output", "type=oci,rewrite-timestamp=true,dest=" + out,
	}
	if len(j.s.Platforms) > 0 {
		args = append(args, "--platform", strings.Join(j.s.Platforms, ","))
	}
	return out, j.run(ctx, "docker", append(args, j.common(dockerfile)...)...)
}

// buildah is for podman too, which has the same words. The image gets a name
// that nobody has, so that taking the name away afterwards takes nothing else.
func (j job) buildah(ctx context.Context, builder, dockerfile, temp string) (_ string, err error) {
	out, name := filepath.Join(temp, "layout"), "localhost/falkirk-pack:"+strings.ToLower(rand.Text())
	args, push, remove := []string{"build", "--timestamp", "0"}, []string{"push"}, []string{"rmi", name}
	if len(j.s.Platforms) > 0 {
		args = append(args, "--platform", strings.Join(j.s.Platforms, ","), "--manifest", name)
		push, remove = []string{"manifest", "push", "--all"}, []string{"manifest", "rm", name}
	} else {
		args = append(args, "--tag", name)
	}
	if err := j.run(ctx, builder, append(args, j.common(dockerfile)...)...); err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, j.run(context.WithoutCancel(ctx), builder, remove...))
	}()
	return out, j.run(ctx, builder, append(push, "--format", "oci", name, "oci:"+out)...)
}

// common are the arguments that all three share.
func (j job) common(dockerfile string) []string {
	args := []string{"--file", dockerfile}
	if j.s.Target != "" {
		args = append(args, "--target", j.s.Target)
	}
	for _, key := range slices.Sorted(maps.Keys(j.s.Args)) {
		args = append(args, "--build-arg", key+"="+j.s.Args[key])
	}
	if j.s.Context != "" {
		return append(args, j.path(j.s.Context))
	}
	return append(args, filepath.Dir(dockerfile))
}

// run does one command of a builder; its error has the end of what was printed.
func (j job) run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = j.root
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	out := &tail{report: j.report}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", name, args[0], ctx.Err())
	}
	if err != nil {
		err := fmt.Errorf("%s %s: %w; it ended with:\n%s", name, args[0], err, out)
		return fault.Hint(err, "the last lines say what failed: correct it, then repeat falkirk pack")
	}
	return nil
}
