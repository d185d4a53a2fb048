package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// everyCommand are the codes that every command can end with.
func everyCommand() []int { return []int{0, 1, 2, 130} }

// codesOf are all codes of a command; nil where it has no row.
func codesOf(command string) []int {
	own, known := ownCodes(command)
	if !known {
		return nil
	}
	all := slices.Concat(everyCommand(), own)
	slices.Sort(all)
	return all
}

// ownCodes are the codes that a command can end with beside those of every
// command. A command without a row is refused by a test, and each code of it is
// given by the real program in a test.
func ownCodes(command string) (codes []int, known bool) {
	switch command {
	case "blueprint", "calendar", "config check", "config show", "create", "create prd-configs", "delete", "demo", "fetch",
		"image inspect", "image ls", "local ps", "lock show", "logs", "plan show", "reference", "reference man",
		"schema", "version", "approvals", "release-hold", "unban", "stop", "sign-ledger", "releases", "doctor",
		"why":
		return nil, true
	case "apply":
		return []int{4, 6}, true
	case "approve", "reject", "hold", "ban", "create account", "create ecr-sync", "create sync-function", "delete ecr-sync",
		"delete sync-function", "image copy", "image tag", "init", "retire", "local down", "local up", "lock steal", "notices test", "pack", "resume", "sync":
		return []int{6}, true
	case "provision":
		return []int{fault.InUse, 6, 8}, true
	case "converge":
		return []int{4, fault.InUse, 6}, true
	case "diff":
		return []int{fault.Different}, true
	case "export":
		return []int{6}, true
	case "plan":
		return []int{6, 8}, true
	case "history", "verify":
		return []int{8}, true
	case "promote", "rollback", "train":
		return []int{3, 4, fault.InUse, 6, 8}, true
	case "prune":
		return []int{3, 6, 8}, true
	case "status":
		return []int{fault.InUse, fault.Different, 8, fault.Partial, fault.Unsettled, fault.Unknown}, true
	}
	return nil, false
}

const exitPageText = `
## What each command can end with

Every command can end with 0, 1, 2 and 130. A command that reaches a store, an account or a registry can also end
with 6 where access is denied, and one that reads the store with 8 where the store was changed. One that changes
an environment can end with 5 where another operation takes it over. apply and approve --continue can end with each code
of what they carry out. A test runs the real program into each code of this table, but for 9 and 11 of status, which a
test of the function gives:

| Command | Codes beside 0, 1, 2 and 130 |
| --- | --- |
`

// exitPage is docs/exit-codes.md.
func exitPage(w io.Writer, all []Command) {
	fmt.Fprint(w, "# Exit codes\n\nMade from the program by `make docs`.\n\n| Code | Name | Meaning |\n| --- | --- | --- |\n")
	for _, x := range fault.Exits() {
		ui.Fprintf(w, "| %d | %s | %s |\n", x.Code, x.Name, x.Meaning)
	}
	fmt.Fprint(w, exitPageText)
	for _, c := range all {
		var own []string
		for _, code := range c.Codes {
			if !slices.Contains(everyCommand(), code) {
				own = append(own, fmt.Sprint(code))
			}
		}
		if !c.hidden && len(own) > 0 {
			ui.Fprintf(w, "| `%s` | %s |\n", c.Path, strings.Join(own, ", "))
		}
	}
}
