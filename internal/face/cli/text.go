package cli

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
	red    = "31"
	green  = "32"
	yellow = "33"
	dim    = "2"
)

func (f *face) paint(sgr, s string) string {
	if !f.Color {
		return s
	}
	return f.inks.of(sgr) + s + f.inks.of("0")
}

// table prints rows under a heading in columns.
func table(w io.Writer, rows [][]string) {
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

func size(n int64) string {
	switch {
	case n < 1000:
		return sprintf("%d B", n)
	case n < 1000_000:
		return sprintf("%.1f kB", float64(n)/1e3)
	case n < 1000_000_000:
		return sprintf("%.1f MB", float64(n)/1e6)
	default:
		return sprintf("%.1f GB", float64(n)/1e9)
	}
}

func count(n int, what string) string { return fault.Count(n, what, what+"s") }

// took is a length of time as people say it.
func took(d time.Duration) string {
	switch {
	case d < time.Second:
		return sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return sprintf("%.1f s", d.Seconds())
	default:
		return d.Round(time.Second).String()
	}
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func short(digest string) string { return delivery.ShortDigest(digest) }

func (f *face) readLine() string {
	if f.typed == nil {
		f.typed = bufio.NewReader(f.In)
	}
	line, err := f.typed.ReadString('\n')
	if err != nil && line == "" {
		return ""
	}
	return strings.TrimSpace(line)
}

// text prints, unless JSON is asked for.
func (f *face) text(show func()) error {
	if !f.isJSON() {
		show()
	}
	return nil
}

// byWhom says by whom, when and why something was decided.
func byWhom(o delivery.Operation) string {
	text := "by " + o.Actor + " since " + moment(o.At)
	if o.Reason != "" {
		text += ": " + o.Reason
	}
	return text
}

func orNothing(v string) string {
	if v == "" {
		return "nothing"
	}
	return v
}

// spoken is a word as a sentence.
func spoken(a delivery.Approval) string {
	verb := "approves"
	if a.Rejects {
		verb = "rejects"
	}
	line := sprintf("%s %s plan %s for %s in %s", a.By, verb, short(a.Plan), orNothing(a.Version), a.Environment)
	if a.Signature != "" {
		line += ", signed"
	}
	if a.Until != nil {
		line += ", until " + moment(*a.Until)
	}
	return line
}

// warn says something beside the result, in text and in the document.
func (f *face) warn(format string, args ...any) {
	text := sprintf(format, args...)
	f.doc.Warnings = append(f.doc.Warnings, text)
	fprintf(f.Err, "%s %s\n", f.paint(yellow, "warning:"), text)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
