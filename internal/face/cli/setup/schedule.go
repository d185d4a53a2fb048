package setup

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/imagesync/jobfile"
	"falkirk/internal/usecase/setup"
)

// storeFlags name the store that a job which runs by itself reads decisions from.
func storeFlags(s *jobfile.StoreRequest, fl *pflag.FlagSet) {
	fl.StringVar(&s.URL, "store", "", "`URL` of the store whose stop and bans the job asks before it writes: s3://BUCKET/PREFIX, or none (default: store of the app file)")
	fl.StringVar(&s.App, "app", "", "`name` of the app in that store; with --store (default: app of the app file)")
}

func createSyncCmd(f *ui.Face) *cobra.Command {
	var r setup.ScheduleRequest
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectWrites, "dry-run", "print", "into", "print-policies"),
		Use:         "ecr-sync [JOB]", Short: "Let the production cluster copy images into its own account",
		Long: `Makes a CronJob in the production cluster that copies images out of another account's
registry into its own, with all that it needs: a service account, its configuration, a
network policy; what the role of the nodes, or the pod's own role, must be allowed; and
the statement by which the source's repository lets that role read. Nothing outside the
production account can write there, and no long-lived key exists.

What is copied, and where it runs, is in ecr-sync-values.yml beside the app file (see
falkirk create prd-configs); with JOB, what is copied is that job of the block sync. The
cluster is that of kubeconfig's context for clusterName, or is asked of EKS. The pod asks
for falkirk stop --all and for bans in the store of the app file, or in --store, before
it writes; its role may read them. Everything is looked at before the first change; running it again changes what differs. What others
wrote into policies or objects stays.

It runs as an administrator of the production account. Where the source's account is out
of reach, it says what has to be done there and makes nothing: who works there runs the
same with --only-source, and then it goes on with --skip-source.`,
		Example: "  falkirk create ecr-sync --dry-run\n  falkirk create ecr-sync --identity irsa --role arn:aws:iam::333333333333:role/ecr-sync --source-profile nonprod\n  falkirk create ecr-sync --print | kubectl apply -f -",
		Args:    ui.AtMostOne("JOB"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return schedule(f, cmd.Context(), r, args)
		},
	}
	scheduleFlags(f, cmd, &r)
	fl := cmd.Flags()
	fl.StringVar(&r.Image, "image", "", "image of falkirk that the pod runs (default: image of the values file)")
	fl.StringVar(&r.Schedule, "schedule", "", "when, as `cron` has it (default: every five minutes)")
	fl.BoolVar(&r.Force, "force-conflicts", false, "take over fields that others manage")
	fl.BoolVar(&r.Print, "print", false, "print the manifests for kubectl apply -f and change nothing")
	fl.StringVar(&r.Into, "into", "", "write the manifests into a `folder`, as a base for kustomize, and change nothing else")
	fl.BoolVar(&r.PrintPolicies, "print-policies", false, "print the policies of both accounts and change nothing")
	return cmd
}

// DeleteCmd is the command delete.
func DeleteCmd(f *ui.Face) *cobra.Command {
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectReads), Use: "delete", Short: "Remove what create has made", GroupID: "app",
	}
	cmd.AddCommand(deleteSyncCmd(f), deleteFunctionCmd(f))
	return cmd
}

func deleteSyncCmd(f *ui.Face) *cobra.Command {
	r := setup.ScheduleRequest{Delete: true}
	cmd := &cobra.Command{
		Annotations: ui.Does(ui.EffectWrites, "dry-run", "print", "into", "print-policies"),
		Use:         "ecr-sync [JOB]", Short: "Remove the CronJob that copies images, and what was attached for it",
		Long: `Removes exactly what falkirk create ecr-sync has made: the objects in the cluster that
have its labels, the policy in the roles, the statement in the source's repositories. So
the stacks of the cluster can be deleted. Images that were copied stay, with their
repositories. Running it again is no error.`,
		Example: "  falkirk delete ecr-sync --dry-run",
		Args:    ui.AtMostOne("JOB"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return schedule(f, cmd.Context(), r, args)
		},
	}
	scheduleFlags(f, cmd, &r)
	return cmd
}

// syncFlags are those of create and of delete.
func scheduleFlags(f *ui.Face, cmd *cobra.Command, r *setup.ScheduleRequest) {
	fl := cmd.Flags()
	fl.StringVar(&r.Values, "values", "", "the values file (default: ecr-sync-values.yml here or beside the app file)")
	fl.StringVar(&r.Cluster, "cluster", "", "name of the EKS cluster (default: clusterName of the values file)")
	fl.StringVarP(&r.Namespace, "namespace", "n", "", "namespace in the cluster (default: that of the values file)")
	fl.StringVar(&r.Region, "region", "", "AWS region of the cluster (default: that of the values file)")
	fl.StringVar(&r.Destination, "destination", "", "registry that images go to (default: ECR of the cluster's account in its region)")
	storeFlags(&r.Store, fl)
	fl.StringVar(&r.Name, "name", "", "name of the objects in the cluster (default: ecr-sync-APP)")
	fl.StringVar(&r.Identity, "identity", "", "as whom the pod works: node, irsa or pod-identity (default: node; with --role irsa)")
	fl.StringVar(&r.Role, "role", "", "`ARN` of the role that the service account stands for")
	fl.StringArrayVar(&r.NodeRoles, "node-role", nil, "`ARN` of a role of nodes that EKS does not know")
	fl.StringVar(&r.Kubeconfig, "kubeconfig", "", "kubeconfig `file` (default: $KUBECONFIG, or that of the home folder)")
	fl.StringVar(&r.Context, "context", "", "context of kubeconfig (default: that of the cluster)")
	fl.StringVar(&r.As, "as", "", "`ARN` of a role to take in the cluster's account (default: the starting credentials)")
	fl.StringVar(&r.SourceAs, "source-as", "", "`ARN` of a role to take in the account that images come from")
	fl.StringVar(&r.SourceProfile, "source-profile", "", "`profile` of the AWS configuration for the account that images come from")
	fl.BoolVar(&r.OnlySource, "only-source", false, "only the policies in the account that images come from and in that of the store, with --reader")
	fl.StringArrayVar(&r.Readers, "reader", nil, "`ARN` of a role that may read; with --only-source")
	fl.BoolVar(&r.SkipSource, "skip-source", false, "leave the account that images come from and that of the store alone: somebody else prepares them")
	fl.BoolVar(&r.NoAWS, "no-aws", false, "leave AWS alone: only the objects in the cluster")
	fl.BoolVar(&r.DryRun, "dry-run", false, "show what would be changed and change nothing")
}

func schedule(f *ui.Face, ctx context.Context, r setup.ScheduleRequest, args []string) error {
	if err := r.Check(); err != nil {
		return err
	}
	if len(args) == 1 {
		r.Job = args[0]
	}
	path, err := f.Path()
	switch {
	case err == nil:
		r.File = path
	case f.AppFile != "" || r.Job != "":
		return err
	}
	r.Ask = func(s setup.Schedule) error { return agreeSchedule(f, r, s) }
	done, err := f.Wiring.Schedule(ctx, r)
	f.Doc.Result = done
	if err != nil {
		if !f.IsJSON() {
			if r.DryRun {
				ShowSchedule(f, f.Out.Write, done)
			}
			tellElsewhere(f, done)
		}
		return err
	}
	return f.Text(func() { printSchedule(f, r, done) })
}

// agreeSchedule asks whether a schedule is to be made or removed so.
func agreeSchedule(f *ui.Face, r setup.ScheduleRequest, s setup.Schedule) error {
	what := "the sync " + s.Name + " in cluster " + s.Cluster
	return consent(f, makeOrRemove(r.Delete), what, s.Name, func() { ShowSchedule(f, f.Err.Write, s) })
}
