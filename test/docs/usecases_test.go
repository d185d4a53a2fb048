package docs

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"falkirk/internal/app"
	"falkirk/internal/usecase"
)

// generated is where a page that people write goes on with what is made.
const generated = "<!-- Made from the program by `make docs`, from here on. -->\n"

// jsonPage is docs/json.md: what is written by hand, then every use case with the
// fields of its request and its result.
func jsonPage(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "docs/json.md"))
	if err != nil {
		t.Fatal(err)
	}
	hand, _, ok := bytes.Cut(raw, []byte(generated))
	if !ok {
		t.Fatalf("docs/json.md does not have the line %s", generated)
	}
	var b bytes.Buffer
	all, commands := app.Catalog()
	b.WriteString(withoutRows(string(hand), slices.Concat(slices.Collect(maps.Values(commands))...)))
	b.WriteString(generated)
	s := &schema{t: t, sources: map[string]*source{}, known: map[string]reflect.Type{}}
	fmt.Fprint(&b, useCasesHead)
	for _, e := range all.Entries(func(usecase.Entry) bool { return true }) {
		s.useCase(&b, e, commands[e.Name])
	}
	fmt.Fprint(&b, "\n## Types\n\nThe name of a type is that in the source; programs see only the fields.\n")
	s.types(&b)
	return b.Bytes()
}

const useCasesHead = `
## Use cases

A use case is one thing that somebody can ask for. Its request and its result are the same for every way in. A field that is not
in the list is refused in a request.

- Effect: ` + "`reads`" + ` changes nothing, ` + "`machine`" + ` only files and processes of this machine, ` + "`decides`" + ` the ledger by what a person decides,
  ` + "`run`" + ` an environment, ` + "`writes`" + ` something else outside of this machine.
- Right: what a person must be allowed, each more than the one before: view, pack, promote, decide, set. On your own machine
  everything is allowed.
`

// withoutRows leaves out the rows of a table that are about commands which ask for
// use cases: these are described below it.
func withoutRows(page string, commands []string) string {
	var b strings.Builder
	for line := range strings.Lines(page) {
		if m := firstCommand.FindStringSubmatch(line); m == nil || !slices.Contains(commands, m[1]) {
			b.WriteString(line)
		}
	}
	return b.String()
}

var firstCommand = regexp.MustCompile("^\\| `([a-z -]+)`")

// schema tells types as JSON has them, with the comments of the source.
type schema struct {
	t       *testing.T
	sources map[string]*source      // by import path
	known   map[string]reflect.Type // types with fields that were named, by name
	told    []string                // of them, those that have their section
}

// source is what the comments of a package say.
type source struct {
	types  map[string]string   // by the name of the type
	fields map[string]string   // by type.field
	values map[string][]string // of a type of texts
}

func (s *schema) useCase(w io.Writer, e usecase.Entry, commands []string) {
	where := "from anywhere"
	if e.Reach == usecase.ThisMachine {
		where = "on this machine only"
	}
	fmt.Fprintf(w, "\n### %s\n\n%s.\n\n", e.Name, e.Doc)
	fmt.Fprintf(w, "Command: %s. Effect: %s. It can be asked for %s. Right: %s.\n", quoted("falkirk ", commands), e.Effect, where, e.Needs)
	query := reflect.TypeOf(e.Request)
	if len(fieldsOf(query)) == 0 {
		fmt.Fprint(w, "\nRequest: no fields.\n")
	} else {
		fmt.Fprintf(w, "\nRequest: %s\n\n", s.of(query).types[query.Name()])
		s.table(w, query)
	}
	result := reflect.TypeOf(e.Result)
	fmt.Fprintf(w, "\nResult: %s.", s.kind(result))
	if doc := s.of(result).types[result.Name()]; doc != "" && result.Kind() != reflect.Struct {
		fmt.Fprint(w, " ", doc) // structures have it below
	}
	fmt.Fprintln(w)
}

// types writes a section for each type with fields, and for those that it leads to.
func (s *schema) types(w io.Writer) {
	for {
		var names []string
		for name := range s.known {
			if !slices.Contains(s.told, name) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			break
		}
		for _, name := range names {
			s.told = append(s.told, name)
			s.table(io.Discard, s.known[name]) // finds more
		}
	}
	slices.Sort(s.told)
	for _, name := range s.told {
		v := s.known[name]
		fmt.Fprintf(w, "\n### Type %s\n\n", name)
		if doc := s.of(v).types[v.Name()]; doc != "" {
			fmt.Fprintf(w, "%s\n\n", doc)
		}
		s.table(w, v)
	}
}

func (s *schema) table(w io.Writer, v reflect.Type) {
	fmt.Fprint(w, "| Field | Type | Meaning |\n| --- | --- | --- |\n")
	for _, f := range fieldsOf(v) {
		doc := s.of(f.owner).fields[f.owner.Name()+"."+f.Name]
		missing := ""
		if tag := f.Tag.Get("json"); strings.Contains(tag, ",omit") {
			missing = "; may be missing"
		}
		fmt.Fprintf(w, "| `%s` | %s%s | %s |\n", f.name, s.kind(f.Type), missing, strings.ReplaceAll(doc, "|", "\\|"))
	}
}

// field is a field as JSON has it, and the type that declares it.
type field struct {
	reflect.StructField
	owner reflect.Type
	name  string
}

func fieldsOf(v reflect.Type) []field {
	var all []field
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	for i := range v.NumField() {
		f := v.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case name == "" && f.Anonymous:
			all = append(all, fieldsOf(f.Type)...)
		default:
			if name == "" {
				name = f.Name
			}
			all = append(all, field{f, v, name})
		}
	}
	return all
}

// kind is a type as JSON has it.
func (s *schema) kind(v reflect.Type) string {
	ptr := reflect.PointerTo(v)
	switch {
	case v == reflect.TypeFor[time.Time]():
		return "time (RFC 3339)"
	case v == reflect.TypeFor[json.RawMessage]():
		return "any JSON"
	case v == reflect.TypeFor[time.Duration]():
		return "nanoseconds"
	case v.Kind() == reflect.Pointer:
		return s.kind(v.Elem())
	case ptr.Implements(reflect.TypeFor[json.Marshaler]()), ptr.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return "text"
	}
	switch v.Kind() {
	case reflect.String:
		if values := s.of(v).values[v.Name()]; len(values) > 0 {
			return quoted("", values)
		}
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		if v.Elem().Kind() == reflect.Uint8 {
			return "text (Base64)"
		}
		return "list of " + s.kind(v.Elem())
	case reflect.Map:
		return "object; each value is " + s.kind(v.Elem())
	case reflect.Struct:
		if len(fieldsOf(v)) == 0 {
			return "object without fields"
		}
		s.known[v.String()] = v
		return fmt.Sprintf("[%s](#type-%s)", v, strings.ToLower(strings.ReplaceAll(v.String(), ".", "")))
	}
	return "number"
}

// of reads the comments of the package of a type.
func (s *schema) of(v reflect.Type) *source {
	path, ours := strings.CutPrefix(v.PkgPath(), "falkirk/")
	if !ours {
		return &source{}
	}
	if known := s.sources[path]; known != nil {
		return known
	}
	out := &source{types: map[string]string{}, fields: map[string]string{}, values: map[string][]string{}}
	s.sources[path] = out
	files, err := filepath.Glob(filepath.Join(root, path, "*.go"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("no source of %s: %v", path, err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && !strings.HasSuffix(name, "_test.go") {
				out.read(d)
			}
		}
	}
	return out
}

func (s *source) read(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.types[spec.Name.Name] = line(spec.Doc, d.Doc)
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						s.fields[spec.Name.Name+"."+name.Name] = line(f.Comment, f.Doc)
					}
				}
			}
		case *ast.ValueSpec:
			kind := ""
			if name, ok := spec.Type.(*ast.Ident); ok {
				kind = name.Name
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok && kind != "" && lit.Kind == token.STRING && d.Tok == token.CONST {
					if text, err := strconv.Unquote(lit.Value); err == nil && text != "" {
						s.values[kind] = append(s.values[kind], text)
					}
				}
			}
		}
	}
}

// line is the first comment that says something, on one line.
func line(all ...*ast.CommentGroup) string {
	for _, c := range all {
		if text := strings.Join(strings.Fields(c.Text()), " "); text != "" {
			return text
		}
	}
	return ""
}

func quoted(before string, all []string) string {
	var out []string
	for _, text := range all {
		out = append(out, "`"+before+text+"`")
	}
	return strings.Join(out, ", ")
}
