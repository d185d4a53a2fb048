package registry

import (
	"net/url"
	"testing"
)

// The rule for every purpose, as a table: same origin, another port, a
// sub-domain, less security, more security.
func TestMayGo(t *testing.T) {
	t.Parallel()
	const no, bare, full = "refused", "without credentials", "with credentials"
	for _, c := range []struct{ from, to, read, realm, other string }{
		{"https://r.example", "https://r.example/x", full, full, full},
		{"https://r.example", "https://R.example:443/x", full, full, full},
		{"https://r.example", "https://r.example:8443/x", bare, full, no},
		{"https://r.example", "https://s.r.example/x", bare, full, no},
		{"https://r.example", "https://other.example/x", bare, full, no},
		{"https://r.example", "http://r.example/x", no, no, no},
		{"https://r.example", "http://other.example/x", no, no, no},
		{"http://127.0.0.1:5000", "http://127.0.0.1:5000/x", full, full, full},
		{"http://127.0.0.1:5000", "http://127.0.0.1:5001/x", bare, full, no},
		{"http://127.0.0.1:5000", "https://127.0.0.1:5000/x", bare, full, no},
		{"https://r.example", "https://u:p@r.example/x", no, no, no},
		{"https://r.example", "file:///etc/passwd", no, no, no},
		{"https://r.example", "https:///x", no, no, no},
	} {
		from, err := url.Parse(c.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(c.to)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []purpose{reading, writing, uploading, paging, realm, login} {
			want := map[purpose]string{reading: c.read, realm: c.realm}[p]
			if want == "" {
				want = c.other
			}
			got := no
			switch ok, err := mayGo(p, from, to); {
			case err != nil:
			case ok:
				got = full
			default:
				got = bare
			}
			if got != want {
				t.Errorf("%s from %s to %s is %s, and should be %s", p, c.from, c.to, got, want)
			}
		}
	}
}
