package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// missing is, for each command that takes a name, a run of it with one that is
// not there. NOT is the name.
var missing = map[string][]string{
	"apply": {"apply NOT.json"}, "approvals": {"approvals NOT"}, "approve": {"approve NOT --yes"}, "ban": nil,
	"blueprint": {"blueprint NOT"}, "calendar": {"calendar NOT", "calendar --zone NOT"}, "config check": nil, "config show": nil,
	"converge": {"converge NOT"}, "create": nil, "create account": {"create account NOT --yes"},
	"create ecr-sync":      {"create ecr-sync NOT --yes", "create ecr-sync --values NOT.yml --yes"},
	"create prd-configs":   {"create prd-configs NOT/NOT"},
	"create sync-function": {"create sync-function NOT --yes", "create sync-function --jobs NOT.yml --yes"},
	"delete":               nil,
	"delete ecr-sync":      {"delete ecr-sync NOT --yes", "delete ecr-sync --values NOT.yml --yes"},
	"delete sync-function": {"delete sync-function NOT --yes"},
	"demo":                 nil, "diff": {"diff 1 NOT"},
	"doctor": {"doctor NOT"}, "export": {"export NOT --to dev", "export 1 --to NOT"}, "fetch": {"fetch NOT notes", "fetch 1 NOT"},
	"history": {"history NOT"}, "hold": {"hold NOT --reason x"},
	"image copy":    {"image copy --insecure HOST/builds/api:NOT HOST/copies/api:1", "image copy --insecure --account NOT HOST/builds/api:1 HOST/copies/api:1"},
	"image inspect": {"image inspect --insecure HOST/builds/api:NOT", "image inspect --insecure HOST/NOT:1"},
	"image ls":      {"image ls --insecure HOST/NOT"},
	"image tag":     {"image tag --insecure HOST/builds/api:NOT a", "image tag --insecure --list NOT", "image tag --insecure --list ONE", "image tag --insecure --list EMPTY"},
	"init":          {"init NOT/NOT"},
	"local down":    {"local down NOT"}, "local ps": {"local ps NOT"}, "local up": {"local up NOT"},
	"lock show": {"lock show NOT"}, "lock steal": {"lock steal NOT --reason x --yes"},
	"logs": {"logs NOT notes", "logs dev NOT"}, "notices test": {"notices test NOT"}, "pack": nil,
	"plan": {"plan NOT --to dev", "plan 1 --to NOT"}, "plan show": {"plan show NOT"},
	"promote":   {"promote NOT --to dev", "promote 1 --to NOT"},
	"provision": {"provision NOT --to dev", "provision 1 --to NOT"}, "prune": {"prune NOT"},
	"reference": {"reference NOT"}, "reference man": nil, "reject": {"reject NOT --reason x --yes"},
	"release-hold": {"release-hold NOT"}, "releases": {"releases NOT"}, "resume": {"resume NOT"},
	"retire":   {"retire NOT --reason x --yes", "retire dev/NOT --reason x --yes"},
	"rollback": {"rollback NOT", "rollback dev --to NOT"}, "schema": nil, "sign-ledger": {"sign-ledger NOT --reason x"},
	"status": {"status NOT"}, "stop": {"stop NOT --reason x"},
	"sync":  {"sync NOT", "sync --only NOT", "sync --jobs NOT.yml", "sync --last NOT", "sync --account NOT --source HOST/builds --destination HOST/copies --repository api --insecure"},
	"train": {"train NOT --to dev", "train 1 --to NOT"}, "unban": nil, "verify": {"verify NOT"}, "version": nil,
	"why": {"why NOT dev", "why 1 NOT"},
}

// TestANameThatIsNotThere: who names something exactly that is not there is told
// so by exit code 2, with the name, and nothing is changed. A ban is the exception:
// it is for a release that is packed later, too, and is warned of.
func TestANameThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.must(t, "pack --version 1")
	lists := map[string]string{"NOT": "", "EMPTY": "# nobody\n\n", "ONE": strings.ReplaceAll("HOST/builds/api:1 fresh\nHOST/builds/api:NOT-THERE other\n", "HOST", s.host)}
	for _, name := range []string{"EMPTY", "ONE"} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(lists[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.must(t, "sync")
	if code, _ := s.run(t, "sync --only api:not-there"); code != 2 {
		t.Errorf("sync --only of a tag that is not there: exit code %d", code)
	}
	before := s.sum(t)
	s.requests()
	for _, commands := range effects {
		for _, command := range commands {
			lines, known := missing[command]
			if !known {
				t.Errorf("falkirk %s is not in the table of names that are not there", command)
			}
			for _, line := range lines {
				code, text := s.run(t, strings.NewReplacer("NOT", "not-there", "EMPTY", filepath.Join(s.dir, "EMPTY"), "ONE", filepath.Join(s.dir, "ONE")).Replace(line))
				named := strings.Contains(line, "EMPTY")
				if code != 2 || !named && !strings.Contains(strings.ToLower(text), "not-there") {
					t.Errorf("falkirk %s: exit code %d\n%s", line, code, text)
				}
				if now := s.sum(t); now != before && command != "sync" { // that keeps how it ended
					t.Errorf("falkirk %s changed files of the app or its store", line)
				}
				before = s.sum(t)
				for _, r := range s.requests() {
					if !strings.HasPrefix(r, "GET ") && !strings.HasPrefix(r, "HEAD ") {
						t.Errorf("falkirk %s sent %s", line, r)
					}
				}
			}
		}
	}
}

// TestABanOfWhatIsNotThere: it holds, and text and JSON warn of it.
func TestABanOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.must(t, "pack --version 1")
	for line, warned := range map[string]bool{"ban 1.O --reason x": true, "ban 1.OO --reason x --output json": true, "ban 1 --reason x": false} {
		code, text := s.run(t, line)
		if code != 0 || strings.Contains(text, "is in the store; the ban holds") != warned {
			t.Errorf("falkirk %s: exit code %d\n%s", line, code, text)
		}
	}
	if code, text := s.run(t, "unban 2"); code != 0 || !strings.Contains(text, "nothing to do") {
		t.Errorf("unban of what is not banned: exit code %d\n%s", code, text)
	}
}
