package syncjob

import "slices"

// network is the spec of the NetworkPolicy: nothing comes in; out go questions
// to DNS, and what leads to registries and to AWS, whose addresses nobody
// promises.
func (s Spec) network() block {
	out := []block{
		{{Key: "ports", Value: []block{port("UDP", 53), port("TCP", 53)}}},
		{{Key: "ports", Value: s.ports()}},
		// Where a pod finds the credentials of its role, or of its node.
		{
			{Key: "to", Value: []block{address("169.254.170.23/32"), address("169.254.169.254/32"), address("fd00:ec2::23/128"), address("fd00:ec2::254/128")}},
			{Key: "ports", Value: []block{port("TCP", 80)}},
		},
	}
	return block{
		{Key: "podSelector", Value: block{{Key: "matchLabels", Value: block{{Key: LabelSync, Value: s.Name}}}}},
		{Key: "policyTypes", Value: []string{"Ingress", "Egress"}},
		{Key: "egress", Value: out},
	}
}

func (s Spec) ports() []block {
	all := append([]int{443}, s.Ports...)
	slices.Sort(all)
	var out []block
	for _, p := range slices.Compact(all) {
		out = append(out, port("TCP", p))
	}
	return out
}

func port(protocol string, number int) block {
	return block{{Key: "protocol", Value: protocol}, {Key: "port", Value: number}}
}

func address(cidr string) block {
	return block{{Key: "ipBlock", Value: block{{Key: "cidr", Value: cidr}}}}
}
