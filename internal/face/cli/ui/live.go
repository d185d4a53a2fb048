package ui

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
)

// live keeps one moving line per place below the lines that stay.
type live struct {
	bars   *mpb.Progress
	show   func(string) string // what may leave
	places map[string]*moving
}

// moving is what goes on in one place.
type moving struct {
	show func(string) string
	bar  *mpb.Bar
	now  atomic.Pointer[string]
	from atomic.Int64 // unix nanoseconds
}

func newLive(w io.Writer, show func(string) string) *live {
	return &live{
		bars:   mpb.New(mpb.WithOutput(w), mpb.WithRefreshRate(100*time.Millisecond)),
		show:   show,
		places: map[string]*moving{},
	}
}

func (l *live) print(line string) {
	// Losing a line of progress is no reason to stop a release.
	_, _ = io.WriteString(l.bars, l.show(line)+"\n")
}

func (l *live) update(ev engine.Event) {
	if ev.Kind == engine.Ended {
		l.clear()
	}
	if ev.Place == nil || ev.Step == nil {
		return
	}
	switch ev.Kind {
	case engine.Starting:
		m := l.at(ev.Place.String())
		m.from.Store(ev.At.UnixNano())
		m.set(*ev.Place, *ev.Step, "")
	case engine.Progress:
		l.at(ev.Place.String()).set(*ev.Place, *ev.Step, Share(*ev.Progress))
	case engine.Finished:
		l.at(ev.Place.String()).rest(*ev.Place)
	}
}

// Share is how much of something is done.
func Share(p delivery.Progress) string {
	switch {
	case p.Note != "":
		return " " + p.Note
	case p.Total <= 0:
		return ""
	case p.Unit == "bytes":
		return Sprintf(" %s of %s", Size(p.Done), Size(p.Total))
	default:
		return Sprintf(" %d of %d %s", p.Done, p.Total, p.Unit)
	}
}

func (l *live) at(place string) *moving {
	if m, ok := l.places[place]; ok {
		return m
	}
	m := &moving{show: l.show}
	text := decor.Any(func(decor.Statistics) string {
		s := m.now.Load()
		if s == nil {
			return ""
		}
		from := m.from.Load()
		if from == 0 {
			return *s
		}
		return Sprintf("%s %s", *s, Took(time.Since(time.Unix(0, from))))
	})
	m.bar = l.bars.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(text))
	l.places[place] = m
	return m
}

func (m *moving) set(place delivery.Place, s delivery.Step, more string) {
	line := Sprintf("[%s] … %s: %s%s,", place, s.Component, s.Summary, more)
	line = m.show(line)
	m.now.Store(&line)
}

// rest is the line of a place between two steps.
func (m *moving) rest(place delivery.Place) {
	line := Sprintf("[%s] …", place)
	m.from.Store(0)
	m.now.Store(&line)
}

// clear takes the moving lines away.
func (l *live) clear() {
	for place, m := range l.places {
		m.bar.Abort(true)
		delete(l.places, place)
	}
}

func (l *live) close() {
	l.clear()
	l.bars.Wait()
}
