package buckettest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

const writers = 16

func createRace(t *testing.T, b bucket.Bucket) {
	for round := range 10 {
		key := fmt.Sprintf("race/%d", round)
		answers := make([]error, writers)
		together(func(i int) {
			answers[i] = b.Create(t.Context(), key, text(fmt.Sprintf("writer %d", i)))
		})
		var winners []int
		for i, err := range answers {
			if err == nil {
				winners = append(winners, i)
				continue
			}
			want(t, err, fault.Conflict)
		}
		if len(winners) != 1 {
			t.Fatalf("%s was created by %v", key, winners)
		}
		wantContent(t, b, key, fmt.Sprintf("writer %d", winners[0]))
	}
}

func commitRace(t *testing.T, b bucket.Bucket) {
	content := strings.Repeat("the same bytes ", 1000)
	answers := make([]error, writers)
	together(func(i int) {
		s, err := b.Stage(t.Context())
		if err == nil {
			_, err = io.WriteString(s, content)
			err = errors.Join(err, s.Commit(t.Context(), "x/y"))
		}
		answers[i] = err
	})
	must(t, errors.Join(answers...))
	wantContent(t, b, "x/y", content)
	if got := keys(t, b, "", ""); len(got) != 1 {
		t.Errorf("there are %q", got)
	}
}

func wholeReads(t *testing.T, b bucket.Bucket) {
	version := func(i int) string { return strings.Repeat(string(rune('a'+i)), 10_000*(i+1)) }
	must(t, b.Put(t.Context(), "x", text(version(0))))
	answers := make([]error, writers)
	together(func(i int) {
		for n := range 20 {
			if i%4 == 0 {
				answers[i] = errors.Join(answers[i], b.Put(t.Context(), "x", text(version((i+n)%5))))
			} else {
				answers[i] = errors.Join(answers[i], whole(t, b))
			}
		}
	})
	must(t, errors.Join(answers...))
}

func whole(t *testing.T, b bucket.Bucket) error {
	r, info, err := b.Get(t.Context(), "x")
	if err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if len(raw) == 0 || info.Size != int64(len(raw)) || len(raw) != 10_000*int(raw[0]-'a'+1) ||
		strings.Trim(string(raw), string(raw[:1])) != "" {
		return fmt.Errorf("read %d bytes that nobody wrote so; the size said is %d", len(raw), info.Size)
	}
	return nil
}

func together(do func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range writers {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}
