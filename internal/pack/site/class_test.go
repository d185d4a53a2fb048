package site

import "testing"

func TestHashedNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"app.3f2a9c1b.js": true, "a/index-BkX9a_3z.js": true, "chunk.abc123def0.css": true,
		"app-5NBDQ2YG.js": true, "main.8f3e2b1c9d.chunk.js": true, "3f2a9c1b4d5e6f70.png": true,
		"_next/static/chunks/framework-64ad27b21261a9ce.js": true,

		"index.html": false, "report-20240131.pdf": false, "logo-Version2.png": false, "my-Component2-View.js": false,
		"photo-iPhone5s.jpg": false, "icon-MacBook2.png": false, "jquery-3.7.1.min.js": false, "deadbeef": false,
		"facade.js": false, "apple-touch-icon.png": false, "android-chrome-192x192.png": false, "favicon-32x32.png": false,
		"bundle.min.js": false, "song-MP3FILES.ogg": false, "v1.2.3.js": false, ".htaccess": false, "decadeds.js": false,
	} {
		if got := hashed(name); got != want {
			t.Errorf("hashed(%q) is %v", name, got)
		}
	}
}
