package template

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// permissions are what a resource says about who may do what.
type permissions struct {
	statements []statement
	others     map[string]bool // what gives permissions and is no statement, such as a managed policy
	limits     map[string]bool // what takes permissions away, such as a boundary
}

// gathering reads the permissions of one resource.
type gathering struct {
	permissions
	changed []string // the parameters and conditions that differ
	access  bool     // the type of the resource is about nothing but access
	first   string   // the property that is read
}

// Properties by what they say. Those of types that are about access say something
// unless they are harmless.
var (
	givers   = regexp.MustCompile(`^(ManagedPolicyArns|ManagedPolicies|CustomerManagedPolicyReferences|AccessPolicies|KubernetesGroups|Permissions|AccessControl|AuthType)$`)
	limiting = regexp.MustCompile(`^(PermissionsBoundary|PublicAccessBlockConfiguration|Source(Arn|Account)|PrincipalOrgID|EventSourceToken|FunctionUrlAuthType|InvokedViaFunctionUrl)$`)
	roles    = regexp.MustCompile(`(Role|RoleArn|RoleARN|IamInstanceProfile)$`)
	document = regexp.MustCompile(`(Polic(y|ies)|PolicyDocument|PolicyText|AccessPolicies|Content)$`)
	attached = regexp.MustCompile(`^(Bucket|Queues|Topics|SecretId|ResourceArn) `) // what a policy is of: new with the policy
	harmless = regexp.MustCompile(`^(Tags|Description|Path|MaxSessionDuration|(Role|Policy|ManagedPolicy|User|InstanceProfile)?Name|SessionDuration)$`)
)

// grantsOf says what the new resource may allow that the old one does not; when
// in doubt, it is said. Old is nil for a resource that is new, and now for one that
// goes.
func grantsOf(old, now *yaml.Node, access bool, changed []string) []string {
	before, after := permissionsOf(old, access, nil), permissionsOf(now, access, changed)
	var all []string
	for _, s := range after.statements {
		if !s.deny {
			all = append(all, s.missing(before.statements))
		}
	}
	for _, s := range before.statements {
		if text := s.missing(after.statements); s.deny && text != "" {
			all = append(all, "no longer denies "+text)
		}
	}
	for what, unsure := range after.others {
		if _, ok := before.others[what]; (!ok || unsure) && (old != nil || !attached.MatchString(what)) {
			all = append(all, what)
		}
	}
	for what := range before.limits {
		if unsure, ok := after.limits[what]; now != nil && (!ok || unsure) {
			all = append(all, "no longer limited by "+what)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	return union(all, nil)
}

func permissionsOf(n *yaml.Node, access bool, changed []string) permissions {
	g := &gathering{permissions{others: map[string]bool{}, limits: map[string]bool{}}, changed, access, ""}
	guards := map[string]string{}
	if c := Child(n, "Condition"); c != nil { // of CloudFormation: whether the resource is there
		guards["Condition "+c.Value] = ""
	}
	for key, v := range Entries(Child(n, "Properties")) {
		g.first = key
		g.property(key, v, guards)
	}
	return g.permissions
}

// property reads a property of the resource.
func (g *gathering) property(key string, v *yaml.Node, guards map[string]string) {
	switch {
	case limiting.MatchString(key):
		g.limits[key+" "+canonical(v)] = g.isUnsure(v, guards)
	case roles.MatchString(key) && !g.access:
		g.others[key+" "+canonical(v)] = g.isUnsure(v, guards)
	case document.MatchString(key):
		g.document(key, v, guards)
	case givers.MatchString(key):
		g.items("", v, guards)
	case g.access && !harmless.MatchString(key):
		g.items(key+" ", v, guards)
	default:
		g.below(v, guards)
	}
}

// below looks for documents deeper in a property.
func (g *gathering) below(n *yaml.Node, guards map[string]string) {
	if Child(n, "Statement") != nil || value(n, "Effect") != "" && Child(n, "Action") != nil {
		g.document(g.first, n, guards)
		return
	}
	for key, v := range children(n) {
		if document.MatchString(key) && (v.Kind == yaml.MappingNode || v.Kind == yaml.SequenceNode) {
			g.document(key, v, guards)
		} else {
			g.below(v, guards)
		}
	}
}

// document reads a policy, or a list of policies: as a tree or as a text of JSON,
// in branches of Fn::If, with a name; what else it is, such as the name of a
// managed policy or a policy template of SAM, counts as it is.
func (g *gathering) document(key string, n *yaml.Node, guards map[string]string) {
	name, arg := function(n)
	switch {
	case name == "If" && arg.Kind == yaml.SequenceNode && len(arg.Content) == 3:
		g.document(key, arg.Content[1], guarded(guards, arg.Content[0].Value, "true"))
		g.document(key, arg.Content[2], guarded(guards, arg.Content[0].Value, "false"))
	case isJSON(n):
		if tree, err := readJSON([]byte(n.Value)); err == nil {
			g.document(key, tree, guards)
		}
	case name != "" || n.Kind == yaml.ScalarNode:
		g.items("", n, guards)
	case n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			g.document(key, c, guards)
		}
	case Child(n, "Statement") != nil:
		g.document(key, Child(n, "Statement"), guards)
	case Child(n, "Effect") != nil:
		g.statement(n, guards)
	case Child(n, "PolicyDocument") != nil:
		g.document(key, Child(n, "PolicyDocument"), guards)
	case Child(n, "Policy") != nil:
		g.document(key, Child(n, "Policy"), guards)
	default:
		g.items("", n, guards)
	}
}

func guarded(guards map[string]string, condition, branch string) map[string]string {
	more := map[string]string{"Fn::If " + condition: branch}
	for key, v := range guards {
		more[key] = v
	}
	return more
}

// isJSON reports whether a value is a text of JSON, also in Sub.
func isJSON(n *yaml.Node) bool {
	_, isText := String(n)
	return (isText || n.Tag == "!Sub" && n.Kind == yaml.ScalarNode) && strings.HasPrefix(strings.TrimSpace(n.Value), "{") && json.Valid([]byte(n.Value))
}

func (g *gathering) statement(n *yaml.Node, guards map[string]string) {
	if effect := value(n, "Effect"); effect != "Allow" && effect != "Deny" {
		g.items("", n, guards)
		return
	}
	s := readStatement(n)
	s.property, s.unsure = g.first, g.isUnsure(n, guards)
	for key, v := range guards {
		s.conditions[key] = v
	}
	g.statements = append(g.statements, s)
}

// items are values that count as they are.
func (g *gathering) items(prefix string, n *yaml.Node, guards map[string]string) {
	if name, _ := function(n); name == "" && n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			g.items(prefix, c, guards)
		}
		return
	}
	text := canonical(n)
	if s, ok := String(n); ok {
		text = s
	}
	if text == noValue {
		return
	}
	for key, v := range guards {
		prefix = key + " " + v + " " + prefix
	}
	g.others[prefix+text] = g.isUnsure(n, guards)
}

// isUnsure reports whether a value may be another one although it is written the
// same.
func (g *gathering) isUnsure(n *yaml.Node, guards map[string]string) bool {
	if refersTo(n, g.changed) {
		return true
	}
	for key := range guards {
		if _, name, _ := strings.Cut(key, " "); slices.Contains(g.changed, name) {
			return true
		}
	}
	return false
}
