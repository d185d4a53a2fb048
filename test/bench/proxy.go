//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Connections of the runs that ask for latency and for throughput.
const (
	alone   = 1
	crowded = 32
)

// server is one that answers the requests of a run; a path is per request.
type server struct {
	name string
	url  string
}

// proxies compares the local target's proxy with nginx: the same files, the same
// process behind both.
func (b *bench) proxies(p *page) error {
	p.say("### The local target's proxy\n")
	for _, program := range []string{"wrk", "nginx"} {
		if _, err := exec.LookPath(program); err != nil {
			p.say("Left out: %s is not installed here.\n", program)
			return nil
		}
	}
	dir := b.path("proxy")
	if err := b.proxyApp(dir); err != nil {
		return err
	}
	defer func() { _, _ = b.measure(command{dir, []string{b.falkirk(), "local", "down"}}) }() // the folder goes next
	ours, behind, err := b.ports(dir)
	if err != nil {
		return err
	}
	nginx, err := b.nginx(dir, behind)
	if err != nil {
		return err
	}
	defer nginx.stop()
	p.say("`wrk` on loopback, on the same cores as what it measures. nginx has a worker for each core, keeps its")
	p.say("connections to the process, sends files by `sendfile` and logs no access. Latency is that of one")
	p.say("connection, throughput that of %d. *Direct* asks the process with no proxy between.\n", crowded)
	falkirk := server{"falkirk", fmt.Sprintf("http://127.0.0.1:%d", ours)}
	other := server{"nginx", fmt.Sprintf("http://127.0.0.1:%d", nginx.port)}
	direct := server{"direct", fmt.Sprintf("http://127.0.0.1:%d", behind)}
	var rows [][]string
	answers := []struct {
		what, path string
		servers    []server
	}{
		{"process, 100 bytes", "/api/100", []server{direct, other, falkirk}},
		{"process, 64 KiB", "/api/65536", []server{direct, other, falkirk}},
		{"file, 2 KB", "/page.html", []server{other, falkirk}},
		{"file, 200 KB", "/media.bin", []server{other, falkirk}},
	}
	if b.size.answers > 0 {
		answers = answers[:b.size.answers]
	}
	for _, t := range answers {
		more, err := b.load(t.what, t.path, t.servers)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	p.table([]string{"Answer", "Server", "Latency p50", "p99", "Added p50", "Throughput, median", "Least – most"}, rows)
	return nil
}

// proxyApp makes an app of a site and a process and promotes it.
func (b *bench) proxyApp(dir string) error {
	m := newMaterial(4)
	for name, size := range map[string]int64{"index.html": 1000, "page.html": 2000, "media.bin": 200_000} {
		if err := m.write(dir+"/web/"+name, size, strings.HasSuffix(name, "bin")); err != nil {
			return err
		}
	}
	components := "  web:\n    site: {path: web}\n    target: {local: {}}\n" +
		"  api:\n    image: {binary: " + b.path("upstream") + "}\n    target: {local: {path: /api, isolation: none}}\n"
	if err := b.appFile(dir, components); err != nil {
		return err
	}
	for _, argv := range [][]string{{"pack", "--version", "1"}, {"train", "1", "--to", "dev"}} {
		if _, err := b.measure(command{dir, append([]string{b.falkirk()}, argv...)}); err != nil {
			return err
		}
	}
	return nil
}

// ports asks for the port of the proxy and that of the process.
func (b *bench) ports(dir string) (proxy, process int, err error) {
	cmd := exec.CommandContext(b.ctx, b.falkirk(), "local", "ps", "--output", "json")
	cmd.Dir = dir
	raw, err := cmd.Output()
	if err != nil {
		return 0, 0, err
	}
	var doc struct {
		Result []struct {
			ProxyPort, Port int
			Component       string
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return 0, 0, err
	}
	for _, r := range doc.Result {
		proxy = max(proxy, r.ProxyPort)
		if r.Component == "api" {
			process = r.Port
		}
	}
	if proxy == 0 || process == 0 {
		return 0, 0, fmt.Errorf("local ps does not say the ports: %s", raw)
	}
	return proxy, process, nil
}

// heard is what wrk says.
type heard struct {
	p50, p99 time.Duration
	rate     float64
}

// load asks all servers in turns and makes a row for each.
func (b *bench) load(what, path string, servers []server) ([][]string, error) {
	alones, crowds := make([][]heard, len(servers)), make([][]heard, len(servers))
	for range b.size.rounds {
		for i, s := range servers {
			fmt.Fprintf(os.Stderr, "bench: %s: %s\n", what, s.name)
			for n, list := range map[int]*[]heard{alone: &alones[i], crowded: &crowds[i]} {
				h, err := b.wrk(s.url+path, n)
				if err != nil {
					return nil, err
				}
				*list = append(*list, h)
			}
		}
	}
	var rows [][]string
	var least time.Duration
	for i, s := range servers {
		p50 := middle(alones[i], func(h heard) float64 { return float64(h.p50) })
		p99 := middle(alones[i], func(h heard) float64 { return float64(h.p99) })
		rate := func(h heard) float64 { return h.rate }
		added := "-"
		switch {
		case s.name == "direct":
			least = time.Duration(p50)
		case servers[0].name == "direct":
			added = micro(time.Duration(p50) - least)
		}
		rows = append(rows, []string{
			what, s.name, micro(time.Duration(p50)), micro(time.Duration(p99)), added,
			perSecond(middle(crowds[i], rate)), span(crowds[i], rate),
		})
	}
	return rows, nil
}

func (b *bench) wrk(url string, connections int) (heard, error) {
	threads := min(2, connections)
	cmd := exec.CommandContext(b.ctx, "wrk", "--latency", "-t", strconv.Itoa(threads), "-c", strconv.Itoa(connections),
		"-d", b.size.duration.String(), url)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return heard{}, fmt.Errorf("wrk %s: %w\n%s", url, err, out)
	}
	var h heard
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case words[0] == "50%":
			h.p50, err = time.ParseDuration(words[1])
		case words[0] == "99%":
			h.p99, err = time.ParseDuration(words[1])
		case words[0] == "Requests/sec:":
			h.rate, err = strconv.ParseFloat(words[1], 64)
		case words[0] == "Socket", words[0] == "Non-2xx":
			err = fmt.Errorf("%s", line)
		}
		if err != nil {
			return h, fmt.Errorf("wrk %s: %w", url, err)
		}
	}
	return h, nil
}

func sorted(all []heard, of func(heard) float64) []float64 {
	var list []float64
	for _, h := range all {
		list = append(list, of(h))
	}
	slices.Sort(list)
	return list
}

func middle(all []heard, of func(heard) float64) float64 {
	list := sorted(all, of)
	return list[len(list)/2]
}

func span(all []heard, of func(heard) float64) string {
	list := sorted(all, of)
	return perSecond(list[0]) + " – " + perSecond(list[len(list)-1])
}

func micro(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }

func perSecond(n float64) string { return fmt.Sprintf("%.0f/s", n) }
