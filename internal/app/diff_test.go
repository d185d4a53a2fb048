package app

import "testing"

func TestACredentialIsKnownByItsLook(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"postgres://u:p@db/x": true, "https://example.com/a@b:c": false, "https://u@example.com": false,
		"AKIAIOSFODNN7EXAMPLE": true, "-----BEGIN PRIVATE KEY-----": true, "debug": false, "": false, "a:b@c": false,
		"amqp://:secret@mq?x=/": true, "http://h?next=//u:p@x": false,
	} {
		if got := credential(value); got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
}
