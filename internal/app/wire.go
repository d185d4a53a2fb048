package app

import (
	"io"
	"os"
	"os/user"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode"

	"falkirk/internal/aws/partition"
	"falkirk/internal/blueprint/registrystack"
	"falkirk/internal/blueprint/sitestack"
	"falkirk/internal/config"
	"falkirk/internal/demo"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/guard"
	"falkirk/internal/imagesync"
	"falkirk/internal/regular"
	"falkirk/internal/target/local"
	"falkirk/internal/usecase/decide"
	"falkirk/internal/usecase/image"
	"falkirk/internal/usecase/inspect"
	"falkirk/internal/usecase/release"
	"falkirk/internal/usecase/setup"
)

// Commands under which Falkirk starts itself.
const (
	hiddenLocal = "local-process"
	hiddenGuard = "guard-process"
)

// guardCommand leads back to guard.Main in this program. On Linux /proc/self/exe
// does so also when the file of the program was replaced meanwhile.
func guardCommand() []string {
	const running = "/proc/self/exe"
	if _, err := os.Stat(running); err == nil {
		return []string{running, hiddenGuard}
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0] // started by it
	}
	return []string{self, hiddenGuard}
}

func wire() ui.Wiring {
	return ui.Wiring{
		Version:      buildVersion(),
		Kinds:        settings(),
		Open:         open,
		Files:        checkFiles,
		Reach:        openAccounts,
		Redact:       func(f *config.File) func(string) string { return newHider(f).Redact },
		Demo:         runDemo,
		Getenv:       os.LookupEnv,
		Now:          time.Now,
		Actor:        actor(),
		Nameless:     nameless(),
		Configs:      prdConfigs,
		Schedule:     setUpSync,
		Function:     setUpFunction,
		SigningKey:   signingKey,
		Decisions:    openDecisions,
		Jobs:         openJobs,
		JobDecisions: openJobDecisions,
		Blueprints: []setup.Blueprint{
			{Name: "site", Doc: "a private bucket, and the CloudFront distribution that serves it", Template: sitestack.Template()},
			{Name: "registry", Doc: "an ECR repository, encrypted and scanned", Template: registrystack.Template()},
		},
		Inspect: inspect.New(time.Now),
		Decide:  decide.New(assentOf),
		Release: release.New(func(path string, from io.Reader) error { return regular.Write(path, 0o644, from) }),
		Image:   image.New(openImages),
		Hidden: []ui.Hidden{
			{Name: hiddenLocal, Run: local.Main},
			{Name: hiddenGuard, Run: guard.Main},
			{Name: demo.Service, Run: demo.Serve},
		},
	}
}

// settings is every kind with the block that it reads in an app file.
func settings() config.Kinds {
	var k config.Kinds
	for _, c := range components() {
		k.Components = append(k.Components, c.Kind)
	}
	for _, t := range targets() {
		k.Targets = append(k.Targets, t.Kind)
	}
	for _, g := range gates() {
		k.Gates = append(k.Gates, g.Kind)
		if g.hook {
			k.Hooks = append(k.Hooks, g.Kind)
		}
	}
	for _, c := range channels() {
		k.Notices = append(k.Notices, c.Kind)
	}
	k.Partition = func(region string) (string, bool) { return partition.Of(region), partition.IsRegion(region) }
	k.Sync = config.Kind{
		Name: imagesync.Kind, Doc: "Images that are kept in another registry too, by `falkirk sync`.",
		New: func() any { s := imagesync.Defaults(); return &s },
	}
	return k
}

// version is what the build knows of itself.
func buildVersion() ui.Version {
	v := ui.Version{Version: "dev"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if m := info.Main.Version; m != "" && m != "(devel)" {
		v.Version = m
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// actor is who asks, on one line: what FALKIRK_ACTOR says, else the CI job's starter, else
// the Lambda function, else the login and the machine.
func actor() string {
	for _, name := range []string{"FALKIRK_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CODEBUILD_INITIATOR"} {
		if v := nameIn(name); v != "" {
			return v
		}
	}
	if name := nameIn("AWS_LAMBDA_FUNCTION_NAME"); name != "" {
		return "lambda/" + name
	}
	name, _ := userName()
	host, err := os.Hostname()
	if err != nil || host == "" {
		return name
	}
	return name + "@" + host
}

// nameIn is a name in a variable, on one line; "" where it has nothing that can be
// seen.
func nameIn(variable string) string {
	v := strings.Join(strings.Fields(os.Getenv(variable)), " ")
	if strings.TrimFunc(v, isUnseen) == "" {
		return ""
	}
	return v
}

// isUnseen tells blanks, marks of direction and the like.
func isUnseen(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }

// userName is the name of the user, else the number (false): in a container a user
// often has no name, no home and no group.
func userName() (string, bool) {
	if name := nameIn("USER"); name != "" {
		return name, true
	}
	if u, err := user.Current(); err == nil && u.Username != "" && u.Username != u.Uid {
		return u.Username, true
	}
	if uid := os.Getuid(); uid >= 0 {
		return "uid-" + strconv.Itoa(uid), false
	}
	return "unknown", false
}

// nameless reports whether the actor is only a number.
func nameless() bool {
	name, named := userName()
	return !named && strings.HasPrefix(actor(), name)
}
