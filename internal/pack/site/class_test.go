package site

import "testing"

func TestHashedNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"app.3f2a9c1b.js": true, "a/index-BkX9a_3z.js": true, "chunk.abc123def0.css": true,
		"app-5NBDQ2YG.js": true, "main.8f3e2b1c9d.chunk.js": true, "3f2a9c1b4d5e6f70.png": true,
		"_next/static/chunks/framework-64ad27b21261a9ce.js": true,

		"cafe2024.jpg": false, "decade90.css": false, "menu-facade2024.pdf": false, "face2face.jpg": false, "2024feb02-news.jpg": false,
		"photo-550e8400-e29b-41d4-a716-446655440000.jpg": false, "3f2a9c1b-4d5e-4f60-8a7b-9c0d1e2f3a4b.png": false,
		"uracil-C4H4N2O2.svg": false, "clip-mp4_h264.mov": false, "lib-x86_64v3.wasm": false, "intro-iPhone12.png": false,
		"a/index-BkX9a_3z.js.gz": true, "logo.6ce24c58.svg": false, // a picture alone "a-3f2a9c1b4d5e6f70.pdf": true,
		"results-Q3FY2526.pdf": false, "datasheet-STM32F4x.pdf": false, "datasheet-ESP32C6F.pdf": false, "icon-MP4toMP3.svg": false, "compare-PS4toPS5.jpg": false,
		"swatch-ff00ff00.png": false, "swatch-1e90ffcc.png": false, "001a2b3c4d5e.cfg": false, "phone-001a2b3c4d5e.png": false, "chess-e2e4e7e5.svg": false,
		"logo.ff00ff00.svg": false, "track-01b02c03.mp3": false, "theme-ff00ff00.css": false, "driver-H264toH2.zip": false, "invoice-3f2a9c1b.pdf": false,
		"index.html": false, "report-20240131.pdf": false, "logo-Version2.png": false, "my-Component2-View.js": false,
		"photo-iPhone5s.jpg": false, "icon-MacBook2.png": false, "jquery-3.7.1.min.js": false, "deadbeef": false,
		"facade.js": false, "apple-touch-icon.png": false, "android-chrome-192x192.png": false, "favicon-32x32.png": false,
		"bundle.min.js": false, "song-MP3FILES.ogg": false, "v1.2.3.js": false, ".htaccess": false, "decadeds.js": false,
	} {
		if got := hashes(nil).hashed(name); got != want {
			t.Errorf("hashed(%q) is %v", name, got)
		}
	}
}

// A short hash of a picture counts where code beside it has one of the same form,
// and no file there has another form: a build made the folder.
func TestHashesOfPicturesBesideCode(t *testing.T) {
	t.Parallel()
	all := hashesOf([]string{
		"assets/index-BkX9a_3z.js", "assets/about-BfZ3kQ9a.js", "assets/logo-C397hTD6.png", "assets/PS-PS4toPS5.png", "img/icon-MP4toMP3.svg", "static/main-5NBDQ2YG.css", "static/ESP32C6F.png", "plain/app.js",
		"mixed/index-BkX9a_3z.js", "mixed/logo-C397hTD6.png", "mixed/logo.png", "p/index.6ce24c58.js", "p/logo.a1f04d7b.svg", "p/swatch.1e90ffcc.svg",
	})
	for name, want := range map[string]bool{
		"assets/logo-C397hTD6.png": true, "assets/PS-PS4toPS5.png": false, "assets/manual-C397hTD6.pdf": false, "assets/chip-5NBDQ2YG.png": false, "static/chip-5NBDQ2YG.png": false,
		"img/icon-MP4toMP3.svg": false, "plain/logo-C397hTD6.png": false, "mixed/logo-C397hTD6.png": false, "p/logo.a1f04d7b.svg": true, "p/swatch.1e90ffcc.svg": false,
	} {
		if got := all.hashed(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Names that people gave, beside hashes of all builds, in a folder that is a
// build's as far as its names say.
func TestNamesOfPeopleBesideHashes(t *testing.T) {
	t.Parallel()
	names := []string{
		"compare-PS4toPS5.jpg", "icon-MP4toMP3.svg", "map-A1toB2C3.png", "team-U17vsU19.jpg", "chess-e2e4e7e5.svg", "results-Q3FY2526.pdf", "datasheet-STM32F4x.pdf",
		"datasheet-ESP32C6F.pdf", "swatch-ff00ff00.png", "001a2b3c4d5e.cfg", "track-01b02c03.mp3", "swatch.ff00ff00.png", "chip-WD40EFRX.png", "sample-Al2O3Cr2.png",
	}
	builds := []string{"index-BfZ3kQ9a.js", "index-C397hTD6.js", "main-5NBDQ2YG.js", "chunk-C5JO3OR4.js", "app.6ce24c58.js", "main.8f3e2b1c9d.js", "app-3f2a9c1b4d5e.js"}
	for _, name := range names {
		for _, as := range []string{name, name[:len(name)-4] + ".js", name[:len(name)-4] + ".png", name[:len(name)-4] + ".css"} {
			for i := range builds {
				if hashesOf(append([]string{as}, builds[i])).hashed(as) || hashesOf(append([]string{as}, builds...)).hashed(as) {
					t.Errorf("%s counts as hashed beside %s", as, builds[i])
				}
			}
		}
	}
}
