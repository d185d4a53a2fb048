package ui

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"falkirk/internal/fault"
)

// CheckGiven refuses words that do not fit together or are empty. An empty word
// comes from a shell variable that is not set: --since "$ANCHOR" would prove
// nothing and end with success. No flag and no argument has a meaning for it.
func CheckGiven(c *cobra.Command, args []string) error {
	if c.DisableFlagParsing {
		return nil // its own words: completion asks with an empty one
	}
	for _, check := range []func() error{c.ValidateRequiredFlags, c.ValidateFlagGroups} {
		if err := check(); err != nil {
			return fault.Hint(fault.New(fault.Invalid, "%w", err), "%s --help", c.CommandPath())
		}
	}
	var err error
	c.Flags().Visit(func(fl *pflag.Flag) {
		if err == nil && isEmpty(fl.Value) {
			err = fault.New(fault.Invalid, "--%s has an empty value", fl.Name)
			err = fault.Hint(err, "give a value, or leave --%s out; a variable in it may not be set", fl.Name)
		}
	})
	if i := slices.Index(args, ""); err == nil && i >= 0 {
		err = fault.New(fault.Invalid, "argument %d of %s is empty", i+1, c.CommandPath())
		err = fault.Hint(err, "%s --help; a variable in it may not be set", c.CommandPath())
	}
	return err
}

// isEmpty reports whether a value that was given is empty, or has an empty part.
func isEmpty(v pflag.Value) bool {
	if list, ok := v.(pflag.SliceValue); ok {
		parts := list.GetSlice()
		return len(parts) == 0 || slices.Contains(parts, "")
	}
	return v.Type() == "string" && v.String() == ""
}
