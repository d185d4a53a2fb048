package decide

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/quote"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// Exported is one approval or rejection, and where it was written to.
type Exported struct {
	decide.Recorded
	Files string `json:"files,omitempty"` // what --export wrote: this with .txt, and with .sig where it is signed
}

// ApprovalsCmd is the command approvals.
func ApprovalsCmd(f *ui.Face) *cobra.Command {
	var export string
	cmd := &cobra.Command{
		Annotations: ui.WritingFiles(ui.Asks(f.Decide.Approvals.Entry())),
		Use:         "approvals [ENVIRONMENT]", Short: "Who approved or rejected which plan, and how to check it without falkirk",
		Long: `Lists every approval and rejection in the ledgers, oldest first. With --export each
is written as the text that it says and, where it is signed, its signature, so that
ssh-keygen -Y verify can check them without falkirk.`,
		Example: "  falkirk approvals prd --export audit",
		Args:    ui.AtMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			recorded, err := usecase.Do(cmd.Context(), f.Call(), f.Decide.Approvals, decide.ApprovalsQuery{Environment: strings.Join(args, "")})
			all := []Exported{}
			for _, r := range recorded {
				all = append(all, Exported{Recorded: r})
			}
			if err == nil && export != "" {
				err = exportTo(cmd.Context(), export, all)
			}
			f.Doc.Result = all
			if err != nil {
				return err
			}
			return f.Text(func() { PrintApprovals(f, all) })
		},
	}
	cmd.Flags().StringVar(&export, "export", "", "write each as a text and a signature into this `FOLDER`")
	return cmd
}

// exportTo writes what can be checked without falkirk. Repeating it writes the
// same files.
func exportTo(ctx context.Context, dir string, all []Exported) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fault.New(fault.Invalid, "export the approvals: %w", err)
	}
	for i, a := range all {
		all[i].Files = filepath.Join(dir, fileName(a.Signed))
		err := os.WriteFile(all[i].Files+".txt", []byte(a.Message), 0o666)
		if err == nil {
			fault.Wrote(ctx)
		}
		if err == nil && a.Signature != "" {
			err = os.WriteFile(all[i].Files+".sig", []byte(a.Signature), 0o666)
		}
		if err != nil {
			return fault.New(fault.Invalid, "export the approvals: %w", err)
		}
	}
	return nil
}

// fileName is unique: it has the ID of the operation that recorded the word.
func fileName(s delivery.Signed) string {
	name := strings.Join([]string{s.Environment, s.Version, s.By, s.Operation}, "-")
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("._-", r):
			return r
		}
		return '_'
	}, name), ".")
}

// PrintApprovals prints what waits and who may still approve.
func PrintApprovals(f *ui.Face, all []Exported) {
	if len(all) == 0 {
		ui.Fprintln(f.Out, "nobody has approved or rejected anything")
		return
	}
	rows := [][]string{{"WHEN", "ENVIRONMENT", "RELEASE", "PLAN", "WHO", "SAID", "SIGNED", "REASON"}}
	for _, a := range all {
		said, signed := "yes", "no"
		if a.Rejects {
			said = "no"
		}
		if a.Until != nil {
			said += " until " + ui.Moment(*a.Until)
		}
		if a.Signature != "" {
			signed = "yes"
		}
		rows = append(rows, []string{ui.Moment(a.At), a.Environment, ui.OrDash(plainly(a.Version)), plainly(ui.Short(a.Plan)), plainly(a.By), said, signed, ui.OrDash(plainly(a.Reason))})
	}
	ui.Table(f.Out, rows)
	for _, a := range all {
		if a.Files != "" && a.Signature != "" {
			ui.Fprintf(f.Out, "ssh-keygen -Y verify -f ALLOWED_SIGNERS -I %s -n %s -s %s < %s\n",
				quote.ShellWord(a.By), delivery.SignatureNamespace, quote.ShellWord(a.Files+".sig"), quote.ShellWord(a.Files+".txt"))
		}
	}
}

// plainly is what somebody wrote, without what would draw on a terminal.
func plainly(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)), " ")
}
