package app

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/k9"
	"falkirk/internal/usecase/setup"
)

// prdConfigs writes the files of production, as far as the app tells what is in
// them.
func prdConfigs(ctx context.Context, r setup.ConfigsRequest) ([]setup.ConfigFile, error) {
	files, err := guessConfigs(r.Folder, r.File)
	if err != nil {
		return nil, err
	}
	var out []setup.ConfigFile
	for _, f := range files {
		one := setup.ConfigFile{Path: filepath.Join(r.Folder, f.Name), Text: string(f.Text)}
		if !r.DryRun {
			state, err := k9.Write(r.Folder, f)
			if err != nil {
				return out, err
			}
			one.State = string(state)
			if state == k9.Made {
				fault.Wrote(ctx)
			}
		}
		if f.Name == k9.SyncValues {
			if one.Blanks, err = blanks(one, r.DryRun); err != nil {
				return out, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

func guessConfigs(folder, file string) ([]k9.File, error) {
	app, _, err := k9.ReadApp(folder)
	if err != nil {
		return nil, err
	}
	v := k9.Values{AppName: app.AppName}
	if file != "" {
		f, err := config.Open(file, settings(), os.LookupEnv)
		if err != nil {
			return nil, err
		}
		known(&v, f.App)
	}
	v.Region = cmp.Or(v.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	if v.AppName != "" {
		v.Namespace = "prd-" + strings.ToLower(v.AppName)
	}
	return k9.Configs(app, v)
}

// known fills in what an app file tells: where its images are pushed to, and the
// region of the last environment, which is production.
func known(v *k9.Values, a delivery.App) {
	v.AppName = cmp.Or(v.AppName, a.Name)
	for _, c := range a.Components {
		host, _ := builds(a, c.Name)
		host, _, _ = strings.Cut(host, "/")
		if id, _, ok := ecr.Registry(host); ok {
			v.Account = cmp.Or(v.Account, id)
		}
	}
	if n := len(a.Environments); n > 0 && len(a.Environments[n-1].Places) > 0 {
		v.Region = a.Environments[n-1].Places[0].Region
	}
}

// blanks are what the file that is there lacks; one that was kept may have been
// filled in.
func blanks(one setup.ConfigFile, dry bool) ([]setup.ConfigBlank, error) {
	v, err := k9.Parse([]byte(one.Text))
	if !dry {
		v, err = k9.Read(one.Path)
	}
	var out []setup.ConfigBlank
	for _, b := range v.Blanks() {
		out = append(out, setup.ConfigBlank(b))
	}
	return out, err
}
