package ui

import (
	"bufio"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/quote"
)

// Colours, as SGR parameters (ECMA-48).
const (
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	dim    = "2"
)

// Paint gives a text a colour, where there are colours.
func (f *Face) Paint(sgr, s string) string {
	if !f.Color {
		return s
	}
	return f.Inks.of(sgr) + s + f.Inks.of("0")
}

// Table prints rows under a heading in columns.
func Table(w io.Writer, rows [][]string) {
	tw := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		cells := make([]string, len(r))
		for i, cell := range r {
			cells[i] = quote.Line(cell)
		}
		_, _ = io.WriteString(tw, strings.TrimRight(strings.Join(cells, "\t"), "\t")+"\n") // Flush says what failed
	}
	tw.Flush() //nolint:errcheck // a broken pipe shows when the command ends
}

// Size is a number of bytes for people.
func Size(n int64) string {
	switch {
	case n < 1000:
		return Sprintf("%d B", n)
	case n < 1000_000:
		return Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1000_000_000:
		return Sprintf("%.1f MB", float64(n)/1e6)
	default:
		return Sprintf("%.1f GB", float64(n)/1e9)
	}
}

// Count is a number with its noun.
func Count(n int, what string) string { return fault.Count(n, what, what+"s") }

// Took is a length of time as people say it.
func Took(d time.Duration) string {
	switch {
	case d < time.Second:
		return Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return Sprintf("%.1f s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

// Moment is a time in UTC.
func Moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

// OrDash is a text, or a dash for none.
func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Short is the beginning of a digest.
func Short(digest string) string { return delivery.ShortDigest(digest) }

// ReadLine reads what a person types. An interrupt ends the question with nothing
// typed, and the command is interrupted.
func (f *Face) ReadLine() string {
	if f.typed == nil {
		f.typed = bufio.NewReader(f.In)
	}
	typed := make(chan string, 1)
	go func() {
		line, _ := f.typed.ReadString('\n') // what came before the end of the input counts
		typed <- strings.TrimSpace(line)
	}()
	select {
	case line := <-typed:
		return line
	case <-f.Stopped:
		f.CutOff = true
		return ""
	}
}

// Text prints, unless JSON is asked for.
func (f *Face) Text(show func()) error {
	if !f.IsJSON() {
		show()
	}
	return nil
}

// ByWhom says by whom, when and why something was decided.
func ByWhom(o delivery.Operation) string {
	text := "by " + o.Actor + " since " + Moment(o.At)
	if o.Reason != "" {
		text += ": " + o.Reason
	}
	return text
}

// OrNothing is a version, or the word for none.
func OrNothing(v string) string {
	if v == "" {
		return "nothing"
	}
	return v
}

// Spoken is a word as a sentence.
func Spoken(a delivery.Approval) string {
	verb := "approves"
	if a.Rejects {
		verb = "rejects"
	}
	line := Sprintf("%s %s plan %s for %s in %s", a.By, verb, Short(a.Plan), OrNothing(a.Version), a.Environment)
	if a.Signature != "" {
		line += ", signed"
	}
	if a.Until != nil {
		line += ", until " + Moment(*a.Until)
	}
	return line
}

// Warn says something beside the result, in text and in the document.
func (f *Face) Warn(format string, args ...any) {
	text := Sprintf(format, args...)
	f.Doc.Warnings = append(f.Doc.Warnings, text)
	Fprintf(f.Err, "%s %s\n", f.Paint(Yellow, "warning:"), text)
}

// Seconds is a number of seconds as a duration.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
