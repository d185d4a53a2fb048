package buckettest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

func comesBack(t *testing.T, b bucket.Bucket) {
	for key, content := range map[string]string{
		"a":                  "content",
		"empty":              "",
		"deep/er/and/deeper": strings.Repeat("0123456789abcdef", 512<<10),
		"with space and ü+~": "x",
		".hidden/.x":         "dots are no harm",
		"a..b":               "nor are these",
	} {
		before := time.Now().Add(-time.Minute)
		must(t, b.Create(t.Context(), key, text(content)))
		wantContent(t, b, key, content)
		r, info, err := b.Get(t.Context(), key)
		must(t, err)
		must(t, r.Close())
		if info.Modified.Before(before) || info.Modified.After(time.Now().Add(time.Minute)) {
			t.Errorf("%s was modified at %v", key, info.Modified)
		}
	}
}

func notFound(t *testing.T, b bucket.Bucket) {
	wantMissing(t, b, "a/b")
	must(t, b.Create(t.Context(), "a/b", text("x")))
	wantMissing(t, b, "a") // a prefix is no object
	wantMissing(t, b, "a/b/c")
	wantMissing(t, b, "a/c")
}

func createConflict(t *testing.T, b bucket.Bucket) {
	must(t, b.Create(t.Context(), "a/b", text("first")))
	want(t, b.Create(t.Context(), "a/b", text("second")), fault.Conflict)
	wantContent(t, b, "a/b", "first")
}

func putReplaces(t *testing.T, b bucket.Bucket) {
	for _, content := range []string{"first", "second, longer", "3", ""} {
		must(t, b.Put(t.Context(), "a/b", text(content)))
		wantContent(t, b, "a/b", content)
	}
}

func brokenWrite(t *testing.T, b bucket.Bucket) {
	must(t, b.Put(t.Context(), "old", text("old")))
	for what, err := range map[string]error{
		"create": b.Create(t.Context(), "new", broken()),
		"put":    b.Put(t.Context(), "newer", broken()),
		"put on": b.Put(t.Context(), "old", broken()),
	} {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s answers %v", what, err)
		}
	}
	if got := keys(t, b, "", ""); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
	wantContent(t, b, "old", "old")
	must(t, b.Create(t.Context(), "new", text("repeated")))
	wantContent(t, b, "new", "repeated")
}

func stagedInvisible(t *testing.T, b bucket.Bucket) {
	s := stage(t, b, "some")
	defer s.Discard()
	if got := keys(t, b, "", ""); len(got) != 0 {
		t.Errorf("while staged there are %q", got)
	}
	_, err := s.Write([]byte(" more"))
	must(t, err)
	must(t, s.Commit(t.Context(), "x/y"))
	s.Discard()
	wantContent(t, b, "x/y", "some more")
	if got := keys(t, b, "", ""); len(got) != 1 {
		t.Errorf("after the commit there are %q", got)
	}
}

func commitLeaves(t *testing.T, b bucket.Bucket) {
	must(t, b.Create(t.Context(), "x/y", text("first")))
	must(t, stage(t, b, "second").Commit(t.Context(), "x/y"))
	wantContent(t, b, "x/y", "first")
}

func replaceTakes(t *testing.T, b bucket.Bucket) {
	must(t, b.Create(t.Context(), "x/y", text("first")))
	for _, content := range []string{"second", strings.Repeat("large", 4<<20)} { // more than a part of an upload
		s := stage(t, b, content)
		must(t, s.Replace(t.Context(), "x/y"))
		wantContent(t, b, "x/y", content)
		if err := s.Replace(t.Context(), "late"); err == nil {
			t.Error("a staging replaces twice")
		}
	}
	must(t, stage(t, b, "new").Replace(t.Context(), "z"))
	wantContent(t, b, "z", "new")
	want(t, stage(t, b, "z").Replace(t.Context(), "../z"), fault.Invalid)
	if got := keys(t, b, "", ""); len(got) != 2 {
		t.Errorf("there are %q", got)
	}
}

func stagingEnds(t *testing.T, b bucket.Bucket) {
	done := stage(t, b, "x")
	must(t, done.Commit(t.Context(), "done"))
	dropped := stage(t, b, "y")
	dropped.Discard()
	dropped.Discard()
	refused := stage(t, b, "z")
	want(t, refused.Commit(t.Context(), "../z"), fault.Invalid)
	for name, s := range map[string]bucket.Staged{"committed": done, "dropped": dropped, "refused": refused} {
		if _, err := s.Write([]byte("late")); err == nil {
			t.Errorf("a %s staging takes more", name)
		}
		if err := s.Commit(t.Context(), "late"); err == nil {
			t.Errorf("a %s staging commits again", name)
		}
	}
	wantMissing(t, b, "late")
	wantContent(t, b, "done", "x")
}

func deleteRemoves(t *testing.T, b bucket.Bucket) {
	must(t, b.Delete(t.Context(), "a/b"))
	must(t, b.Create(t.Context(), "a/b", text("x")))
	must(t, b.Delete(t.Context(), "a"))
	must(t, b.Delete(t.Context(), "a/b/c"))
	wantContent(t, b, "a/b", "x")
	must(t, b.Delete(t.Context(), "a/b"))
	must(t, b.Delete(t.Context(), "a/b"))
	wantMissing(t, b, "a/b")
	must(t, b.Create(t.Context(), "a/b", text("again")))
	wantContent(t, b, "a/b", "again")
}

func badKeys(t *testing.T, b bucket.Bucket) {
	ctx := t.Context()
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", "a\x00b", "a\nb", `a\b`, "a\xff",
		strings.Repeat("a/", 600) + "a", strings.Repeat("a", 300),
	} {
		_, _, err := b.Get(ctx, key)
		want(t, err, fault.Invalid)
		want(t, b.Create(ctx, key, text("x")), fault.Invalid)
		want(t, b.Put(ctx, key, text("x")), fault.Invalid)
		want(t, b.Delete(ctx, key), fault.Invalid)
		want(t, stage(t, b, "x").Commit(ctx, key), fault.Invalid)
	}
	for _, prefix := range []string{"../", "/", "a/../", "a//"} {
		for info, err := range b.List(ctx, prefix, "") {
			if err == nil {
				t.Errorf("the prefix %q yields %v", prefix, info)
			}
		}
	}
	if got := keys(t, b, "", ""); len(got) != 0 {
		t.Errorf("there are %q", got)
	}
}

func cancelled(t *testing.T, b bucket.Bucket) {
	must(t, b.Create(t.Context(), "a", text("x")))
	s := stage(t, b, "y")
	ctx := gone(t.Context())
	_, _, err := b.Get(ctx, "a")
	want(t, err, fault.Interrupted)
	want(t, b.Create(ctx, "b", text("y")), fault.Interrupted)
	want(t, b.Put(ctx, "a", text("y")), fault.Interrupted)
	want(t, b.Delete(ctx, "a"), fault.Interrupted)
	want(t, s.Commit(ctx, "c"), fault.Interrupted)
	_, err = b.Stage(ctx)
	want(t, err, fault.Interrupted)
	for _, err = range b.List(ctx, "", "") {
	}
	want(t, err, fault.Interrupted)
	if got := keys(t, b, "", ""); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
	wantContent(t, b, "a", "x")
}
