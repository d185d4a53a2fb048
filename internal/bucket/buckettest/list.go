package buckettest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/bucket"
)

// tricky are keys whose order by name within folders is not the order of keys.
func tricky() []string {
	return []string{"a!", "a-b", "a.b/c", "a/b", "a/b0", "a/c/d", "a/c0", "a0", "aa/x", "b", "z/z/z", "ü"}
}

func fill(t *testing.T, b bucket.Bucket, all []string) {
	t.Helper()
	for _, k := range slices.Backward(all) {
		must(t, b.Create(t.Context(), k, text(k)))
	}
}

func listOrder(t *testing.T, b bucket.Bucket) {
	t.Helper()
	if got := keys(t, b, "", ""); len(got) != 0 {
		t.Errorf("an empty bucket has %q", got)
	}
	fill(t, b, tricky())
	i := 0
	for info, err := range b.List(t.Context(), "", "") {
		must(t, err)
		if i >= len(tricky()) || info.Key != tricky()[i] || info.Size != int64(len(info.Key)) || info.Modified.IsZero() {
			t.Fatalf("object %d is %+v, want %q", i, info, tricky())
		}
		i++
	}
	if i != len(tricky()) {
		t.Errorf("%d objects are listed of %d", i, len(tricky()))
	}
}

func listBounds(t *testing.T, b bucket.Bucket) {
	t.Helper()
	fill(t, b, tricky())
	bounds := append(tricky(), "", "a", "a/", "a/b/", "a/c", "a/c/", "a1", "aa", "c", "nothing/here", "z/z/", "\u00ff")
	for _, prefix := range bounds {
		for _, after := range bounds {
			var expect []string
			for _, k := range tricky() {
				if strings.HasPrefix(k, prefix) && k > after {
					expect = append(expect, k)
				}
			}
			if got := keys(t, b, prefix, after); !slices.Equal(got, expect) {
				t.Errorf("prefix %q after %q: got %q, want %q", prefix, after, got, expect)
			}
		}
	}
}

func listLeft(t *testing.T, b bucket.Bucket) {
	t.Helper()
	fill(t, b, tricky())
	for n := 1; n < len(tricky()); n++ {
		var got []string
		for info, err := range b.List(t.Context(), "", "") {
			must(t, err)
			if got = append(got, info.Key); len(got) == n {
				break
			}
		}
		if !slices.Equal(got, tricky()[:n]) {
			t.Errorf("the first %d are %q", n, got)
		}
	}
}

// listRace lists while other keys come and go.
func listRace(t *testing.T, b bucket.Bucket) {
	t.Helper()
	var stay []string
	for i := range 50 {
		stay = append(stay, fmt.Sprintf("d%d/stay-%02d", i%5, i))
	}
	slices.Sort(stay)
	fill(t, b, stay)
	stop := make(chan struct{})
	finished := make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				finished <- nil
				return
			default:
			}
			key := fmt.Sprintf("d%d/go-%02d", i%5, i%40)
			if err := b.Put(t.Context(), key, text("x")); err != nil {
				finished <- err
				return
			}
			if err := b.Delete(t.Context(), key); err != nil {
				finished <- err
				return
			}
		}
	}()
	for range 20 {
		got := keys(t, b, "", "")
		if !slices.IsSorted(got) {
			t.Errorf("the list is not in order: %q", got)
		}
		got = slices.DeleteFunc(got, func(k string) bool { return strings.Contains(k, "/go-") })
		if !slices.Equal(got, stay) {
			t.Errorf("of those that stay there are %q", got)
		}
	}
	close(stop)
	must(t, <-finished)
}
