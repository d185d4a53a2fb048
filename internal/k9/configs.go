package k9

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"falkirk/internal/fault"
	"falkirk/internal/regular"
)

// App is app-config.yml, as far as the files of production follow from it.
type App struct {
	AppName     string       `yaml:"appName"`
	RootDomain  string       `yaml:"rootDomain,omitempty"`
	WebSite     bool         `yaml:"webSite,omitempty"`
	Deployments []Deployment `yaml:"deployments,omitempty"`
}

// Deployment is what runs in one cluster.
type Deployment struct {
	ClusterName  string          `yaml:"clusterName"`
	Environments []yaml.MapSlice `yaml:"environments"`
}

// ReadApp reads app-config.yml of a folder; false if there is none.
func ReadApp(dir string) (App, bool, error) {
	path := filepath.Join(dir, AppConfig)
	raw, err := regular.Read(path, path, mostText)
	if errors.Is(err, fs.ErrNotExist) {
		return App{}, false, nil
	}
	if err != nil {
		return App{}, false, fault.New(fault.Invalid, "read %s: %w", path, err)
	}
	if err := inUTF8(raw); err != nil {
		return App{}, false, unread(path, err)
	}
	var a App
	if err := yaml.Unmarshal(raw, &a); err != nil {
		return App{}, false, unread(path, err)
	}
	return a, true, nil
}

// File is one of the files of production.
type File struct {
	Name string
	Text []byte
}

// Configs are prd-app-config.yml and ecr-sync-values.yml for an app, with what is
// not known left to be filled in.
func Configs(a App, v Values) ([]File, error) {
	prd, err := prdApp(a, v)
	if err != nil {
		return nil, err
	}
	return []File{{PrdAppConfig, prd}, {SyncValues, syncValues(v)}}, nil
}

// prdApp is app-config.yml with one deployment: production, as the first
// environment of the app is.
func prdApp(a App, v Values) ([]byte, error) {
	env := yaml.MapSlice{{Key: "env", Value: "prd"}, {Key: "springActiveProfile", Value: "prd"}, {Key: "updateTag", Value: "prd"}}
	if len(a.Deployments) > 0 && len(a.Deployments[0].Environments) > 0 {
		for _, item := range a.Deployments[0].Environments[0] {
			switch item.Key {
			case "env", "springActiveProfile", "updateTag":
			default:
				env = append(env, item)
			}
		}
	}
	a.AppName = cmp.Or(a.AppName, v.AppName)
	a.Deployments = []Deployment{{ClusterName: v.ClusterName, Environments: []yaml.MapSlice{env}}}
	raw, err := yaml.MarshalWithOptions(a, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", PrdAppConfig, err)
	}
	text := "# The app in production, for k9 deploy … -prd. The sync of images does not read it.\n" + string(bytes.TrimSpace(raw)) + "\n"
	return []byte(text), nil
}

// syncValues says beside each value what it is.
func syncValues(v Values) []byte {
	var b bytes.Buffer
	b.WriteString("# Production copies the images of this app into its own registry: falkirk create ecr-sync\n")
	line := func(key, value, what string) {
		fmt.Fprintf(&b, "%s: %s # %s\n", key, quoted(value), what)
	}
	line("appName", v.AppName, "also the name of its repository")
	line("region", v.Region, "of the cluster and of the registries")
	line("account", v.Account, "12 digits: the AWS account that the images come from (non-production)")
	line("clusterName", v.ClusterName, "the production EKS cluster that copies")
	line("namespace", v.Namespace, "in that cluster")
	b.WriteString("\n# What may be left out or given as a flag:\n")
	for _, l := range []string{
		"image: 333333333333.dkr.ecr.eu-west-1.amazonaws.com/falkirk:1.0.0 # the program that copies, from a registry that the cluster may pull from",
		"schedule: \"*/5 * * * *\"",
		"identity: node # as whom the pod works: node, irsa or pod-identity",
		"role: arn:aws:iam::333333333333:role/ecr-sync # for irsa and pod-identity",
	} {
		b.WriteString("# " + l + "\n")
	}
	return b.Bytes()
}

// quoted is a value as YAML reads it as text.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// Written is what became of a file.
type Written string

// What can become of a file.
const (
	Made Written = "written"
	Same Written = "unchanged" // it is there with the same content
	Kept Written = "kept"      // it is there with another content, which is its owner's
)

// Write writes a file where it is not there yet.
func Write(dir string, f File) (Written, error) {
	path := filepath.Join(dir, f.Name)
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // for everybody who reads the repository
	if errors.Is(err, fs.ErrExist) {
		now, err := regular.Read(path, path, mostText)
		if err != nil {
			return "", fault.New(fault.Invalid, "read %s: %w", path, err)
		}
		if bytes.Equal(now, f.Text) {
			return Same, nil
		}
		return Kept, nil
	}
	if err != nil {
		return "", fault.New(fault.Invalid, "write %s: %w", path, err)
	}
	_, err = w.Write(f.Text)
	if err = errors.Join(err, w.Close()); err != nil {
		return "", fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return Made, nil
}
