package docs

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/test/emulators"
	"falkirk/test/emulators/python"
	"falkirk/test/harness"
)

// TestTheDayIsReal does what docs/day.md tells, with the real program, and
// compares what it prints with the page; with -update it writes the page. In it
//
//	```yaml falkirk.yml     is a file that is written
//	```console anna         is what anna types and sees
//
// Times, digests, ports and the order of lines from several places are not
// compared.
func TestTheDayIsReal(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes a few seconds")
	}
	newDay(t).page("docs/day.md")
}

var show = flag.Bool("show", false, "print what is typed and what comes of it, as it comes")

// TestTheOrganizationIsReal does what docs/aws.md tells, against moto.
func TestTheOrganizationIsReal(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	server := emulators.Moto(t)
	d := newDay(t)
	d.environ = append(slices.DeleteFunc(d.environ, func(e string) bool { return strings.HasPrefix(e, "AWS_") }), server.Env()...)
	d.environ = append(d.environ, "AWS_CONFIG_FILE="+d.dir+"/.aws/config", "EXTERNAL_ID=4711-shop",
		"PATH="+d.bin+":"+python.AWSFolder(t)+":"+os.Getenv("PATH"), "HOME="+d.dir, "TZ=UTC")
	d.page("docs/aws.md")
}

// page does a page again, and compares.
func (d *day) page(name string) {
	d.t.Helper()
	path := filepath.Join(root, name)
	raw, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	got := blocks.ReplaceAllStringFunc(string(raw), d.live)
	diff := cmp.Diff(plainLines(string(raw)), plainLines(got))
	switch {
	case diff == "" || d.t.Failed() || *show:
	case *update:
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			d.t.Fatal(err)
		}
	default:
		d.t.Errorf("%s is stale; run make docs\n%s", name, diff)
	}
}

var blocks = regexp.MustCompile("(?ms)^```(\\w+) (\\S+)\n(.*?)^```$")

// day is the folder in which the story happens.
type day struct {
	t       *testing.T
	dir     string
	bin     string
	environ []string
}

func newDay(t *testing.T) *day {
	t.Helper()
	program, _ := harness.Programs(t)
	bin, dir := filepath.Dir(program), t.TempDir()
	d := &day{t: t, dir: dir, bin: bin, environ: append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+dir, "TZ=UTC")}
	t.Cleanup(func() {
		if out, err := d.run("nobody", "falkirk local down -q --yes"); err != nil {
			t.Errorf("local down: %v\n%s", err, out)
		}
	})
	return d
}

func (d *day) run(who, line string) (string, error) {
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir, cmd.Env = d.dir, slices.Concat(d.environ, []string{"FALKIRK_ACTOR=" + who})
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(waiting.ReplaceAllString(string(out), ""), d.dir, "~/shop"), err
}

// live is a block with what happens now.
func (d *day) live(block string) string {
	m := blocks.FindStringSubmatch(block)
	kind, arg, body := m[1], m[2], m[3]
	if kind != "console" {
		path := filepath.Join(d.dir, arg)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			d.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			d.t.Fatal(err)
		}
		return block
	}
	var b strings.Builder
	b.WriteString("```console " + arg + "\n")
	for line := range strings.Lines(body) {
		typed, is := strings.CutPrefix(strings.TrimRight(line, "\n"), "$ ")
		if !is {
			continue
		}
		if *show {
			fmt.Printf("\n$ %s\n", typed)
		}
		out, _ := d.run(arg, typed) // how it ended is in what it prints
		if *show {
			fmt.Print(out)
		}
		b.WriteString("$ " + typed + "\n" + out)
		if out != "" && !strings.HasSuffix(out, "\n") {
			b.WriteString("\n")
		}
	}
	return b.String() + "```"
}

var (
	// waiting is what is printed where an emulator on a busy machine is slow.
	waiting = regexp.MustCompile(`(?m)^.* falkirk waits until .*\n`)
	varying = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ|\d{8}-\d{6}-\w{6}|sha256:[0-9a-f]+|127\.0\.0\.1:\d+|\d+(\.\d+)? ?m?s\b|asked \d+ times|SHA256:\S+|process \d+ on \S+|\b\d\d:\d\d:\d\d\b`)
	spaces  = regexp.MustCompile(` +`)
)

// plainLines is the page without what differs each time, its lines sorted.
func plainLines(page string) []string {
	lines := strings.Split(spaces.ReplaceAllString(varying.ReplaceAllString(page, "·"), " "), "\n")
	slices.Sort(lines)
	return lines
}
