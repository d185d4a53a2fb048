package lambda

import (
	"testing"

	"falkirk/internal/fault"
)

func TestADifferenceIsNoErrorOfTheFunction(t *testing.T) {
	t.Parallel()
	doc := []byte(`{"exit": {"code": 7, "name": "different"}, "result": {"different": true}}`)
	got, err := answer(doc, fault.Different)
	if want := `{"exit":{"code":7,"name":"different"},"result":{"different":true}}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := answer([]byte(`{"exit": {"code": 2}, "error": {"kind": "invalid"}}`), 2); err == nil {
		t.Error("a command that was not done is no error")
	}
}
