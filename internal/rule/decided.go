package rule

import (
	"fmt"
	"time"

	"falkirk/internal/delivery"
)

func stopped(s Situation) *Obstacle {
	stop, what, next := s.Own.Stop, s.Environment.Name, "falkirk resume "+s.Environment.Name
	if s.Whole.Stop != nil {
		stop, what, next = s.Whole.Stop, "everything", "falkirk resume --all"
	}
	if stop == nil {
		return nil
	}
	return &Obstacle{Cause: Stopped, Text: what + " is stopped by " + who(*stop), Next: next}
}

func banned(s Situation) *Obstacle {
	ban, is := s.Whole.Banned(s.Operation.Version)
	if !is || s.Operation.Version == "" {
		return nil
	}
	return &Obstacle{
		Cause: Banned, Text: ban.Version + " is banned by " + who(ban),
		Next: "falkirk unban " + ban.Version,
	}
}

// held lets through what keeps the environment where it is.
func held(s Situation) *Obstacle {
	h := s.Own.Hold
	if h == nil || !moves(s.Operation.Verb) || h.Version == s.Operation.Version {
		return nil
	}
	on := h.Version
	if on == "" {
		on = "nothing"
	}
	return &Obstacle{
		Cause: Held, Text: fmt.Sprintf("%s is held on %s by %s", s.Environment.Name, on, who(*h)),
		Next: "falkirk release-hold " + s.Environment.Name,
	}
}

// who says by whom, when and why something was decided.
func who(o delivery.Operation) string {
	text := oneLine(o.Actor) + " since " + stamp(o.At)
	if o.Reason != "" {
		text += ": " + oneLine(o.Reason)
	}
	return text
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
