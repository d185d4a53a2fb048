package oci_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// shape lists a folder: files with content, links with target, folders.
func shape(t testing.TB, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		switch {
		case d.IsDir():
			got[rel] = "/"
		case d.Type()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			got[rel] = "-> " + to
			return err
		default:
			raw, err := os.ReadFile(p)
			got[rel] = string(raw)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func gz(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zst(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(b, nil)
}

func TestUnpackLaysOutLayers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		layers [][]byte
		want   map[string]string
	}{
		"plain, gzip and zstd": {
			[][]byte{layer(t, entry{name: "a", body: "1"}), gz(layer(t, entry{name: "./b", body: "2"})), zst(layer(t, entry{name: "/c", body: "3"}))},
			map[string]string{"a": "1", "b": "2", "c": "3"},
		},
		"whiteouts take files and folders of lower layers": {
			[][]byte{
				layer(t, entry{name: "d/x", body: "x"}, entry{name: "d/y", body: "y"}, entry{name: "e/f/z", body: "z"}),
				layer(t, entry{name: "d/.wh.x"}, entry{name: "e/.wh.f"}, entry{name: "no/.wh.thing"}, entry{name: ".wh..wh.plnk"}),
			},
			map[string]string{"d": "/", "d/y": "y", "e": "/"},
		},
		"an opaque folder hides what was below and keeps its own, in any order": {
			[][]byte{
				layer(t, entry{name: "d/old", body: "x"}, entry{name: "d/sub/old", body: "x"}),
				layer(t, entry{name: "d/"}, entry{name: "d/sub/new", body: "1"}, entry{name: "d/new", body: "2"}, entry{name: "d/.wh..wh..opq"}),
			},
			map[string]string{"d": "/", "d/new": "2", "d/sub": "/", "d/sub/new": "1"},
		},
		"a whiteout spares what its own layer wrote": {
			[][]byte{layer(t, entry{name: "a", body: "old"}), layer(t, entry{name: "a", body: "new"}, entry{name: ".wh.a"})},
			map[string]string{"a": "new"},
		},
		"a file takes the place of a folder, a folder that of a file": {
			[][]byte{layer(t, entry{name: "a/b/c", body: "x"}, entry{name: "f", body: "x"}), layer(t, entry{name: "a", body: "file"}, entry{name: "f/g", kind: tar.TypeReg, body: "y"})},
			nil,
		},
		"links are kept as they are": {
			[][]byte{layer(t, entry{name: "f", body: "x"}, entry{name: "s", link: "/etc/passwd"}, entry{name: "h", link: "=f"})},
			map[string]string{"f": "x", "s": "-> /etc/passwd", "h": "x"},
		},
		"a folder that is an absolute link is followed inside of the root": {
			[][]byte{layer(t, entry{name: "run/"}, entry{name: "var/run", link: "/run"}), layer(t, entry{name: "var/run/pid", body: "1"})},
			map[string]string{"run": "/", "run/pid": "1", "var": "/", "var/run": "-> /run"},
		},
		"a link upwards stops at the root": {
			[][]byte{layer(t, entry{name: "up", link: "../../../.."}, entry{name: "up/in", body: "1"})},
			map[string]string{"up": "-> ../../../..", "in": "1"},
		},
		"devices are left out": {
			[][]byte{layer(t, entry{name: "dev/null", kind: tar.TypeChar}, entry{name: "pipe", kind: tar.TypeFifo}, entry{name: "a", body: "1"})},
			map[string]string{"a": "1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, dir := newMemory(), filepath.Join(t.TempDir(), "root")
			config, err := oci.Unpack(t.Context(), m, m.image(t, c.layers...), "linux/amd64", dir)
			if c.want == nil {
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"/run"}, config.Entrypoint); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.want, shape(t, dir)); diff != "" {
				t.Errorf("root (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnpackRefusesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0", 1<<20)
	for name, c := range map[string]struct {
		layers [][]byte
		limits oci.Limits
		kind   fault.Kind
		says   string
	}{
		"dot dot":              {layers: [][]byte{layer(t, entry{name: "../evil", body: "x"})}, kind: fault.Invalid, says: "leaves the root"},
		"dot dot inside":       {layers: [][]byte{layer(t, entry{name: "a/../../evil", body: "x"})}, kind: fault.Invalid, says: "leaves the root"},
		"hard link outside":    {layers: [][]byte{layer(t, entry{name: "l", link: "=../../etc/passwd"})}, kind: fault.Invalid, says: "leaves the root"},
		"hard link absolute":   {layers: [][]byte{layer(t, entry{name: "l", link: "=/etc/passwd"})}, kind: fault.Invalid, says: "not there"},
		"whiteout of the root": {layers: [][]byte{layer(t, entry{name: ".wh..."})}, kind: fault.Invalid, says: "whiteout"},
		"link loop":            {layers: [][]byte{layer(t, entry{name: "a", link: "b"}, entry{name: "b", link: "a"}, entry{name: "a/x", body: "1"})}, kind: fault.Invalid, says: "too many links"},
		"the root is a file":   {layers: [][]byte{layer(t, entry{name: "./", kind: tar.TypeSymlink, link: "/etc"})}, kind: fault.Invalid, says: "root"},
		"no tar":               {layers: [][]byte{[]byte(big)}, kind: fault.Invalid, says: "not a tar archive"},
		"cut short":            {layers: [][]byte{gz(layer(t, entry{name: "a", body: big}))[:600]}, kind: fault.Internal, says: "unexpected EOF"},
		"too many entries":     {layers: [][]byte{layer(t, entry{name: "a"}, entry{name: "b"}, entry{name: "c"})}, limits: oci.Limits{Entries: 2}, kind: fault.Refused, says: "more than 2 entries"},
		"too many bytes":       {layers: [][]byte{layer(t, entry{name: "a", body: big}), layer(t, entry{name: "b", body: big})}, limits: oci.Limits{Bytes: 1<<21 - 1}, kind: fault.Refused, says: "bytes"},
		"a gzip bomb":          {layers: [][]byte{gz(layer(t, entry{name: "a", body: big}))}, limits: oci.Limits{Grace: 1 << 16}, kind: fault.Refused, says: "come out of"},
		"a zstd bomb":          {layers: [][]byte{zst(layer(t, entry{name: "a", body: big}))}, limits: oci.Limits{Grace: 1 << 16}, kind: fault.Refused, says: "come out of"},
		"a bomb after the end": {layers: [][]byte{gz(append(layer(t, entry{name: "a"}), make([]byte, 4<<20)...))}, limits: oci.Limits{Grace: 1 << 20}, kind: fault.Refused, says: "come out of"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, outer := newMemory(), t.TempDir()
			dir := filepath.Join(outer, "deep", "root")
			first := layer(t, entry{name: "before/x", body: "1"})
			_, err := oci.Unpacker{Limits: c.limits}.Unpack(t.Context(), m, m.image(t, append([][]byte{first}, c.layers...)...), "linux/amd64", dir)
			if err == nil || fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error is %v (%s), want one that says %q", err, fault.KindOf(err), c.says)
			}
			if diff := cmp.Diff(map[string]string{"deep": "/", filepath.Join("deep", "root"): "/"}, shape(t, outer)); diff != "" {
				t.Errorf("left behind (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnpackNoticesADamagedBlob(t *testing.T) {
	t.Parallel()
	m := newMemory()
	good := layer(t, entry{name: "a", body: "1"})
	digest := m.image(t, good)
	m.blobs[digestOf(good)] = layer(t, entry{name: "a", body: "2"})
	dir := t.TempDir()
	if _, err := oci.Unpack(t.Context(), m, digest, "linux/amd64", dir); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("error is %v", err)
	}
	if got := shape(t, dir); len(got) > 0 {
		t.Errorf("left behind %v", got)
	}
}

func TestUnpackWantsAnEmptyFolder(t *testing.T) {
	t.Parallel()
	m, dir := newMemory(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := oci.Unpack(t.Context(), m, m.image(t, layer(t, entry{name: "a"})), "linux/amd64", dir)
	if !fault.Is(err, fault.Conflict) {
		t.Fatalf("error is %v", err)
	}
	if diff := cmp.Diff(map[string]string{"mine": "x"}, shape(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestUnpackSetsModes(t *testing.T) {
	t.Parallel()
	m, dir := newMemory(), filepath.Join(t.TempDir(), "root")
	l := layer(t, entry{name: "ro/", mode: 0o555}, entry{name: "ro/tool", mode: 0o751, body: "x"}, entry{name: "tmp/", mode: 0o1777})
	over := layer(t, entry{name: "ro/more", mode: 0o400, body: "y"})
	if _, err := oci.Unpack(t.Context(), m, m.image(t, l, over), "linux/amd64", dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"ro": fs.ModeDir | 0o555, "ro/tool": 0o751, "ro/more": 0o400, "tmp": fs.ModeDir | fs.ModeSticky | 0o777,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %s, want %s", name, info.Mode(), want)
		}
	}
	_ = os.Chmod(filepath.Join(dir, "ro"), 0o755) // lets the test clean up
}

func FuzzUnpack(f *testing.F) {
	f.Add(layer(f, entry{name: "a/b", body: "x"}, entry{name: "l", link: "a"}, entry{name: "l/c", body: "y"}), layer(f, entry{name: "a/.wh..wh..opq"}))
	f.Add(layer(f, entry{name: "up", link: "../.."}, entry{name: "up/x", body: "1"}), gz(layer(f, entry{name: "h", link: "=up"})))
	f.Add(zst(layer(f, entry{name: "../x"})), []byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		m, outer := newMemory(), t.TempDir()
		dir := filepath.Join(outer, "deep", "root")
		u := oci.Unpacker{Limits: oci.Limits{Bytes: 1 << 20, Entries: 100, Grace: 1 << 20}}
		_, err := u.Unpack(t.Context(), m, m.image(t, a, b), "linux/amd64", dir)
		for name := range shape(t, outer) {
			if name != "deep" && !strings.HasPrefix(name, filepath.Join("deep", "root")) {
				t.Fatalf("wrote %q outside", name)
			}
		}
		if err != nil && len(shape(t, outer)) > 2 {
			t.Fatalf("left %v behind after %v", shape(t, outer), err)
		}
		_ = filepath.WalkDir(outer, func(p string, d fs.DirEntry, _ error) error { // lets the test clean up
			if d != nil && d.IsDir() {
				_ = os.Chmod(p, 0o755)
			}
			return nil
		})
	})
}
