package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/project"
)

func (f *face) demoCmd() *cobra.Command {
	var req project.DemoRequest
	cmd := &cobra.Command{
		Annotations: does(EffectMachine),
		Use:         "demo", Short: "Watch a release live: pack, upgrade under load, a bad release caught, rollback, prune",
		Long: `Makes a small app of a web page and an HTTP service in a folder that it names,
and takes it through its life on this machine, with HTTP traffic running all the
time. It needs nothing but this program, and stops all that it started, unless
--keep is given.`,
		Args: exactly(0, "no arguments"), GroupID: "app",
		RunE: func(cmd *cobra.Command, _ []string) error { return f.demo(cmd.Context(), req) },
	}
	cmd.Flags().BoolVar(&req.Keep, "keep", false, "leave everything running at the end")
	cmd.Flags().StringVar(&req.Folder, "folder", "", "make the app in this folder, which must be empty or not exist (default: a new temporary one)")
	return cmd
}

func (f *face) demo(ctx context.Context, req project.DemoRequest) error {
	show := f.lines(false)
	defer show.close()
	req.Report = show.report
	req.Say = func(text string) {
		if !f.isJSON() {
			fprintln(f.Out, block(text))
		}
	}
	req.Plan = func(app *usecase.App, r engine.Request) error {
		plan, digest, err := app.Engine.Preview(ctx, r)
		if err != nil {
			return err
		}
		return f.text(func() { f.printPlan(plan, digest) })
	}
	req.Packed = func(r delivery.Release) { _ = f.text(func() { f.printRelease(r) }) }
	report, err := f.Demo(ctx, req)
	show.close()
	f.doc.Result = report
	if err != nil {
		return err
	}
	return f.text(func() { f.printDemo(report) })
}

func (f *face) printDemo(r project.DemoReport) {
	fprintln(f.Out)
	f.printStatus(r.Environments, false, nil)
	fprintf(f.Out, "\n%s %d requests served while releases came and went, %d failed; rollback in %d ms; %s in all\n",
		f.paint(green, "done:"), r.Requests.Served, r.Requests.Failed, r.RollbackMS, took(time.Duration(r.TookMS)*time.Millisecond))
	if r.Running {
		fprintf(f.Out, "It is still running. Look around in %s (falkirk status), and end it there with: falkirk local down --yes\n", r.Folder)
	}
}
