package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// Why is the one thing that holds a promotion back, and the command that moves
// it on. It is never nil: where nothing does, the cause is None or Done.
func Why(s Situation) Obstacle {
	for _, check := range []func(Situation) *Obstacle{
		doubted, live, unsafe, Decided, unset, order, soak, turn, Freeze, unprepared, locked, waiting, failed,
	} {
		if o := check(s); o != nil {
			return *o
		}
	}
	v, env := s.Operation.Version, s.Environment.Name
	return Obstacle{
		Cause: None, Text: fmt.Sprintf("nothing holds %s back from %s", v, env),
		Next: fmt.Sprintf("falkirk promote %s --to %s", v, env),
	}
}

// unset says that what the app file says of the environment is not known.
func unset(s Situation) *Obstacle {
	why := cmp.Or(s.Environment.Unusable, s.Environment.NoRules)
	if why == "" {
		return nil
	}
	return &Obstacle{
		Cause: Unset, Text: fmt.Sprintf("environment %s: %s", s.Environment.Name, oneLine(string(why))),
		Next: fmt.Sprintf("falkirk why %s %s, with the variable set", s.Operation.Version, s.Environment.Name),
	}
}

func live(s Situation) *Obstacle {
	if s.Own.Live() != s.Operation.Version || s.Own.Way != nil {
		return nil
	}
	t := s.Own.Tenures[len(s.Own.Tenures)-1]
	return &Obstacle{Cause: Done, Text: fmt.Sprintf("%s is live in %s since %s, by %s", t.Version, s.Environment.Name, stamp(t.Since), t.By)}
}

// locked tells of another operation; the one asked about may be it.
func locked(s Situation) *Obstacle {
	if s.Own.Open == nil {
		return nil
	}
	op := s.Own.Open.Operation
	o := &Obstacle{
		Cause: Locked, Waits: true,
		Text: fmt.Sprintf("%s is locked since %s: %s %s by %s, operation %s", s.Environment.Name, stamp(op.At), op.Verb, op.Version, oneLine(op.Actor), op.ID),
		Next: "falkirk lock show " + s.Environment.Name,
	}
	if h := s.Own.Open.Holder; h != nil {
		o.Text += ", " + h.String()
	}
	return o
}

func unprepared(s Situation) *Obstacle {
	v, env := s.Operation.Version, s.Environment.Name
	if slices.Contains(s.Own.Readied, v) || slices.Contains(s.Own.Kept(s.Whole, s.Environment.Keep), v) {
		return nil
	}
	if o := failed(s); o != nil {
		return o
	}
	return &Obstacle{
		Cause: Unprepared, Text: fmt.Sprintf("%s is not ready in %s: it is not provisioned there", v, env),
		Next: fmt.Sprintf("falkirk provision %s --to %s", v, env),
	}
}

func waiting(s Situation) *Obstacle {
	i := slices.IndexFunc(s.Own.Waiting, func(w delivery.Pending) bool { return w.Operation.Version == s.Operation.Version })
	if i < 0 {
		return nil
	}
	w := s.Own.Waiting[i]
	o := &Obstacle{Cause: Gate, Waits: true, Text: fmt.Sprintf("%s (since %s)", oneLine(w.Reason), stamp(w.Since)), Next: w.Next}
	if o.Next == "" {
		o.Next = fmt.Sprintf("falkirk %s %s --to %s, when the gate may be open", w.Operation.Verb, s.Operation.Version, s.Environment.Name)
	}
	return o
}

// oneLine is an error of several places as one line.
func oneLine(text string) string {
	return strings.NewReplacer("\r\n", "; ", "\n", "; ", "\r", "; ").Replace(strings.TrimSpace(text))
}

func failed(s Situation) *Obstacle {
	f, has := s.Own.Failed(s.Operation.Version)
	if !has {
		return nil
	}
	return &Obstacle{
		Cause: Failed, Text: fmt.Sprintf("%s by %s failed at %s: %s", f.Operation.Verb, oneLine(f.Operation.Actor), stamp(f.At), oneLine(f.Error)),
		Next: fmt.Sprintf("falkirk history %s --steps shows it; mend it and falkirk train %s --to %s", s.Environment.Name, s.Operation.Version, s.Environment.Name),
	}
}
