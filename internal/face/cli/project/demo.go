package project

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/project"
)

// DemoCmd is the command demo.
func DemoCmd(f *ui.Face) *cobra.Command {
	var req project.DemoRequest
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectMachine),
		Use:         "demo", Short: "Watch a release live: pack, upgrade under load, a bad release caught, rollback, prune",
		Long: `Makes a small app of a web page and an HTTP service in a folder that it names,
and takes it through its life on this machine, with HTTP traffic running all the
time. It needs nothing but this program, and stops all that it started, unless
--keep is given.`,
		Args: ui.Exactly(0, "no arguments"), GroupID: "app",
		RunE: func(cmd *cobra.Command, _ []string) error { return demo(f, cmd.Context(), req) },
	}
	cmd.Flags().BoolVar(&req.Keep, "keep", false, "leave everything running at the end")
	cmd.Flags().StringVar(&req.Folder, "folder", "", "make the app in this folder, which must be empty or not exist (default: a new temporary one)")
	return cmd
}

func demo(f *ui.Face, ctx context.Context, req project.DemoRequest) error {
	show := f.Lines(false)
	defer show.Close()
	req.Report = show.Report
	req.Say = func(text string) {
		if !f.IsJSON() {
			ui.Fprintln(f.Out, ui.Block(text))
		}
	}
	req.Plan = func(app *usecase.App, r engine.Request) error {
		plan, digest, err := app.Engine.Preview(ctx, r)
		if err != nil {
			return err
		}
		return f.Text(func() { f.PrintPlan(plan, digest) })
	}
	req.Packed = func(r delivery.Release) { _ = f.Text(func() { f.PrintRelease(r) }) }
	report, err := f.Demo(ctx, req)
	show.Close()
	f.Doc.Result = report
	if err != nil {
		return err
	}
	return f.Text(func() { printDemo(f, report) })
}

func printDemo(f *ui.Face, r project.DemoReport) {
	ui.Fprintln(f.Out)
	f.PrintStatus(r.Environments, false, nil)
	ui.Fprintf(f.Out, "\n%s %d requests served while releases came and went, %d failed; rollback in %d ms; %s in all\n",
		f.Paint(ui.Green, "done:"), r.Requests.Served, r.Requests.Failed, r.RollbackMS, ui.Took(time.Duration(r.TookMS)*time.Millisecond))
	if r.Running {
		ui.Fprintf(f.Out, "It is still running. Look around in %s (falkirk status), and end it there with: falkirk local down --yes\n", r.Folder)
	}
}
