package delivery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// model is what is known of one release, without a log.
type model struct {
	live   int  // the moment at which it went live last; 0: never
	good   bool // it went live, and nobody rolled it back and no promotion of it failed since
	ready  int  // the moment at which it was provisioned last; 0: it does not wait
	banned bool
}

// models is the same life as life folds, told release by release.
type models struct {
	of   map[string]*model
	live string
	bans []Operation
}

func (m *models) do(moment int, word string) {
	version := word[1:]
	one := m.of[version]
	switch word[0] {
	case 'p':
		one.ready = moment
	case '+', '<':
		if word[0] == '<' && m.live != "" && m.live != version {
			m.of[m.live].good = false
		}
		if m.live != version {
			one.live = moment
		}
		one.good, m.live = true, version
		for _, other := range m.of {
			if one.ready > 0 && other.ready < one.ready { // it is passed over
				other.ready = 0
			}
		}
		one.ready = 0
	case '!':
		one.ready = 0
		if version != m.live {
			one.good = false
		}
	case 'b':
		one.banned = true
	case 'u':
		one.banned = false
	}
}

// kept is what prune must leave: the live release, the last keep others that
// can be gone back to, and what waits.
func (m *models) kept(keep int) []string {
	var back, waits []string
	for v, one := range m.of {
		switch {
		case v == m.live || one.banned:
		case one.ready > 0:
			waits = append(waits, v)
			fallthrough
		default:
			if one.good {
				back = append(back, v)
			}
		}
	}
	newest := func(a, b string) int { return m.of[b].live - m.of[a].live }
	slices.SortFunc(back, newest)
	out := slices.Concat(back[:min(keep, len(back))], waits)
	if m.live != "" {
		out = append(out, m.live)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// folded folds a life; bans are folded into the record of the whole app.
func folded(words []string) (own, whole Record) {
	for i, w := range words {
		op := Operation{ID: fmt.Sprint(i), Version: w[1:]}
		switch w[0] {
		case 'b', 'u':
			op.Verb = map[byte]Verb{'b': VerbBan, 'u': VerbUnban}[w[0]]
			whole = whole.Fold(Entry{Number: i + 1, Event: Decided, Operation: op}, w)
		default:
			own = told(own, Entry{Number: i + 1, Event: Closed, Operation: operationOf(op, w[0]), Result: resultOf(w[0]), Settled: true}, w)
		}
	}
	return own, whole
}

func operationOf(o Operation, word byte) Operation {
	o.Verb = map[byte]Verb{'p': VerbProvision, '+': VerbPromote, '!': VerbPromote, '<': VerbRollback}[word]
	return o
}

func resultOf(word byte) Result {
	if word == '!' {
		return ResultFailed
	}
	return ResultDone
}

// TestWhatIsKeptIsAWayBack compares Kept and Previous with the model in
// thousands of random lives: no banned and no failed release is kept or counts,
// and the newest way back is kept whenever keep allows one.
func TestWhatIsKeptIsAWayBack(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 11))
	for range 5000 {
		m := models{of: map[string]*model{}}
		for v := range 5 {
			m.of[fmt.Sprint(v+1)] = &model{}
		}
		var words []string
		for i := range 4 + random.IntN(25) {
			word := string("ppp+++!<bu"[random.IntN(10)]) + fmt.Sprint(1+random.IntN(5))
			words = append(words, word)
			m.do(i+1, word)
		}
		own, whole := folded(words)
		for keep := range 4 {
			got := slices.Sorted(slices.Values(own.Kept(whole, keep)))
			if diff := cmp.Diff(m.kept(keep), slices.Compact(got)); diff != "" {
				t.Fatalf("%s\nkeep %d: -want +got\n%s", strings.Join(words, " "), keep, diff)
			}
			back := own.Previous(whole)
			if back != "" && keep > 0 && !slices.Contains(got, back) {
				t.Fatalf("%s\nkeep %d removes the way back to %s, keeps %v", strings.Join(words, " "), keep, back, got)
			}
		}
	}
}
