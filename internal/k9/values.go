// Package k9 reads and writes the files that k9 keeps in the folder of an app,
// so that who comes from there goes on with what he has.
package k9

import (
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// The names of the files.
const (
	AppConfig    = "app-config.yml"
	PrdAppConfig = "prd-app-config.yml"
	SyncValues   = "ecr-sync-values.yml"
)

// Tag is what k9 copies.
const Tag = "test"

// Values is ecr-sync-values.yml: in the shape that k9 1.0.0 writes, with a mapping
// env, or in the flat shape that falkirk create prd-configs writes.
type Values struct {
	AppName     string // of the app, and of its repository; env.repo_name
	Region      string // of the cluster and of the registry there; env.prd_region
	Account     string // 12 digits: where the images come from; env.np_account
	ClusterName string // the EKS cluster that copies, in the account that they go to
	Namespace   string

	SourceRegion string // of the registry that the images come from; env.np_region; "": Region
	Own          string // 12 digits: the account of the cluster; env.prd_account; "": not said

	Image     string   // of the program that copies
	Schedule  string   // as cron has it
	Name      string   // of the objects in the cluster
	Identity  string   // node, irsa or pod-identity
	Role      string   // ARN
	NodeRoles []string // ARNs

	OfK9 bool // it is in the shape of k9
}

// K9Name is the name of k9's CronJob; k9Image that of the program in it, which is
// not Falkirk and needs the Docker socket of the node.
const (
	K9Name  = "ecr-sync"
	k9Image = "simoncomputing/ecr-sync"
)

// Blank is something that is to be filled in.
type Blank struct {
	Key  string `json:"key"`
	What string `json:"what"`
}

// accountShape is what an AWS account is called.
var accountShape = regexp.MustCompile(`^[0-9]{12}$`)

// Blanks are what copying needs and the file does not say.
func (v Values) Blanks() []Blank {
	var out []Blank
	for _, one := range []struct{ key, value, what string }{
		{v.key("appName"), v.AppName, "the app, and the name of its repository"},
		{v.key("region"), v.Region, "the AWS region of the cluster and of the registries"},
		{v.key("account"), v.Account, "the 12 digits of the AWS account that the images come from (non-production)"},
		{"clusterName", v.ClusterName, "the production EKS cluster that copies"},
		{"namespace", v.Namespace, "the namespace in that cluster"},
	} {
		if one.value == "" {
			out = append(out, Blank{one.key, one.what})
		}
	}
	return out
}

// key is what a key of the flat shape is called in this file.
func (v Values) key(flat string) string {
	inEnv := map[string]string{"appName": "env.repo_name", "region": "env.prd_region", "account": "env.np_account"}
	if name, ok := inEnv[flat]; ok && v.OfK9 {
		return name
	}
	return flat
}

// mostText bounds the files of k9.
const mostText = 4 << 20

// Read reads ecr-sync-values.yml. Keys that nobody knows are refused.
func Read(path string) (Values, error) {
	raw, err := regular.Read(path, path, mostText)
	if errors.Is(err, fs.ErrNotExist) {
		return Values{}, fault.Hint(fault.New(fault.NotFound, "no file %s", path), "falkirk create prd-configs writes it")
	}
	if err != nil {
		return Values{}, fault.New(fault.Invalid, "read %s: %w", path, err)
	}
	v, err := Parse(raw)
	if err != nil {
		return v, unread(path, err)
	}
	return v, nil
}

// unread is the error of a file of k9 that cannot be read.
func unread(path string, cause error) error {
	return fault.Hint(fault.New(fault.Invalid, "%s: %w", path, cause), "correct %s, then repeat the command; falkirk create prd-configs --dry-run prints files that can be read", path)
}

// IsValues reports whether a file is ecr-sync-values.yml, whatever its name is.
func IsValues(path string) bool {
	raw, err := regular.Read(path, path, mostText)
	return filepath.Base(path) == SyncValues || err == nil && regexp.MustCompile(`(?m)^(appName:|env:\s*\n(\s*#.*\n)*\s+(repo_name|np_|prd_))`).Match(raw)
}
