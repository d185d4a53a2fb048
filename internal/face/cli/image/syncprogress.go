package image

import (
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/usecase"
)

// syncProgress tells how far the job is that runs, and its result: a line for each
// tag that changes, and one that moves below them on a terminal, or now and then
// elsewhere.
type syncProgress struct {
	f    *ui.Face
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
		if !p.f.IsJSON() {
			PrintSync(p.f, ev.Synced)
		}
	default:
		p.f.Heard(ev)
	}
}

// begin shows a job of which nothing is known yet.
func (p *syncProgress) begin(name string) {
	p.close()
	p.mu.Lock()
	p.name, p.now, p.told = name, imagesync.Event{}, time.Now()
	p.mu.Unlock()
	if p.f.IsJSON() || p.f.Quiet || !p.f.Terminal {
		return
	}
	p.bars = mpb.New(mpb.WithOutput(p.f.RawErr), mpb.WithRefreshRate(100*time.Millisecond))
	p.bar = p.bars.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.f.Line(p.line()) })))
}

func (p *syncProgress) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return ui.Sprintf("[%s] … %d of %d tags, %s of %s", p.name, p.now.Done, p.now.Total, ui.Size(p.now.Passed), ui.Size(p.now.Bytes))
}

// show shows how far the job is.
func (p *syncProgress) show(ev imagesync.Event) {
	p.mu.Lock()
	p.now = ev
	due := time.Since(p.told) > 10*time.Second
	p.mu.Unlock()
	if p.f.IsJSON() || p.f.Quiet {
		return
	}
	if ev.Item != nil && ev.Item.State != imagesync.Same && ev.Item.State != imagesync.Gone {
		p.print(ui.Sprintf("[%s] %s", p.name, syncLine(p.f, *ev.Item, false)))
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
		_, _ = io.WriteString(p.bars, p.f.Line(line)+"\n")
		return
	}
	ui.Fprintln(p.f.Err, line)
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
func syncLine(f *ui.Face, i imagesync.Item, ahead bool) string {
	sign, color := "+", ui.Green
	switch i.State {
	case imagesync.Moved:
		sign, color = "~", ui.Yellow
	case imagesync.Gone, imagesync.Removed:
		sign, color = "-", ui.Red
	case imagesync.Refused, imagesync.Failed, imagesync.Kept:
		sign, color = "!", ui.Red
	case imagesync.Absent, imagesync.Same:
	}
	name := i.Repository
	if i.Tag != "" {
		name += ":" + i.Tag
	}
	var more []string
	if i.Digest != "" && i.State != imagesync.Same {
		more = append(more, ui.Short(i.Digest))
	}
	if i.Was != "" && i.State != imagesync.Same {
		more = append(more, "was "+ui.Short(i.Was))
	}
	if i.Bytes > 0 {
		more = append(more, ui.Size(i.Bytes))
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
	return strings.TrimSuffix(ui.Sprintf("%s %s %s: %s", f.Paint(color, sign), name, i.State, strings.Join(more, ", ")), ": ")
}
