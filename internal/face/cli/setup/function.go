package setup

import (
	"context"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase/setup"
)

func createFunctionCmd(f *ui.Face) *cobra.Command {
	var r setup.FunctionRequest
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectWrites, "dry-run", "print", "into", "print-policies"),
		Use:         "sync-function [JOB]", Short: "Let a Lambda function copy images into its own account",
		Long: `Makes a Lambda function in the account that images go to, which runs falkirk sync: on
a schedule, and for each image that is pushed with a tag to the ECR that it copies from.
It is one stack, applied by a change set that is shown first: the function, of which one
run at a time is allowed, its role with what the named repositories take, its log, and a
queue of what was given up. In the account that images come from, a second stack tells of
pushes, and the repositories let the role read. Nothing outside can write there. The
function asks for falkirk stop --all and for bans in the store of the app file, or in
--store, before it writes; its role may read them.

The jobs are those under sync in the app file, only JOB, or those of a file (--jobs). The
program is that of a release (--zip falkirk_VERSION_lambda_arm64.zip), or this one where
it is static and for Linux; with its jobs it goes into a zip in a bucket of the function's
region. A run that takes longer than Lambda's 15 minutes ends before, as an error, and
Lambda itself goes on with it: what has arrived is not sent again.

It runs as an administrator of the function's account. Where the account is out of reach
that images come from, it says what has to be done there and makes nothing: repeat it with
--skip-source, and have who works there run the same with --only-source.`,
		Example: "  falkirk create sync-function --zip falkirk_1.4.0_lambda_arm64.zip --bucket prd-builds --source-profile nonprod\n  falkirk create sync-function images --print",
		Args:    ui.AtMostOne("JOB"), ValidArgsFunction: f.CompleteSyncs,
		RunE: func(cmd *cobra.Command, args []string) error { return function(f, cmd.Context(), r, args) },
	}
	functionFlags(f, cmd, &r)
	fl := cmd.Flags()
	fl.StringVar(&r.Zip, "zip", "", "zip of a release for Lambda (default: the program that runs)")
	fl.StringVar(&r.Bucket, "bucket", "", "bucket in the function's region for the zip (default: that of the store, where it is there)")
	fl.StringVar(&r.Schedule, "schedule", "rate(5 minutes)", "when: rate(...) or cron(...) as EventBridge has it, or none")
	fl.BoolVar(&r.NoPush, "no-push", false, "do not copy when something is pushed; the schedule alone")
	fl.IntVar(&r.Memory, "memory", 1024, "megabytes; Lambda gives processor and network in proportion")
	fl.StringVar(&r.Alarm, "alarm", "", "`ARN` of an SNS topic that is told when something was given up")
	fl.StringVar(&r.Boundary, "permissions-boundary", "", "`ARN` of the managed policy that bounds the role")
	fl.BoolVar(&r.Print, "print", false, "print the templates and policies of all accounts and ask nobody")
	return cmd
}

func deleteFunctionCmd(f *ui.Face) *cobra.Command {
	r := setup.FunctionRequest{Delete: true, Memory: 1024, Schedule: "rate(5 minutes)"}
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectWrites, "dry-run", "print", "into", "print-policies"),
		Use:         "sync-function [JOB]", Short: "Remove the Lambda function that copies images, and what was attached for it",
		Long: `Removes what falkirk create sync-function has made: the stacks, the zips in the bucket,
and the statements in the repositories that images come from. Images that were copied
stay, with their repositories. Running it again is no error.`,
		Example: "  falkirk delete sync-function --dry-run",
		Args:    ui.AtMostOne("JOB"), ValidArgsFunction: f.CompleteSyncs,
		RunE: func(cmd *cobra.Command, args []string) error { return function(f, cmd.Context(), r, args) },
	}
	functionFlags(f, cmd, &r)
	return cmd
}

// functionFlags are those of create and of delete.
func functionFlags(f *ui.Face, cmd *cobra.Command, r *setup.FunctionRequest) {
	fl := cmd.Flags()
	fl.StringVar(&r.Jobs, "jobs", "", "a file of jobs, in place of those in the app file")
	fl.StringVar(&r.Name, "name", "", "name of the function and its stack (default: falkirk-APP-sync, with JOB after it)")
	storeFlags(&r.Store, fl)
	fl.StringVar(&r.Region, "region", "", "AWS region of the function (default: that of the ECR that images go to)")
	fl.StringVar(&r.As, "as", "", "`ARN` of a role to take in the function's account (default: the starting credentials)")
	fl.StringVar(&r.SourceAs, "source-as", "", "`ARN` of a role to take in the account that images come from")
	fl.StringVar(&r.SourceProfile, "source-profile", "", "`profile` of the AWS configuration for the account that images come from")
	fl.BoolVar(&r.SkipSource, "skip-source", false, "leave the account that images come from and that of the store alone: somebody else prepares them")
	fl.BoolVar(&r.OnlySource, "only-source", false, "only what is to be done in the account that images come from and in that of the store")
	fl.BoolVar(&r.DryRun, "dry-run", false, "show what would be changed and change nothing")
}

func function(f *ui.Face, ctx context.Context, r setup.FunctionRequest, args []string) error {
	switch {
	case r.Print && r.DryRun:
		return fault.Hint(fault.New(fault.Invalid, "--print and --dry-run do not go together"), "leave one out")
	case r.SkipSource && r.OnlySource:
		return fault.Hint(fault.New(fault.Invalid, "--skip-source and --only-source do not go together"), "leave one out")
	}
	if len(args) == 1 {
		r.Job = args[0]
	}
	path, err := f.Path()
	switch {
	case err == nil:
		r.File = path
	case f.AppFile != "" || r.Jobs == "":
		return fault.Hint(err, "falkirk init makes an app file; --jobs FILE needs none")
	}
	r.Ask = func(one setup.Function) error { return agreeFunction(f, r, one) }
	r.Report = func(line string) {
		if !f.Quiet && !f.IsJSON() {
			ui.Fprintln(f.Err, line)
		}
	}
	done, err := f.Wiring.Function(ctx, r)
	f.Doc.Result = done
	if err != nil {
		if !f.IsJSON() {
			tellFunctionElsewhere(f, done)
		}
		return err
	}
	return f.Text(func() { printFunction(f, r, done) })
}

// agreeFunction asks whether a function is to be made or removed so.
func agreeFunction(f *ui.Face, r setup.FunctionRequest, one setup.Function) error {
	what := "the function " + one.Name + " in account " + one.Account
	return consent(f, makeOrRemove(r.Delete), what, one.Name, func() { ShowFunction(f, f.Err.Write, one) })
}
