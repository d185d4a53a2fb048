package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"k8s.io/client-go/rest"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/eks"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/kube"
)

// findAccount finds the account of the cluster: by who reads, by the role that is
// taken there, by the ARN in kubeconfig, or by the credentials.
func (w *scheduling) findAccount(ctx context.Context) error {
	for _, arn := range w.named() {
		if a, ok := policy.ParseARN(arn); ok && w.account == "" {
			w.account = a.Account
		} else if arn != "" && !ok {
			return fault.New(fault.Invalid, "%q is not an ARN", arn)
		}
	}
	if w.account == "" && !w.asked.OnlySource {
		found, ok, err := kube.Find(w.question())
		if err != nil && !w.shows() && !w.asked.PrintPolicies {
			return err
		}
		if ok {
			w.account = found.Account
		}
	}
	if w.account == "" && (w.asked.NoAWS || w.shows() || w.asked.PrintPolicies && w.values.Own != "") {
		w.account = w.values.Own
		return nil
	}
	if w.account != "" || w.asked.NoAWS || w.shows() {
		return w.isOwn()
	}
	cfg, err := w.pool(delivery.Account{}, "").Config(ctx, "", w.values.Region)
	if err == nil {
		w.account, err = account.Whose(ctx, cfg)
	} else if !w.asked.PrintPolicies {
		return err
	}
	if err != nil && w.asked.PrintPolicies && ctx.Err() == nil {
		w.account = unknownAccount // the policies are printed without asking AWS
		return nil
	}
	if err != nil {
		return fault.Hint(fmt.Errorf("find out the cluster's account: %w", err), "log in to it (AWS_PROFILE), or name a role to take there with --as")
	}
	return w.isOwn()
}

// unknownAccount and unknownRole are in printed policies where AWS cannot be asked.
const unknownAccount, unknownRole = "CLUSTER-ACCOUNT", "NODE-ROLE"

// named are the ARNs that say in which account the cluster is.
func (w *scheduling) named() []string {
	all := append(slices.Clone(w.asked.Readers), w.asked.As)
	if w.asked.PrintPolicies {
		all = append(append(all, w.values.Role), w.values.NodeRoles...)
	}
	return all
}

// isOwn refuses the cluster of another account than the one that k9's file names.
func (w *scheduling) isOwn() error {
	if w.values.Own == "" || w.account == "" || w.values.Own == w.account || w.asked.OnlySource {
		return nil
	}
	err := fault.New(fault.Refused, "the cluster is in account %s, and %s says env.prd_account %s", w.account, w.valuesPath(), w.values.Own)
	return fault.Hint(err, "log in to account %s (AWS_PROFILE, --context), or correct the file", w.values.Own)
}

// shows reports whether the cluster is not asked.
func (w *scheduling) shows() bool { return w.asked.Print || w.asked.Into != "" }

func (w *scheduling) question() kube.Question {
	return kube.Question{Kubeconfig: w.asked.Kubeconfig, Context: w.asked.Context, Cluster: w.values.ClusterName, Region: w.values.Region}
}

// owner is the account of the app file with an ID, where it has a role.
func (w *scheduling) owner(id string) (delivery.Account, bool) {
	i := slices.IndexFunc(w.app.Accounts, func(a delivery.Account) bool { return a.ID == id && a.Role != "" })
	if i < 0 {
		return delivery.Account{}, false
	}
	return w.app.Accounts[i], true
}

// pool reaches one account: by its role, or with credentials as they are. It is
// made once.
func (w *scheduling) pool(one delivery.Account, profile string) *account.Pool {
	key := one.ID + " " + one.Role + " " + profile
	if w.pools[key] == nil {
		if w.pools == nil {
			w.pools = map[string]*account.Pool{}
		}
		w.pools[key] = account.New(account.Options{Accounts: []delivery.Account{one}, App: w.values.AppName, Actor: actor(), Profile: profile})
	}
	return w.pools[key]
}

// reach reaches an account; without a role only where the credentials are its
// own.
func (w *scheduling) reach(ctx context.Context, one delivery.Account, profile, region string) (aws.Config, error) {
	pool := w.pool(one, profile)
	if one.Role != "" {
		return pool.Config(ctx, one.Name, region)
	}
	cfg, err := pool.Config(ctx, "", region)
	if err != nil {
		return cfg, err
	}
	if w.whose == nil {
		w.whose = map[string]string{}
	}
	if w.whose[profile] == "" {
		if w.whose[profile], err = account.Whose(ctx, cfg); err != nil {
			return cfg, fmt.Errorf("ask whose the credentials are: %w", err)
		}
	}
	if got := w.whose[profile]; got != one.ID {
		return cfg, fault.New(fault.Refused, "the credentials at hand are of account %s, not of %s", got, one.ID)
	}
	return cfg, nil
}

// own reaches the cluster's account.
func (w *scheduling) own(ctx context.Context, region string) (aws.Config, error) {
	cfg, err := w.reach(ctx, delivery.Account{Name: "of the cluster", ID: w.account, Role: w.asked.As}, "", region)
	if fault.Is(err, fault.Refused) {
		err = fault.Hint(err, "log in as an administrator of account %s (AWS_PROFILE), or name a role to take there with --as", w.account)
	}
	return cfg, err
}

// source reaches the account that images come from: as flags say, or as the app
// file does.
func (w *scheduling) source(ctx context.Context, id, region string) (aws.Config, error) {
	one := delivery.Account{Name: "of the source", ID: id, Role: w.asked.SourceAs}
	if known, ok := w.owner(id); ok && w.asked.SourceAs == "" && w.asked.SourceProfile == "" {
		one = known
	}
	return w.reach(ctx, one, w.asked.SourceProfile, region)
}

// cluster logs in: by kubeconfig, or as EKS tells.
func (w *scheduling) cluster(ctx context.Context) (*kube.Client, error) {
	if w.loggedIn != nil {
		return w.loggedIn, nil
	}
	found, ok, err := kube.Find(w.question())
	if err != nil {
		return nil, err
	}
	config := found.Config
	if !ok {
		if config, err = w.direct(ctx); err != nil {
			return nil, err
		}
	}
	w.loggedIn, err = kube.New(config, w.values.ClusterName)
	return w.loggedIn, err
}

// direct logs in to a cluster that kubeconfig does not have.
func (w *scheduling) direct(ctx context.Context) (*rest.Config, error) {
	hint := fmt.Sprintf("aws eks update-kubeconfig --name %s --region %s, or name a context with --context", w.values.ClusterName, w.values.Region)
	if w.asked.NoAWS {
		return nil, fault.Hint(fault.New(fault.NotFound, "kubeconfig has no context of cluster %s", w.values.ClusterName), "%s", hint)
	}
	cfg, err := w.own(ctx, w.values.Region)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig has no context of cluster %s, and EKS cannot be asked: %w", w.values.ClusterName, err)
	}
	client := eks.New(cfg)
	about, err := client.Cluster(ctx, w.values.ClusterName)
	if err != nil {
		return nil, fault.Hint(fmt.Errorf("kubeconfig has no context of cluster %s: %w", w.values.ClusterName, err), "%s", hint)
	}
	return kube.Direct(about.Endpoint, about.CA, func(ctx context.Context) (string, error) {
		return client.Token(ctx, w.values.ClusterName)
	}), nil
}
