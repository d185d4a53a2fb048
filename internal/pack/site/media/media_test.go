package media_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/pack/site/media"
)

// otherwise are the types that differ from those of the AWS CLI on purpose.
var otherwise = map[string]string{
	".3gp":  "video/3gpp",      // audio is the exception; the AWS CLI has it as the first of two
	".ico":  "image/x-icon",    // what all browsers have always been sent
	".cjs":  "text/javascript", // RFC 9239
	".js":   "text/javascript", // RFC 9239; Python since 3.12 too
	".mjs":  "text/javascript", // the same
	".mid":  "audio/midi",      // not its variant for telephones
	".mts":  "video/mp2t",      // AVCHD video, not a 3D model
	".opus": "audio/ogg",       // RFC 7845
	".rss":  "application/rss+xml",
	".sgi":  "image/sgi",
	".taz":  "application/gzip",
	".tbz2": "application/x-bzip2",
	".txz":  "application/x-xz",
	".tz":   "application/gzip",
	".tgz":  "application/gzip", // served as it is: an archive
	".ts":   "video/mp2t",       // segments of HLS, not translations of Qt
	".wav":  "audio/wav",        // WHATWG
	".xml":  "application/xml",  // RFC 7303
	".yaml": "application/yaml", // RFC 9512
	".yml":  "application/yaml",
}

// ask says what the AWS CLI makes of each file name: with the list of the machine
// and without it.
const ask = `
import json, mimetypes, sys
from awscli.customizations.s3.utils import guess_content_type
mimetypes.init()
names = ["file" + e for e in sorted(set(mimetypes.types_map) | set(mimetypes.suffix_map)) if "." not in e[1:]]
out = {"machine": {n: guess_content_type(n) for n in names}}
mimetypes.knownfiles.clear()
mimetypes.init()
out["alone"] = {n: guess_content_type(n) for n in names}
json.dump(out, sys.stdout)
`

// python is that in which the AWS CLI is installed.
func python(t *testing.T) string {
	t.Helper()
	cli, err := exec.LookPath("aws")
	if err != nil {
		out, _ := exec.CommandContext(t.Context(), "../../../../test/peers/install", "--path", "aws").Output()
		cli = strings.TrimSpace(string(out))
	}
	at := filepath.Join(filepath.Dir(cli), "python3")
	if exec.CommandContext(t.Context(), at, "-c", "import awscli").Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the AWS CLI of test/peers/install is not installed")
		}
		t.Skip("NOT TESTED: the AWS CLI of test/peers/install is not installed")
	}
	return at
}

// TestTheTypesOfTheAWSCLIAreKnown asks the function that `aws s3 cp` and `aws s3
// sync` ask, for every extension that Python's mimetypes has here.
func TestTheTypesOfTheAWSCLIAreKnown(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), python(t), "-c", ask).Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]map[string]string
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	_, err = os.Stat("/usr/share/doc/media-types") // the list that update.py reads
	debian := err == nil
	for which, types := range answers {
		compared, different, named := 0, 0, 0
		for name, theirs := range types {
			if theirs == "" {
				continue
			}
			compared++
			got, ok := media.ByName(name)
			got, _, _ = strings.Cut(got, ";")
			switch {
			case ok && got == strings.ToLower(theirs):
			case ok && got == otherwise[strings.ToLower(filepath.Ext(name))]:
				named++
			case ok && which == "machine" && !debian:
				named++ // other lists of machines differ from each other
			case which == "alone" && got == strings.ToLower(answers["machine"][name]):
				named++ // the list of the machine is the newer one
			default:
				different++
				t.Errorf("%s: the AWS CLI (%s) says %q, the list says %q", name, which, theirs, got)
			}
		}
		t.Logf("%d extensions compared with the AWS CLI (%s): %d differences, %d named ones", compared, which, different, named)
		if compared < 100 {
			t.Error("too few are compared")
		}
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"index.html": "text/html; charset=utf-8", "A.HTML": "text/html; charset=utf-8", "a/b.js": "text/javascript; charset=utf-8",
		"pic.heic": "image/heic", "feed.xsl": "application/xslt+xml", "clip.srt": "text/plain; charset=utf-8",
		"app.apk": "application/vnd.android.package-archive", "pic.svgz": "image/svg+xml", "site.webmanifest": "application/manifest+json",
		".well-known/apple-app-site-association": "application/json", "x/apple-app-site-association": "application/json",
		"m.map": "application/json", "f.woff2": "font/woff2", "a.avif": "image/avif", "a.jxl": "image/jxl", "a.wasm": "application/wasm",
		"seg.ts": "video/mp2t", "p.m3u8": "application/vnd.apple.mpegurl", "a.usdz": "model/vnd.usdz+zip", "about": "", "v1.2": "", ".htaccess": "", "a. b": "",
	} {
		if got, _ := media.ByName(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestTypesByContent(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"":                             "application/octet-stream",
		"<!doctype html>\n<title>x":    "text/html; charset=utf-8",
		"  <html>":                     "text/html; charset=utf-8",
		"<p>x":                         "text/html; charset=utf-8",
		"plain":                        "text/plain; charset=utf-8",
		"\x89PNG\r\n\x1a\n\x00\x00":    "image/png",
		"\x00\x01\x02":                 "application/octet-stream",
		"<?xml version=\"1.0\"?><rss>": "text/xml; charset=utf-8",
	} {
		if got := media.ByContent([]byte(head)); got != want {
			t.Errorf("%q is %q, want %q", head, got, want)
		}
	}
}

func TestCompressedFiles(t *testing.T) {
	t.Parallel()
	const gz, zst = "\x1f\x8b\x08", "\x28\xb5\x2f\xfd"
	for _, c := range []struct {
		name, head    string
		beside        bool // the file as it was before
		inner, coding string
	}{
		{"app.js.gz", gz, false, "app.js", "gzip"},
		{"app.js.br", "\x0b\x02", false, "app.js", "br"},
		{"APP.JS.GZ", gz, false, "APP.JS", "gzip"},
		{"index.html.gz", gz, false, "index.html", "gzip"},
		{"pic.svgz", gz, false, "pic.svgz", "gzip"},
		{"pic.svg.gz", gz, false, "pic.svg", "gzip"},
		{"data.json.gz", gz, false, "data.json", "gzip"},
		{"app.wasm.br", "x", false, "app.wasm", "br"},
		{"app.js.zst", zst, false, "app.js", "zstd"},
		{"not.js.gz", "var a", true, "not.js.gz", ""},
		{"not.js.zst", "var a", true, "not.js.zst", ""},
		{"not.svgz", "<svg", false, "not.svgz", ""},
		{"app.js", gz, true, "app.js", ""},

		{"robots.txt.br", "x", false, "robots.txt", "br"},
		{"table.csv.br", "x", false, "table.csv", "br"},
		{"readme.md.br", "x", false, "readme.md", "br"},
		{"doc.pdf.br", "x", false, "doc.pdf", "br"},
		{"photo.jpg.br", "x", false, "photo.jpg", "br"},
		{"robots.txt.gz", gz, true, "robots.txt", "gzip"},
		{"table.csv.gz", gz, true, "table.csv", "gzip"},
		{"table.csv.zst", zst, true, "table.csv", "zstd"},
		{"readme.md.gz", gz, true, "readme.md", "gzip"},
		{"table.csv.gz", gz, false, "table.csv.gz", ""},
		{"robots.txt.gz", gz, false, "robots.txt.gz", ""},
		{"dump.sql.gz", gz, false, "dump.sql.gz", ""},
		{"src.tar.gz", gz, true, "src.tar.gz", ""},
		{"src.tar.br", "x", true, "src.tar.br", ""},
		{"src.tar.zst", zst, true, "src.tar.zst", ""},
		{"src.tgz", gz, true, "src.tgz", ""},
		{"all.zip.gz", gz, true, "all.zip.gz", ""},
		{"dump.gz", gz, true, "dump.gz", ""},
		{"dump.br", "x", true, "dump.br", ""},
		{"a.js.gz.br", "x", true, "a.js.gz.br", ""},
	} {
		if inner, coding := media.Coding(c.name, []byte(c.head), c.beside); inner != c.inner || coding != c.coding {
			t.Errorf("%s is %q %q, want %q %q", c.name, inner, coding, c.inner, c.coding)
		}
	}
}

func TestTheListIsInOrder(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("types.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	if !slices.IsSorted(lines) || len(lines) < 1500 {
		t.Errorf("%d lines, sorted: %v", len(lines), slices.IsSorted(lines))
	}
	for _, line := range lines {
		var ext, kind, more string
		if n, _ := fmt.Sscan(line, &ext, &kind, &more); n != 2 || ext[0] != '.' || !strings.Contains(kind, "/") {
			t.Errorf("%q is not an extension and a type", line)
		}
	}
}
