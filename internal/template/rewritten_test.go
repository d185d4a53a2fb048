package template_test

import (
	"fmt"
	"strings"
	"testing"

	"falkirk/internal/template"
)

// empties are forms of a value that has no text, and of some that look like one.
var empties = []string{"", "~", "null", "''", `""`, "!Ref", "!Ref ''", "!Ref null", "!!str", "!!null", "[]", "{}", "text"}

// A template with values that have no text means the same when it is written
// again: as a value, a key or an item, in block and flow forms.
func TestEmptyValuesAreWrittenAgain(t *testing.T) {
	t.Parallel()
	forms := []string{
		"V: %[1]s", "V:\n- %[1]s\n- %[1]s", "V:\n  %[1]s : x\n  a: b", "V:\n  ? %[1]s\n  : %[1]s", "V: {a: %[1]s , b: %[1]s }", "V: {a: {b: [{c: %[1]s }]}}",
		"V: {%[1]s : x, b: y}", "V: {? %[1]s : %[1]s , b: y}", "V: {? %[1]s , b}", "V: [a: %[1]s , b: %[1]s ]", "V: [%[1]s , b]", "V: [b, %[1]s ]", "V: !Join [%[1]s , [b]]",
		"V: {a, b}", "V: {a, b: }", "V: {? a, ? b}", "V: {a: [b: ]}", "V: {!Ref , b}", "V: {!Ref a, b}", "V: [!Ref , b]",
	}
	read := 0
	for _, form := range forms {
		values := empties
		if !strings.Contains(form, "%") {
			values, form = []string{""}, form+"%.0[1]s"
		}
		for _, value := range values {
			text := "A: &a x\nB: *a\nResources: {}\n" + fmt.Sprintf(form, value) + "\n"
			tpl, err := template.Parse("app.yaml", []byte(text))
			if err != nil {
				continue // it is no YAML
			}
			read++
			if _, err := tpl.Rewritten("app.yaml", nil); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d texts are YAML", read)
	}
}
