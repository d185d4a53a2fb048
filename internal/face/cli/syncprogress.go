package cli

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/usecase"
)

// syncProgress tells how far the job is that runs, and its result: a line for each
// tag that changes, and one that moves below them on a terminal, or now and then
// elsewhere.
type syncProgress struct {
	f    *face
	bars *mpb.Progress
	bar  *mpb.Bar

	mu   sync.Mutex
	name string
	now  imagesync.Event
	told time.Time
}

// hear shows an event of a use case.
func (p *syncProgress) hear(ev usecase.Event) {
	switch {
	case ev.Syncing != nil:
		if ev.Job != p.name {
			p.begin(ev.Job)
		}
		p.show(*ev.Syncing)
	case ev.Synced != nil:
		p.close()
		if !p.f.isJSON() {
			p.f.printSync(ev.Synced)
		}
	default:
		p.f.heard(ev)
	}
}

// begin shows a job of which nothing is known yet.
func (p *syncProgress) begin(name string) {
	p.close()
	p.mu.Lock()
	p.name, p.now, p.told = name, imagesync.Event{}, time.Now()
	p.mu.Unlock()
	if p.f.isJSON() || p.f.quiet || !p.f.Terminal {
		return
	}
	p.bars = mpb.New(mpb.WithOutput(p.f.screen), mpb.WithRefreshRate(100*time.Millisecond))
	p.bar = p.bars.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.f.line(p.line()) })))
}

func (p *syncProgress) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return sprintf("[%s] … %d of %d tags, %s of %s", p.name, p.now.Done, p.now.Total, size(p.now.Passed), size(p.now.Bytes))
}

// show shows how far the job is.
func (p *syncProgress) show(ev imagesync.Event) {
	p.mu.Lock()
	p.now = ev
	due := time.Since(p.told) > 10*time.Second
	p.mu.Unlock()
	if p.f.isJSON() || p.f.quiet {
		return
	}
	if ev.Item != nil && ev.Item.State != imagesync.Same && ev.Item.State != imagesync.Gone {
		p.print(sprintf("[%s] %s", p.name, p.f.syncLine(*ev.Item, false)))
	}
	if due && p.bars == nil {
		p.print(p.line())
	}
}

func (p *syncProgress) print(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = time.Now()
	if p.bars != nil {
		// Losing a line of progress is no reason to stop.
		_, _ = io.WriteString(p.bars, p.f.line(line)+"\n")
		return
	}
	fprintln(p.f.Err, line)
}

// close ends what is shown of a job.
func (p *syncProgress) close() {
	if p.bars != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
	p.bars, p.bar, p.name = nil, nil, ""
}

// syncLine is one tag.
func (f *face) syncLine(i imagesync.Item, ahead bool) string {
	sign, color := "+", green
	switch i.State {
	case imagesync.Moved:
		sign, color = "~", yellow
	case imagesync.Gone, imagesync.Removed:
		sign, color = "-", red
	case imagesync.Refused, imagesync.Failed, imagesync.Kept:
		sign, color = "!", red
	case imagesync.Absent, imagesync.Same:
	}
	name := i.Repository
	if i.Tag != "" {
		name += ":" + i.Tag
	}
	var more []string
	if i.Digest != "" && i.State != imagesync.Same {
		more = append(more, short(i.Digest))
	}
	if i.Was != "" && i.State != imagesync.Same {
		more = append(more, "was "+short(i.Was))
	}
	if i.Bytes > 0 {
		more = append(more, size(i.Bytes))
	}
	if i.Referrers > 0 {
		more = append(more, "with "+fault.Count(i.Referrers, "signature or other referrer", "signatures and other referrers"))
	}
	if i.Lag != "" && ahead {
		more = append(more, "at the source for "+i.Lag)
	}
	if i.Reason != "" {
		more = append(more, i.Reason)
	}
	return strings.TrimSuffix(sprintf("%s %s %s: %s", f.paint(color, sign), name, i.State, strings.Join(more, ", ")), ": ")
}
