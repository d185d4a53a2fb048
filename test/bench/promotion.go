//go:build unix

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// far is what is added to every request to stand for a network.
const far = 20 * time.Millisecond

// mover is one way to bring a site from the bucket of builds into another.
type mover struct {
	name, needs string
	rounds      int
	command     func(version int, to string) string // a line for the shell
	wrong       *string                             // what was wrong afterwards
}

// promotion moves a site between buckets on the server's side.
func (b *bench) promotion(p *page) error {
	dir := b.path("promotion")
	s, err := startCloud()
	if err != nil {
		return err
	}
	defer s.stop()
	restore := s.environment()
	defer restore()
	if err := b.builds(dir, s); err != nil {
		return err
	}
	p.say("### Promoting a site of %d objects from bucket to bucket\n", b.size.objects)
	p.say("An S3 in memory on the same cores (gofakes3). *Far* adds %s to every request. *1%%* replaces one object in a", far)
	p.say("hundred by one of another name and index.html; what is no longer needed is deleted in every row. *falkirk, target*")
	p.say("is the target alone, as the others are; *falkirk train* is the whole command, with ledger, way back and proof,")
	p.say("the store being in the bucket of builds.\n")
	all := b.movers(dir)
	for i := range all {
		all[i].wrong = new(string)
	}
	var rows [][]string
	for _, scenario := range []string{"empty target", "1%", "nothing to do"} {
		more, err := b.moveAll(s, scenario, all)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	// No memory: this process starts them, and the server's is in it.
	p.table([]string{"Scenario", "Program", "Median", "Fastest – slowest", "CPU", "Requests", "Far, median"}, rows)
	for _, m := range all {
		if why := b.lacks(m); why != "" {
			p.say("Left out: %s: %s.\n", m.name, why)
		}
		if *m.wrong != "" {
			p.say("Wrong afterwards: %s: %s.\n", m.name, *m.wrong)
		}
	}
	return nil
}

func (b *bench) lacks(m mover) string {
	if m.needs == "" || found(m.needs) {
		return ""
	}
	return m.needs + " is not installed here"
}

// movers are the programs, each tuned to be as quick as it can while it keeps
// headers.
func (b *bench) movers(dir string) []mover {
	self, falkirk := quoted(b.path("bench")), quoted(b.falkirk())
	return []mover{
		{name: "s5cmd sync", needs: "s5cmd", command: func(v int, to string) string {
			return fmt.Sprintf("s5cmd --log error sync --delete --metadata-directive COPY 's3://builds/%d/*' s3://%s/", v, to)
		}},
		{name: "rclone sync --checksum", needs: "rclone", command: func(v int, to string) string {
			return fmt.Sprintf("rclone sync --checksum --fast-list --transfers 64 --checkers 64 :s3:builds/%d :s3:%s", v, to)
		}},
		{name: "aws s3 sync", needs: "aws", rounds: 1, command: func(v int, to string) string {
			return fmt.Sprintf("aws s3 sync --only-show-errors --delete s3://builds/%d s3://%s", v, to)
		}},
		{name: "falkirk, target", command: func(v int, to string) string {
			return fmt.Sprintf("%s site %d %s", self, v, to)
		}},
		{name: "falkirk train", command: func(v int, to string) string {
			app := fmt.Sprintf("sed s/BUCKET/%s/ %s/falkirk.in >%s/%s.yml && ", to, dir, dir, to)
			run := fmt.Sprintf("%s -f %s/%s.yml ", falkirk, dir, to)
			if v == 1 {
				return app + run + "train 1 --to " + to
			}
			return run + "train 2 --to " + to + " && " + run + "prune " + to
		}},
	}
}

// moveAll lets all programs do a scenario in turns, near and far.
func (b *bench) moveAll(s *cloudServer, scenario string, all []mover) ([][]string, error) {
	var rows [][]string
	near, wide := make([]contender, len(all)), make([]contender, len(all))
	asked := make([]tally, len(all))
	for round := range b.size.moves {
		for i, m := range all {
			if b.lacks(m) != "" || m.rounds > 0 && round >= m.rounds {
				continue
			}
			for _, far := range []time.Duration{0, far} {
				if far > 0 && round > 0 {
					continue // once: it is long, and hardly differs
				}
				u, n, err := b.move(s, scenario, m, far)
				if err != nil {
					return nil, err
				}
				if far > 0 {
					wide[i].all = append(wide[i].all, u)
				} else {
					near[i].all, asked[i] = append(near[i].all, u), n
				}
			}
		}
	}
	for i, m := range all {
		if len(near[i].all) > 0 {
			rows = append(rows, slices.Concat([]string{scenario, m.name}, near[i].cells()[:3], []string{asked[i].String(), seconds(wide[i].median().wall)}))
		}
	}
	return rows, nil
}

// move is one run of a program in a bucket of its own, brought to where the
// scenario begins by the same program. What came of it is looked at.
func (b *bench) move(s *cloudServer, scenario string, m mover, far time.Duration) (usage, tally, error) {
	fmt.Fprintf(os.Stderr, "bench: %s: %s, %s\n", scenario, m.name, cmp.Or(far.String(), "near"))
	to, err := s.bucket()
	if err != nil {
		return usage{}, nil, err
	}
	defer s.drop(to)
	versions := map[string][]int{"empty target": {1}, "1%": {1, 2}, "nothing to do": {1, 2, 2}}[scenario]
	for _, v := range versions[:len(versions)-1] {
		if _, err := b.measure(shell(b.work, m.command(v, to))); err != nil {
			return usage{}, nil, err
		}
	}
	last := versions[len(versions)-1]
	s.begin(far)
	u, err := b.measure(shell(b.work, m.command(last, to)))
	n := s.end()
	if err != nil {
		return u, n, err
	}
	if err := s.check(b.path("promotion", strconv.Itoa(last)), to); err != nil {
		if m.needs == "" {
			return u, n, err // ours
		}
		*m.wrong = err.Error()
	}
	return u, n, nil
}

// builds makes two builds of a site and puts them into the bucket of builds: as
// folders, and as releases.
func (b *bench) builds(dir string, s *cloudServer) error {
	for v := 1; v <= 2; v++ {
		if err := b.build(filepath.Join(dir, strconv.Itoa(v)), v); err != nil {
			return err
		}
		if err := s.upload(filepath.Join(dir, strconv.Itoa(v)), strconv.Itoa(v)); err != nil {
			return err
		}
	}
	const app = "app: bench\nstore: s3://builds/store\ncomponents:\n  web:\n    site: {path: '%s'}\n" +
		"environments:\n  - name: BUCKET\n    keep: 0\n    regions: [{name: us-east-1, target: {site: {bucket: BUCKET}}}]\n"
	for v := 1; v <= 2; v++ {
		file := filepath.Join(dir, fmt.Sprintf("pack%d.yml", v))
		text := strings.ReplaceAll(fmt.Sprintf(app, strconv.Itoa(v)), "BUCKET", "env-x")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		if _, err := b.measure(command{dir, []string{b.falkirk(), "-f", file, "pack", "--version", strconv.Itoa(v)}}); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "falkirk.in"), fmt.Appendf(nil, app, "1"), 0o600)
}

// build is a site as bundlers make it: one page, and files whose names change
// with their content. One in a hundred is another one in the second build.
func (b *bench) build(at string, version int) error {
	m, other := newMaterial(11), newMaterial(12)
	if err := other.write(filepath.Join(at, "index.html"), int64(1000+version), false); err != nil {
		return err
	}
	large := min(20, b.size.objects/10)
	for i := range b.size.objects - large - 1 {
		name := func(hash int) string {
			return filepath.Join(at, fmt.Sprintf("assets/%02d/chunk-%04d.%08x.js", i%50, i, hash))
		}
		size, hash := int64(200+m.pick.IntN(7600)), 0x1a2b3c4d+i
		err := m.write(name(hash), size, false)
		if i%100 == 7 && version == 2 {
			err = errors.Join(err, os.Remove(name(hash)), other.write(name(hash+0x5000000), size, false))
		}
		if err != nil {
			return err
		}
	}
	for i := range large {
		if err := m.write(filepath.Join(at, fmt.Sprintf("media/film-%02d.0a1b2c3d.mp4", i)), int64(1+i%6)<<20, true); err != nil {
			return err
		}
	}
	return nil
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
