package image

import (
	"context"
	"encoding/json"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// Export says a step as commands of the AWS CLI, and of skopeo for what the AWS
// CLI cannot do: copying blobs. It looks, and writes nothing.
func (t *Target) Export(ctx context.Context, p delivery.Placement, step delivery.Step) ([]string, error) {
	p.Version = step.Version
	s, err := t.spot(ctx, p)
	if err != nil {
		return nil, err
	}
	if _, ok := s.repo.(registries.Creator); !ok {
		return nil, fault.New(fault.Invalid, "%s is no registry of Amazon's, so there are no aws commands for it", s.repo.Registry())
	}
	v, err := s.look(ctx)
	if err != nil {
		return nil, s.repo.Explain(err)
	}
	switch step.Action {
	case actCreate:
		return []string{"aws ecr create-repository --repository-name " + quote(s.repo.Name()) +
			" --image-scanning-configuration scanOnPush=true --encryption-configuration encryptionType=AES256 >/dev/null"}, nil
	case actCopy:
		return t.exportCopy(v)
	case actTag:
		return v.exportTag(ctx)
	case actUntag:
		return v.exportUntag(ctx)
	case actRemove:
		return v.exportRemove(ctx, step)
	}
	return nil, fault.New(fault.Invalid, "the image target has no step %q", step.Action)
}

// exportCopy has skopeo copy the image from the builds registry.
func (t *Target) exportCopy(v view) ([]string, error) {
	reference := ""
	if t.opt.Builds != nil {
		var err error
		if reference, _, err = t.opt.Builds(v.Component); err != nil {
			return nil, err
		}
	}
	if reference == "" {
		err := fault.New(fault.Invalid, "%s comes from the store of releases, and no plain command copies it from there", v.Version)
		return nil, fault.Hint(err, "set push: of the image component, and pack, to have it in a registry")
	}
	tag, err := releaseTag(v.tag, v.Version)
	if err != nil {
		return nil, err
	}
	from, _, _ := strings.Cut(reference, "/")
	login := func(host string) string {
		return "aws ecr get-login-password | skopeo login --username AWS --password-stdin " + quote(host)
	}
	return []string{
		"# The image with all its platforms; what refers to it (signatures) is not copied by skopeo.",
		login(from),
		`registry=$(aws ecr describe-repositories --repository-names ` + quote(v.repo.Name()) + ` --query 'repositories[0].repositoryUri' --output text)`,
		`aws ecr get-login-password | skopeo login --username AWS --password-stdin "${registry%%/*}"`,
		"skopeo copy --all --preserve-digests docker://" + quote(reference+"@"+v.Artifact.Digest) + ` docker://"$registry":` + quote(tag),
	}, nil
}

// exportTag reads the manifest and writes the same bytes under the tag, and then
// the pointer. ECR refuses them if they are not those of the digest.
func (v *view) exportTag(ctx context.Context) ([]string, error) {
	tag, err := v.tagName()
	if err != nil {
		return nil, err
	}
	name, digest := quote(v.repo.Name()), v.Artifact.Digest
	read := "aws ecr batch-get-image --repository-name " + name + " --image-ids imageDigest=" + digest + " --accepted-media-types" +
		" application/vnd.oci.image.index.v1+json application/vnd.docker.distribution.manifest.list.v2+json" +
		" application/vnd.oci.image.manifest.v1+json application/vnd.docker.distribution.manifest.v2+json --output text --query "
	pointer, err := v.exportPointer(v.next(ctx, v.Version, digest, tag))
	return []string{
		"manifest=$(" + read + "'images[0].imageManifest')",
		"type=$(" + read + "'images[0].imageManifestMediaType')",
		"aws ecr put-image --repository-name " + name + " --image-tag " + quote(tag) +
			` --image-manifest "$manifest" --image-manifest-media-type "$type" --image-digest ` + digest + " >/dev/null",
		pointer,
	}, err
}

// exportPointer is point as a command.
func (v *view) exportPointer(p pointer) (string, error) {
	m, err := artifact(typeLive, p.annotations())
	tag := pointerTag(v.tag)
	if len(v.numbers) > 0 || v.fixed(tag) {
		tag = numberedTag(v.tag, v.nextNumber())
	}
	return putImage(v.repo.Name(), m, tag), err
}

func putImage(repository string, m oci.Manifest, tag string) string {
	return "aws ecr put-image --repository-name " + quote(repository) + " --image-tag " + quote(tag) +
		" --image-manifest " + quote(string(m.Raw)) + " --image-manifest-media-type " + m.MediaType + " --image-digest " + m.Digest + " >/dev/null"
}

func (v *view) exportUntag(ctx context.Context) ([]string, error) {
	pointer, err := v.exportPointer(v.next(ctx, "", "", ""))
	return append(v.deleteImages("imageTag=", []string{v.facts.Tag}), pointer), err
}

func (v *view) exportRemove(ctx context.Context, step delivery.Step) ([]string, error) {
	var args removeArgs
	if err := json.Unmarshal(step.Args, &args); err != nil {
		return nil, fault.New(fault.Internal, "the step's arguments: %w", err)
	}
	h, err := v.harvest(ctx, args.Versions)
	if err != nil {
		return nil, err
	}
	return append(v.deleteImages("imageTag=", h.tags), v.deleteImages("imageDigest=", h.digests)...), nil
}

// deleteImages deletes up to 100 a command. ECR tells what was not there, and
// does not fail for it.
func (v *view) deleteImages(kind string, references []string) []string {
	var lines []string
	for len(references) > 0 {
		some := references[:min(len(references), 100)]
		references = references[len(some):]
		line := "aws ecr batch-delete-image --repository-name " + quote(v.repo.Name()) + " --image-ids"
		for _, r := range some {
			line += " " + quote(kind+r)
		}
		lines = append(lines, line+" >/dev/null")
	}
	return lines
}

// quote is a word for a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
