package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// connects are what opens connections, or makes what does, by import path. A name
// that ends in a star stands for all that begin so.
var connects = map[string][]string{
	"net":                                 {"Dial*", "Dialer"},
	"net/http":                            {"Client", "Transport", "DefaultClient", "DefaultTransport", "Get", "Head", "Post", "PostForm"},
	"net/smtp":                            {"*"},
	"net/rpc":                             {"*"},
	"crypto/tls":                          {"Dial*", "Dialer"},
	"github.com/aws/aws-sdk-go-v2/config": {"LoadDefaultConfig"},
	"github.com/aws/aws-sdk-go-v2/aws/transport/http": {"NewBuildableClient", "BuildableClient"},
	"github.com/aws/aws-sdk-go-v2/aws/retry":          {"NewStandard", "NewAdaptiveMode"},
	"github.com/aws/aws-sdk-go-v2/aws":                {"NewConfig", "Config"},
	"k8s.io/client-go/rest":                           {"HTTPClientFor", "RESTClientFor*", "TransportFor"},
	"k8s.io/client-go/kubernetes":                     {"New*"},
	"github.com/gorilla/websocket":                    {"*"},
}

// connecting are the folders that may, and what: one place for all networks, one
// for AWS, one for clusters. The others reach this machine only.
var connecting = map[string]string{
	"network":                 "net, net/http: limits, causes and the lines for the user",
	"aws/account":             "github.com/aws/aws-sdk-go-v2/: the clients of AWS",
	"kube":                    "k8s.io/client-go/rest: the client of a cluster, over a transport of network",
	"oci/registry":            "net/http: adds the limits of each registry by itself",
	"fence":                   "net, net/http: wraps what network makes",
	"target/local":            "this machine",
	"target/local/proxy":      "this machine",
	"target/local/supervisor": "this machine",
	"demo":                    "this machine",
}

// Every client of a network is made in one place: it has limits, its errors have a
// cause and a next step, and the user is told what is waited for. A type may be
// named where it is only passed on: composite literals, calls and variables count.
func TestClientsOfNetworksAreMadeInOnePlace(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.Contains(path, "testdata") {
				dir, _ := filepath.Rel("../../internal", filepath.Dir(path))
				if _, may := connecting[filepath.ToSlash(dir)]; !may {
					for _, found := range connections(t, path) {
						t.Errorf("%s: use internal/network, or a client of internal/aws/account", found)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A folder that is allowed and does not connect any more leaves the table.
func TestWhoMayConnectDoes(t *testing.T) {
	t.Parallel()
	for dir := range connecting {
		files, err := filepath.Glob(filepath.Join("../../internal", dir, "*.go"))
		found := 0
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				found += len(connections(t, f))
			}
		}
		if err != nil || found == 0 {
			t.Errorf("%s connects to nothing: %v", dir, err)
		}
	}
}

// connections are the places of a file where a client is made.
func connections(t *testing.T, path string) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	imported := map[string]string{}
	for _, i := range f.Imports {
		at, _ := strconv.Unquote(i.Path.Value)
		name := at[strings.LastIndex(at, "/")+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		imported[name] = at
	}
	report := func(x ast.Expr) {
		s, ok := x.(*ast.SelectorExpr)
		if !ok {
			return
		}
		pkg, ok := s.X.(*ast.Ident)
		if !ok {
			return
		}
		at := imported[pkg.Name]
		if isService(at) && s.Sel.Name == "New" { // NewFromConfig takes the client of its configuration
			found = append(found, files.Position(s.Pos()).String()+": "+pkg.Name+".New")
		}
		for _, name := range connects[at] {
			if all, star := strings.CutSuffix(name, "*"); name == s.Sel.Name || star && strings.HasPrefix(s.Sel.Name, all) {
				found = append(found, files.Position(s.Pos()).String()+": "+pkg.Name+"."+s.Sel.Name)
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CompositeLit:
			if len(x.Elts) > 0 || isFrom(x.Type, imported, "net/http", "net") { // aws.Config{} beside an error makes nothing
				report(x.Type)
			}
		case *ast.CallExpr:
			report(x.Fun)
			if name, ok := x.Fun.(*ast.Ident); ok && name.Name == "new" {
				report(x.Args[0])
			}
		case *ast.SelectorExpr:
			if strings.HasPrefix(x.Sel.Name, "Default") {
				report(x)
			}
		case *ast.ValueSpec: // var c http.Client
			if isFrom(x.Type, imported, "net/http", "net") {
				report(x.Type)
			}
		}
		return true
	})
	return found
}

func isService(path string) bool {
	return strings.HasPrefix(path, "github.com/aws/aws-sdk-go-v2/service/") && !strings.HasSuffix(path, "/types")
}

func isFrom(x ast.Expr, imported map[string]string, paths ...string) bool {
	if s, ok := x.(*ast.SelectorExpr); ok {
		if pkg, ok := s.X.(*ast.Ident); ok {
			for _, p := range paths {
				if imported[pkg.Name] == p {
					return true
				}
			}
		}
	}
	return false
}
