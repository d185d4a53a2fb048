package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/syncsetup"
	"falkirk/internal/blueprint/syncjob"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/imagesync/jobfile"
	"falkirk/internal/k9"
	"falkirk/internal/kube"
	"falkirk/internal/usecase/setup"
)

// scheduling is one run of create or delete ecr-sync.
type scheduling struct {
	asked    setup.ScheduleRequest
	values   k9.Values // with what flags say in the place of what the file says
	app      delivery.App
	job      imagesync.Settings
	account  string // 12 digits, of the cluster; "" until it is known
	store    jobfile.Store
	pools    map[string]*account.Pool
	whose    map[string]string // the account of credentials, by profile
	loggedIn *kube.Client
}

// readSync reads the values file, the job and the flags.
func readSync(r setup.ScheduleRequest) (*scheduling, error) {
	w := &scheduling{asked: r}
	if r.File != "" {
		f, err := config.Open(r.File, settings(), os.LookupEnv)
		if err != nil {
			return nil, err
		}
		if err := f.App.Needs(delivery.BlockAccounts); err != nil {
			return nil, err
		}
		w.app = f.App
	}
	if err := w.readValues(); err != nil {
		return nil, err
	}
	w.overrule()
	if err := w.filled(); err != nil {
		return nil, err
	}
	return w, w.readJob()
}

// valuesPath is the file that was named, or the one that is here or beside the
// app file; "" if there is none.
func (w *scheduling) valuesPath() string {
	if w.asked.Values != "" {
		return w.asked.Values
	}
	for _, dir := range []string{"", w.app.Root} {
		path := filepath.Join(dir, k9.SyncValues)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
	return ""
}

// readValues reads the values file. One that is missing is made where it is
// needed, and then has to be filled in.
func (w *scheduling) readValues() error {
	path := w.valuesPath()
	if path != "" {
		var err error
		w.values, err = k9.Read(path)
		return err
	}
	if w.asked.Job != "" || w.asked.Delete || w.asked.Cluster != "" {
		return nil
	}
	if w.asked.DryRun || w.shows() || w.asked.PrintPolicies {
		return fault.Hint(fault.New(fault.NotFound, "there is no %s", k9.SyncValues), "falkirk create prd-configs writes one")
	}
	files, err := guessConfigs(w.app.Root, w.asked.File)
	if err != nil {
		return err
	}
	values := files[len(files)-1]
	if _, err := k9.Write(w.app.Root, values); err != nil {
		return err
	}
	made := filepath.Join(w.app.Root, values.Name)
	v, err := k9.Read(made)
	if err != nil {
		return err
	}
	err = fault.New(fault.Internal, "there was no %s; it is written now, and these values are missing: %s", k9.SyncValues, named(v.Blanks()))
	return fault.Hint(err, "edit %s, then repeat the command", made)
}

func named(blanks []k9.Blank) string {
	var all []string
	for _, b := range blanks {
		all = append(all, b.Key+" ("+b.What+")")
	}
	return strings.Join(all, "; ")
}

// overrule takes what flags say.
func (w *scheduling) overrule() {
	v, r := &w.values, w.asked
	v.ClusterName, v.Namespace, v.Region = cmp.Or(r.Cluster, v.ClusterName), cmp.Or(r.Namespace, v.Namespace), cmp.Or(r.Region, v.Region)
	v.Image, v.Schedule, v.Name = cmp.Or(r.Image, v.Image), cmp.Or(r.Schedule, v.Schedule, syncjob.Usual), cmp.Or(r.Name, v.Name)
	v.Identity, v.Role = cmp.Or(r.Identity, v.Identity), cmp.Or(r.Role, v.Role)
	if len(r.NodeRoles) > 0 {
		v.NodeRoles = r.NodeRoles
	}
	if v.Identity == "" {
		v.Identity = string(syncsetup.Node)
		if v.Role != "" {
			v.Identity = string(syncsetup.IRSA)
		}
	}
	v.AppName = cmp.Or(v.AppName, w.app.Name)
}

// filled refuses values that lack what is needed.
func (w *scheduling) filled() error {
	blanks := w.values.Blanks()
	if w.asked.Job != "" {
		blanks = slices.DeleteFunc(blanks, func(b k9.Blank) bool { return b.Key == "account" || b.Key == "env.np_account" })
	}
	where := cmp.Or(w.valuesPath(), k9.SyncValues)
	if len(blanks) > 0 {
		err := fault.New(fault.Invalid, "%s is not filled in: %s", where, named(blanks))
		return fault.Hint(err, "edit %s, then repeat the command", where)
	}
	if w.values.Image == "" && !w.asked.Delete && !w.asked.OnlySource && !w.asked.PrintPolicies {
		err := fault.New(fault.Invalid, "no image is named that the pod is to run")
		return fault.Hint(err, "push falkirk's image (falkirk_VERSION_image.tar of a release) to a registry that the cluster may pull from, then name it with --image or image in %s", where)
	}
	return nil
}

// readJob finds what is copied: the job of the app file, or as k9 has it.
func (w *scheduling) readJob() error {
	if w.asked.Job == "" {
		w.job, _ = imagesync.FromK9(w.values) // what it needs is there: filled has looked
		return nil
	}
	i := slices.IndexFunc(w.app.Syncs, func(s delivery.SyncSetting) bool { return s.Name == w.asked.Job })
	if i < 0 {
		var names []string
		for _, s := range w.app.Syncs {
			names = append(names, s.Name)
		}
		err := fault.New(fault.NotFound, "no job %q in the block sync of %s", w.asked.Job, w.asked.File)
		return fault.Hint(err, "there are: %s", cmp.Or(strings.Join(names, ", "), "none"))
	}
	all, err := imagesync.Read(w.app.Syncs[i:i+1], nil)
	if err != nil {
		return err
	}
	w.job, err = all[0].WithKeys(keysIn(w.app.Root)) // files of keys are not in the pod
	return err
}

// request is what is to be set up, once it is known in which account.
func (w *scheduling) request(ctx context.Context) (syncsetup.Request, error) {
	if err := w.findAccount(ctx); err != nil {
		return syncsetup.Request{}, err
	}
	v := w.values
	w.job.Destination = cmp.Or(w.asked.Destination, w.job.Destination)
	pod := w.job
	pod.Account = "" // the pod works as itself
	raw, err := w.config(pod)
	if err != nil {
		return syncsetup.Request{}, err
	}
	r := syncsetup.Request{
		Job: syncsetup.Job{
			Source: w.job.Source, Destination: w.job.Destination, Repositories: w.job.Repositories,
			Make:  w.job.Make(),
			Never: w.job.Create.Never, Deletes: w.job.DeleteMissing,
		},
		Spec: syncjob.Spec{
			App: v.AppName, Name: cmp.Or(v.Name, syncjob.Name(v.AppName, w.asked.Job)), Namespace: v.Namespace, Image: v.Image, Schedule: v.Schedule,
			Config: string(raw), Region: v.Region, Cluster: v.ClusterName, Ports: ports(w.job.Source, w.job.Destination),
		},
		Identity: syncsetup.Identity(v.Identity), Role: v.Role, Nodes: v.NodeRoles, Account: w.account, Region: v.Region, Decided: w.store.By,
		NoAWS: w.asked.NoAWS, SkipSource: w.asked.SkipSource, Force: w.asked.Force,
	}
	if r.Identity == syncsetup.IRSA {
		r.Spec.Role = v.Role
	}
	return r, nil
}

// config is the file of jobs of the pod.
func (w *scheduling) config(pod imagesync.Settings) ([]byte, error) {
	if err := w.findStore(); err != nil {
		return nil, err
	}
	if w.asked.Delete || w.asked.OnlySource {
		return nil, nil // nobody reads it
	}
	decisions, err := w.store.Decisions(w.app)
	if err != nil {
		return nil, err
	}
	return jobfile.Write([]imagesync.Settings{pod}, decisions)
}

// findStore finds the store that the pod reads the stop and the bans from.
func (w *scheduling) findStore() error {
	asked := w.asked.Store
	if asked.URL != "" && asked.URL != jobfile.None {
		asked.App = cmp.Or(asked.App, w.app.Name, w.values.AppName)
	}
	var err error
	w.store, err = jobfile.Find(w.app, asked, nil, policy.Scope{Account: w.account, Region: w.values.Region})
	return err
}

// ports are those of registries that name one.
func ports(registries ...string) []int {
	var out []int
	for _, at := range registries {
		host, _ := imagesync.Split(at)
		var port int
		if _, err := fmt.Sscanf(host[strings.LastIndex(host, ":")+1:], "%d", &port); err == nil && strings.Contains(host, ":") {
			out = append(out, port)
		}
	}
	return out
}
