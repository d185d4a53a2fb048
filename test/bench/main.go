//go:build unix

// Command bench runs the programs of others beside ours, in the same rounds on
// the same input, and prints what it measured as Markdown.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 3 && args[0] == "ledger" { // by itself, so that its memory is not that of what is measured
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return writeLedger(ctx, args[1], n)
	}
	if len(args) == 3 && args[0] == "site" { // by itself, as the programs beside it
		return moveSite(ctx, args[1], args[2])
	}
	if len(args) == 4 && args[0] == "images" {
		repositories, err := strconv.Atoi(args[2])
		tags, other := strconv.Atoi(args[3])
		if err := errors.Join(err, other); err != nil {
			return err
		}
		return writeImages(ctx, args[1], repositories, tags)
	}
	if len(args) > 2 && args[0] == "measured" {
		return measured(ctx, args[1], args[2:])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	work := flags.String("work", "", "an empty folder; falkirk and upstream are in it")
	out := flags.String("out", "", "the page to write into; else it is printed only")
	only := flags.String("only", "", "one section: "+sectionNames())
	tiny := flags.Bool("tiny", false, "one round on next to nothing, to see that it works")
	rounds := flags.Int("rounds", 0, "how often each program runs; 0 is as often as is good for each")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *work == "" {
		return errors.New("-work is missing")
	}
	folder, err := filepath.Abs(*work)
	if err != nil {
		return err
	}
	b := &bench{ctx: ctx, work: folder, size: full()}
	if *tiny {
		b.size = next2nothing()
	}
	if *rounds > 0 {
		b.size.rounds, b.size.many, b.size.moves = *rounds, *rounds, *rounds
	}
	page, err := b.page(*only)
	if err != nil {
		return err
	}
	fmt.Print(page)
	if *out == "" {
		return nil
	}
	return insert(*out, page)
}

// The lines of a page between which the tables stand.
const (
	begins = "<!-- bench: from here on written by make bench -->\n"
	ends   = "<!-- bench: to here -->\n"
)

// insert puts the tables into a page that has a place for them, or makes a page
// of them.
func insert(file, tables string) error {
	raw, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	before, rest, found := strings.Cut(string(raw), begins)
	_, after, whole := strings.Cut(rest, ends)
	if found && whole {
		tables = before + begins + "\n" + strings.TrimSpace(tables) + "\n\n" + ends + after
	}
	return os.WriteFile(file, []byte(tables), 0o644)
}

// section is a part of the page.
type section struct {
	name  string
	write func(*bench, *page) error
}

func sections() []section {
	return []section{
		{"packing", (*bench).packing},
		{"start", (*bench).start},
		{"ledger", (*bench).ledgers},
		{"proxy", (*bench).proxies},
		{"promotion", (*bench).promotion},
		{"stacks", (*bench).stacks},
		{"images", (*bench).images},
	}
}

func sectionNames() string {
	var all string
	for i, s := range sections() {
		if i > 0 {
			all += ", "
		}
		all += s.name
	}
	return all
}
