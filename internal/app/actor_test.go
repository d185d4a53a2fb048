package app

import "testing"

// A variable that shows nothing names nobody.
func TestTheActorIsANameThatCanBeSeen(t *testing.T) {
	for _, name := range []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN", "CODEBUILD_INITIATOR", "AWS_LAMBDA_FUNCTION_NAME"} {
		t.Setenv(name, "")
	}
	for _, name := range []string{"FALKIRK_ACTOR", "GITHUB_ACTOR", "AWS_LAMBDA_FUNCTION_NAME", "USER"} {
		t.Setenv("USER", "ann")
		want := actor()
		for _, blank := range []string{"", " ", "\t", "\n \r", "\u00a0", "\u200b", "\u202e \u200f", "\x01"} {
			t.Setenv(name, blank)
			got := actor()
			if name != "USER" && got != want || name == "USER" && got[0] == '@' || nameIn(name) != "" {
				t.Errorf("%s=%q: the actor is %q, want %q", name, blank, got, want)
			}
		}
		t.Setenv(name, "")
	}
	t.Setenv("FALKIRK_ACTOR", " bea \t of ops\n")
	if got := actor(); got != "bea of ops" {
		t.Errorf("the actor is %q", got)
	}
}
