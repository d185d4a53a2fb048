package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// Reference is the Markdown reference of every key, made from the same types
// and tags as the schema.
func Reference(kinds Kinds) []byte {
	var b bytes.Buffer
	b.WriteString("# The app file: every key of falkirk.yml\n\n" +
		"This page is made by the tool; `falkirk schema` prints the same as a JSON Schema for editors.\n" +
		"`falkirk schema > falkirk.schema.json` makes the file that the first lines of `falkirk init` name.\n\n" +
		"`${env:NAME}` in a value is replaced by the environment variable of that name, also where a number or\n" +
		"true or false is wanted; `$${` stands for `${` itself. Unknown keys are refused. A key without a\n" +
		"value (`key:` or `key: null`) is as if the key were not there. An empty text (`key: \"\"`) is a value: in\n" +
		"`parameters`, `tags` and `env` it is given as it is.\n\n")
	b.WriteString(example)
	section(&b, "The file", "", reflected(document{}))
	section(&b, "accounts.NAME", "", reflected(account{}))
	section(&b, "ledger", "Entries that say what an operation did and what people decided are signed by the key and checked by the list; see [the record](record.md).", reflected(ledgerBlock{}))
	b.WriteString("## components.NAME\n\nExactly one kind of component, and optionally `target` with one kind of target.\n\n")
	kindSections(&b, "components.NAME.", kinds.Components)
	section(&b, "environments[]", "A list; its order is the order of the train.", reflected(environment{}))
	section(&b, "environments[].regions[]", "Each is a text, the name, or a mapping.", reflected(region{}))
	b.WriteString("## target\n\nSettings by kind of target. Those of one component in one place are merged from, the nearer winning:\n\n" +
		"1. `components.NAME.target`\n2. `environments[].target`\n3. `environments[].components.NAME.target`\n" +
		"4. `environments[].regions[].target`\n5. `environments[].regions[].components.NAME.target`\n\n" +
		"Mappings merge key by key; lists and single values replace; a key without a value takes away what is inherited.\n" +
		"The kind is the one that the nearest of 5, 3 and 1 names, or else the only one in 4 or 2.\n\n")
	kindSections(&b, "target.", kinds.Targets)
	section(&b, "environments[].gates[]", "Exactly one kind of gate, and:", reflected(gate{}))
	kindSections(&b, "gates[].", kinds.Gates)
	section(&b, "environments[].freeze[]", "Exactly one of `deny` and `allow`, and:", reflected(freezeWindow{}))
	section(&b, "environments[].hooks[]", "Exactly one of "+oneOf(kindNames(kinds.Hooks))+", as in a gate; open is success. And:", reflected(hook{}))
	section(&b, "notices[]", "Exactly one kind of channel, and:", reflected(notice{}))
	kindSections(&b, "notices[].", kinds.Notices)
	if kinds.Sync.New != nil {
		section(&b, "sync[]", kinds.Sync.Doc, block(kinds.Sync))
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

func section(b *bytes.Buffer, title, text string, s *jsonschema.Schema) {
	fmt.Fprintf(b, "## %s\n\n", title)
	if text != "" {
		b.WriteString(text + "\n\n")
	}
	table(b, s)
}

func kindSections(b *bytes.Buffer, prefix string, kinds []Kind) {
	for _, k := range kinds {
		fmt.Fprintf(b, "### %s%s\n\n", prefix, k.Name)
		s := block(k)
		if k.Doc != "" {
			b.WriteString(k.Doc + "\n\n")
		}
		table(b, s)
	}
}

func table(b *bytes.Buffer, s *jsonschema.Schema) {
	b.WriteString("| Key | Value | Default | What it says |\n| --- | --- | --- | --- |\n")
	rows(b, "", s)
	b.WriteByte('\n')
}

func rows(b *bytes.Buffer, prefix string, s *jsonschema.Schema) {
	if s == nil || s.Properties == nil {
		return
	}
	for p := s.Properties.Oldest(); p != nil; p = p.Next() {
		key, v := prefix+p.Key, p.Value
		def := ""
		if v.Default != nil {
			if raw, err := json.Marshal(v.Default); err == nil {
				def = "`" + strings.Trim(string(raw), `"`) + "`"
			}
		}
		if slices.Contains(s.Required, p.Key) {
			def = "required"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key, cell(typeName(v)), cell(def), cell(v.Description))
		rows(b, key+".", v)
		rows(b, key+"[].", v.Items)
		for _, form := range v.AnyOf {
			rows(b, key+".", form)
		}
	}
}

func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}

// typeName is a value's form for people, with its bounds.
func typeName(s *jsonschema.Schema) string {
	names := map[string]string{
		"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "object": "mapping",
	}
	switch {
	case len(s.Enum) > 0:
		return enumNames(s)
	case s.Type == "array" && s.Items != nil && names[s.Items.Type] != "":
		return "list of " + names[s.Items.Type]
	case s.Type == "array":
		return "list"
	case s.Pattern != "":
		return "text like `" + s.Pattern + "`"
	case s.Minimum != "" && s.Maximum != "":
		return fmt.Sprintf("%s, %s to %s", names[s.Type], s.Minimum, s.Maximum)
	case s.Minimum != "":
		return fmt.Sprintf("%s, at least %s", names[s.Type], s.Minimum)
	case len(s.AnyOf) > 0:
		var forms []string
		for _, form := range s.AnyOf {
			if name := names[form.Type]; name != "" {
				forms = append(forms, name)
			}
		}
		return strings.Join(forms, " or ")
	case s.Type == "":
		return "any value"
	}
	return names[s.Type]
}

func enumNames(s *jsonschema.Schema) string {
	var words []string
	for _, e := range s.Enum {
		words = append(words, fmt.Sprintf("`%v`", e))
	}
	return strings.Join(words, ", ")
}

// example is an app file with the parts that most apps have; a test loads it.
const example = "## An example\n\n```yaml\n" + `app: shop
store: s3://shop-releases/falkirk
storeAccount: tools
accounts:
  tools: {id: "111111111111", region: eu-central-1}
  prod: {id: "222222222222", role: "arn:aws:iam::222222222222:role/deploy", region: eu-central-1}
components:
  infra:
    stack: {template: infra/site.yaml}
    target: {stack: {name: "shop-${place.environment}", when: provision}}
  web:
    site: {path: dist, ignore: ["*.map"]}
environments:
  - name: dev
    components: {infra: {target: {stack: {name: shop-dev}}}}
    account: tools
    target: {site: {bucket: "${stack.infra.Bucket}"}}
  - name: prd
    account: prod
    regions: [eu-central-1, us-east-1]
    protected: true
    soak: 1h
    target: {site: {bucket: "${stack.infra.Bucket}", url: "${stack.infra.Url}"}}
    gates:
      - {name: board, when: before promote, once: true, approval: {quorum: 1, not: [packer]}}
      - {name: smoke, when: after promote, for: 5m, http: {component: web, path: /}}
    freeze: [{deny: "Fri 16:00 - Mon 08:00", zone: Europe/Berlin}]
` + "```\n\n"
