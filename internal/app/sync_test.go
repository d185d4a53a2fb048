package app

import (
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
)

// The role of the account that a job works as is allowed what the job does, and
// the account that images come from lets just that role read them.
func TestNeedsOfAJob(t *testing.T) {
	t.Parallel()
	app := delivery.App{
		Name: "shop",
		Accounts: []delivery.Account{
			{Name: "dev", ID: "111111111111", Role: "arn:aws:iam::111111111111:role/falkirk", Region: "eu-west-1"},
			{Name: "prd", ID: "222222222222", Role: "arn:aws:iam::222222222222:role/falkirk", Region: "eu-west-1"},
		},
		Syncs: []delivery.SyncSetting{{Name: "images", Settings: []byte(`{"account": "prd", "source": "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
			"destination": "ecr:eu-west-1", "repositories": ["shop/api"]}`)}},
	}
	for _, s := range setups(app) {
		var said []string
		for _, st := range s.Role {
			said = append(said, st.Actions...)
		}
		switch s.Account.Name {
		case "prd":
			if !slices.Contains(said, "ecr:PutImage") || !slices.Contains(said, "ecr:GetDownloadUrlForLayer") {
				t.Errorf("prd may %v", said)
			}
		case "dev":
			if slices.ContainsFunc(said, func(a string) bool { return strings.HasPrefix(a, "ecr:") }) {
				t.Errorf("dev may %v", said)
			}
			if len(s.Grants) != 1 || !strings.Contains(s.Grants[0].Resource, "repository/shop/api") {
				t.Errorf("dev lets %+v", s.Grants)
			}
		}
	}
}
