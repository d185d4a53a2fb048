package config

import "testing"

func TestS(t *testing.T) {
	s, err := Schema(testKinds())
	t.Logf("%s %v", s, err)
	t.Logf("%s", Reference(testKinds()))
}
