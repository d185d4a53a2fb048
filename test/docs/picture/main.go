// Command picture turns a terminal's output (standard input, with SGR colours)
// into an SVG (standard output).
package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	lineHeight = 18
	charWidth  = 7.83
	margin     = 16
)

var sgr = regexp.MustCompile(`\x1b\[([0-9;]*)m`)

func main() {
	if err := draw(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func draw(r io.Reader, w io.Writer) error {
	var body strings.Builder
	widest, y := 0, margin+lineHeight
	in := bufio.NewScanner(r)
	for in.Scan() {
		line := strings.TrimRight(in.Text(), "\r ")
		widest = max(widest, utf8.RuneCountInString(sgr.ReplaceAllString(line, "")))
		fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\">%s</text>\n", margin, y, spans(line))
		y += lineHeight
	}
	if err := in.Err(); err != nil {
		return err
	}
	width := int(float64(widest)*charWidth) + 2*margin
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d">
<rect width="100%%" height="100%%" rx="8" fill="#16181d"/>
<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#d7dae0" xml:space="preserve">
%s</g>
</svg>
`, width, y, width, body.String())
	return err
}

// spans turns the colours of one line into tspans. A line that begins with #
// is a heading.
func spans(line string) string {
	if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "$") {
		return `<tspan fill="#8ab4f8" font-weight="bold">` + html.EscapeString(line) + "</tspan>"
	}
	colors := map[string]string{"31": "#f28b82", "32": "#81c995", "33": "#fdd663", "2": "#9aa0a6"}
	var out strings.Builder
	at, open := 0, false
	for _, m := range sgr.FindAllStringSubmatchIndex(line, -1) {
		out.WriteString(html.EscapeString(line[at:m[0]]))
		at = m[1]
		if open {
			out.WriteString("</tspan>")
			open = false
		}
		if c, ok := colors[line[m[2]:m[3]]]; ok {
			out.WriteString(`<tspan fill="` + c + `">`)
			open = true
		}
	}
	out.WriteString(html.EscapeString(line[at:]))
	if open {
		out.WriteString("</tspan>")
	}
	return out.String()
}
