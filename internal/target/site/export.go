package site

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"falkirk/internal/aws/s3x"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Export is a step as plain commands of the AWS CLI, for a POSIX shell. Records
// that it writes hold no ETags of what is copied, for those are not known
// before: such an object counts as right when its name and size are.
func (t *Target) Export(ctx context.Context, p delivery.Placement, step delivery.Step) ([]string, error) {
	s, err := t.spot(ctx, p)
	if err != nil {
		return nil, err
	}
	v, err := t.look(ctx, s)
	if err != nil {
		return nil, s.explain("look at the site", err)
	}
	e := export{view: v}
	switch step.Action {
	case actCopy:
		err = e.layOut(t.opt.Store)
	case actSwitch:
		err = e.flip()
	case actInvalidate:
		err = e.invalidate()
	case actRemove:
		err = e.remove(step.Version)
	default:
		err = fault.New(fault.Invalid, "the site target has no step %q", step.Action)
	}
	return e.lines, err
}

// export gathers the commands of one step.
type export struct {
	*view
	lines []string
}

func (e *export) say(words ...string) { e.lines = append(e.lines, strings.Join(words, " ")) }

// layOut says what Target.layOut does.
func (e *export) layOut(store Store) error {
	if err := e.check(); err != nil {
		return err
	}
	l := e.layout()
	r := record{
		Schema: schemaOf(l.files), App: e.App, Component: e.Component, Version: e.Version, Digest: e.Artifact.Digest,
		Files: l.files, Saved: e.records[e.Version].Saved, Key: e.set.noted(),
	}
	if err := e.write(e.recordKey(e.Version), r); err != nil {
		return err
	}
	located, _ := store.(Located)
	for n, i := range slices.Concat(l.place, l.stage) {
		f := l.files[i].File
		to := e.set.folder() + f.Path
		if n >= len(l.place) {
			to = e.stagedKey(f.Digest)
		}
		if located == nil {
			return notThere()
		}
		bucket, key, ok := located.Where(f.Digest)
		if !ok {
			return notThere()
		}
		e.copy(s3x.Place{Bucket: bucket, Key: key}, "", e.item(f, to))
	}
	for _, s := range l.save {
		e.save(s)
	}
	r.Ready = true
	return e.write(e.recordKey(e.Version), r)
}

func notThere() error {
	err := fault.New(fault.Invalid, "the files are not in a bucket, so that no command of the AWS CLI could copy them")
	return fault.Hint(err, "use a store: s3://…")
}

// flip says what Target.flip does.
func (e *export) flip() error {
	m := e.move(e.Version)
	for _, s := range e.saves(m) {
		e.save(s)
	}
	tags := map[string]string{}
	if !m.isEmpty() {
		e.live.Moving = e.moving(m)
		if err := e.write(e.pointerKey(), e.live); err != nil {
			return err
		}
	}
	for _, wave := range m.waves() {
		for _, f := range wave {
			from, ok := e.beside(f.Digest, f.Size)
			if !ok {
				return fault.New(fault.Conflict, "%q of %s has no copy beside the site", f.Path, e.Version)
			}
			tags[f.Path] = from.ETag
			e.copy(e.at(from.Key), from.ETag, e.item(f.File, e.set.folder()+f.Path))
		}
	}
	if err := e.delete(e.keys(m.remove)); err != nil {
		return err
	}
	return e.write(e.pointerKey(), e.settled(m, tags))
}

// invalidate says what Target.invalidate does after the switch.
func (e *export) invalidate() error {
	p := e.live
	if m := e.move(e.Version); !m.isEmpty() || p.Moving != nil || p.Version != e.Version {
		tags := map[string]string{}
		for _, f := range slices.Concat(m.changed, m.entries) {
			from, _ := e.beside(f.Digest, f.Size)
			tags[f.Path] = from.ETag
		}
		p = e.settled(m, tags)
	}
	if len(p.Stale) == 0 {
		return nil
	}
	words := []string{"aws cloudfront create-invalidation --distribution-id", e.set.Distribution, "--query Invalidation.Id --output text --paths"}
	for _, path := range invalidationPaths(e.set.base(), p.Stale) {
		words = append(words, quote(path))
	}
	if e.set.Wait {
		e.say("invalidation=$(" + strings.Join(words, " ") + ")")
		e.say("aws cloudfront wait invalidation-completed --distribution-id", e.set.Distribution, `--id "$invalidation"`)
	} else {
		e.say(append(words, ">/dev/null")...)
	}
	p.Stale, p.Invalidation = nil, ""
	return e.write(e.pointerKey(), p)
}

// remove says what Target.remove does.
func (e *export) remove(version string) error {
	paths, digests := e.only(version)
	keys := e.keys(paths)
	for _, d := range digests {
		keys = append(keys, e.stagedKey(d))
	}
	if err := e.delete(keys); err != nil {
		return err
	}
	return e.delete([]string{e.recordKey(version)})
}

// copy is one object copied by the server, in parts where it is large.
func (e *export) copy(from s3x.Place, tag string, item s3x.Item) {
	common := []string{
		"--metadata-directive REPLACE", "--content-type", quote(item.Type), "--cache-control", quote(item.Cache),
		"--metadata", metadata(item),
	}
	if item.Type == "" {
		common = slices.Delete(common, 1, 3)
	}
	if item.Coding != "" {
		common = append(common, "--content-encoding", quote(item.Coding))
	}
	if item.Size > mostCopied {
		if item.Key != "" {
			common = append(common, "--sse aws:kms --sse-kms-key-id", quote(item.Key))
		}
		e.say(append([]string{"aws s3 cp --only-show-errors", quote(from.String()), quote(item.To.String())}, common...)...)
		return
	}
	words := []string{"aws s3api copy-object --bucket", item.To.Bucket, "--key=" + quote(item.To.Key), "--copy-source=" + quote(from.Source())}
	if tag != "" {
		words = append(words, "--copy-source-if-match", quote(tag))
	}
	if item.Key != "" {
		common = append(common, "--server-side-encryption aws:kms --bucket-key-enabled --ssekms-key-id", quote(item.Key))
	}
	e.say(append(append(words, common...), ">/dev/null")...)
}

// metadata is a value of --metadata: short where it is the digest alone, JSON
// where values of users may hold any character.
func metadata(item s3x.Item) string {
	if len(item.Meta) == 0 {
		return s3x.MetaDigest + "=" + strings.TrimPrefix(item.Digest, "sha256:")
	}
	return quote(string(delivery.NewMetadata(item.Metadata())))
}

// mostCopied is how many bytes one copy-object takes.
const mostCopied = 5 << 30

// save is what keepBeside does.
func (e *export) save(s save) {
	e.copy(e.at(e.set.folder()+s.path), e.objects[s.path].ETag, e.item(e.saved(s), e.stagedKey(s.digest)))
}

// write is a state object, through the standard input of the AWS CLI.
func (e *export) write(key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	words := []string{"printf '%s\\n'", quote(string(raw)), "| aws s3 cp --only-show-errors --content-type application/json --cache-control no-store"}
	if e.set.KMSKey != "" {
		words = append(words, "--sse aws:kms --sse-kms-key-id", quote(e.set.KMSKey))
	}
	e.say(append(words, "-", quote(e.at(key).String()))...)
	return nil
}

// most bytes of one argument: Linux takes 128 KiB.
const mostArgument = 100 << 10

// delete names at most a thousand objects per command, and no more than an
// argument can hold.
func (e *export) delete(keys []string) error {
	type named struct{ Key string }
	var batch []named
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		raw, err := json.Marshal(struct {
			Objects []named
			Quiet   bool
		}{batch, true})
		e.say("aws s3api delete-objects --bucket", e.set.Bucket, "--delete", quote(string(raw)), ">/dev/null")
		batch, size = nil, 0
		return err
	}
	for _, k := range keys {
		n := 6*len(k) + 16 // JSON and quotes may make six bytes of one
		if len(batch) == 1000 || size+n > mostArgument {
			if err := flush(); err != nil {
				return err
			}
		}
		batch, size = append(batch, named{k}), size+n
	}
	return flush()
}

// quote makes one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
