package ui

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// Effect says what a command may change. Every command has one in its
// definition; a test refuses a command without.
type Effect = usecase.Effect

// The effects.
const (
	EffectReads   = usecase.Reads
	EffectMachine = usecase.Machine
	EffectDecides = usecase.Decides
	EffectRun     = usecase.Runs
	EffectWrites  = usecase.Writes
)

const effectKey, unlessKey, storeKey, casesKey = "falkirk/effect", "falkirk/unless", "falkirk/store", "falkirk/cases"

// Does is the annotation of a command. With one of the flags it changes nothing.
func Does(e Effect, unless ...string) map[string]string {
	return map[string]string{effectKey: string(e), unlessKey: strings.Join(unless, " ")}
}

// Asks is the annotation of a command that asks for use cases. The first one says
// what the command changes; each asks itself whether it may.
func Asks(first usecase.Entry, more ...usecase.Entry) map[string]string {
	names := []string{first.Name}
	for _, e := range more {
		names = append(names, e.Name)
	}
	return map[string]string{effectKey: string(first.Effect), casesKey: strings.Join(names, " ")}
}

// WritingFiles marks the annotations of a command whose use case only reads, and
// that can write files of this machine itself.
func WritingFiles(notes map[string]string) map[string]string {
	notes[effectKey] = string(EffectMachine)
	return notes
}

// CasesOf are the names of the use cases that a command asks for.
func CasesOf(c *cobra.Command) []string { return strings.Fields(c.Annotations[casesKey]) }

// EffectOf is the effect of a command; "" where its definition says none.
func EffectOf(c *cobra.Command) Effect { return Effect(c.Annotations[effectKey]) }

// AskRules asks whether a command may write, before it does anything. What people
// decided is kept for the work itself, which asks again.
func (f *Face) AskRules(c *cobra.Command) error {
	if e := EffectOf(c); f.Nameless && !f.Quiet && (e == EffectRun || e == EffectDecides || e == EffectWrites) {
		Fprintf(f.Err, "note: this user has no name, so the record says %s; set FALKIRK_ACTOR to say who this is\n", f.Actor)
	}
	if EffectOf(c) != EffectWrites || len(CasesOf(c)) > 0 {
		return nil
	}
	for _, flag := range strings.Fields(c.Annotations[unlessKey]) {
		if fl := c.Flags().Lookup(flag); fl != nil && fl.Changed && fl.Value.String() != "false" {
			return nil
		}
	}
	people, err := f.decisions(c.Context())
	known := err == nil || fault.Is(err, fault.Invalid) // an app file that is wrong is said by its reader
	if err == nil {
		err = people.Ask(c.Context(), "")
		var unknown *engine.UnknownError
		known = !errors.As(err, &unknown)
	}
	if !known && makesStore(c) && !fault.Is(err, fault.Tampered) && c.Context().Err() == nil {
		Fprintln(f.Err, "note: the store cannot be read, so it is not known what people decided; this command makes what it needs")
		return nil
	}
	f.people = people
	return err
}

// makesStore reports whether a command makes the bucket and the role that the
// store is reached by: before it has run there is nowhere to read a decision.
func makesStore(c *cobra.Command) bool { return c.Annotations[storeKey] != "" }

// BeforeStore marks the annotations of such a command.
func BeforeStore(notes map[string]string) map[string]string {
	notes[storeKey] = "yes"
	return notes
}

// decisions are those of the app file, or where there is none those that a file
// of jobs names; nil where there is no store that a decision could be in.
func (f *Face) decisions(ctx context.Context) (*engine.Decisions, error) {
	path, err := f.Path()
	if fault.Is(err, fault.NotFound) {
		if jobs, ok := f.Getenv("FALKIRK_JOBS"); ok && jobs != "" {
			return f.JobDecisions(ctx, jobs)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := f.fits(config.Pinned(path)); err != nil {
		return nil, err
	}
	return f.Decisions(ctx, path)
}
