//go:build unix

package main

// start measures how long a program takes that does next to nothing.
func (b *bench) start(p *page) error {
	all := []*contender{{name: "falkirk version", command: b.fixed(b.falkirk(), "version")}}
	for _, argv := range [][]string{
		{"git", "--version"}, {"umoci", "--version"}, {"buildah", "--version"}, {"python3", "-c", "pass"}, {"node", "-e", "0"},
	} {
		name := argv[0]
		for _, a := range argv[1:] {
			name += " " + a
		}
		all = append(all, &contender{name: name, needs: argv[0], command: b.fixed(argv...)})
	}
	if err := b.compete(b.size.many, all); err != nil {
		return err
	}
	p.say("### Start-up\n")
	var rows [][]string
	for _, c := range all {
		rows = append(rows, append([]string{"`" + c.name + "`"}, c.cells()...))
	}
	p.table([]string{"Program", "Median", "Fastest – slowest", "CPU", "Peak memory"}, rows)
	p.leftOut(all)
	return nil
}

func (b *bench) fixed(argv ...string) func() command {
	return func() command { return command{b.work, argv} }
}
