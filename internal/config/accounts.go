package config

import (
	"cmp"
	"fmt"
	"strings"

	"falkirk/internal/delivery"
)

// sameAccounts refuses two entries of one AWS account: their places would have the
// same buckets, stacks and roles, and overwrite each other.
func (b *builder) sameAccounts(n *node) {
	first := map[string]string{}
	for _, a := range b.file.App.Accounts {
		if a.ID == "" {
			continue
		}
		number := cmp.Or(partitionOf(a.Role), b.partitionIn(a.Region)) + a.ID
		other, ok := first[number]
		if !ok {
			first[number] = a.Name
			continue
		}
		id := n.get(a.Name).get("id")
		b.rep.unsafe(b.lazy, id.pos, Problem{
			Text: fmt.Sprintf("accounts %s and %s are the same AWS account (%s), so what one writes the other overwrites", other, a.Name, a.ID), Got: id.got(),
			Want: fmt.Sprintf("one entry: name %s in all places of the account and remove %s", other, a.Name),
		})
	}
}

// partitionIn is the partition of a region; "aws" where that is not known.
func (b *builder) partitionIn(region string) string {
	if b.kinds.Partition != nil {
		if name, ok := b.kinds.Partition(region); ok {
			return name
		}
	}
	return "aws"
}

// partitions checks that the roles of an account are in the partition of its
// region and of its places: no role reaches from one partition into another.
func (b *builder) partitions(n *node) {
	if b.kinds.Partition == nil {
		return
	}
	for _, a := range b.file.App.Accounts {
		block := n.get(a.Name)
		role := partitionOf(a.Role)
		if role == "" {
			continue
		}
		if p, ok := b.kinds.Partition(a.Region); ok && p != role {
			b.foreign(block, a, "its region "+a.Region, p)
			continue
		}
		for _, s := range b.file.App.Environments {
			b.places(block, a, role, s)
		}
		for i, via := range a.Via {
			if p := partitionOf(via); p != role {
				b.foreignRole(block.get("via").item(i, len(a.Via)), a, p, role)
			}
		}
	}
}

func (b *builder) places(block *node, a delivery.Account, role string, e delivery.Environment) {
	for _, place := range e.Places {
		if p, ok := b.kinds.Partition(place.Region); ok && place.Account == a.Name && p != role {
			b.foreign(block, a, "the place "+place.String(), p)
			return
		}
	}
}

func (b *builder) foreign(block *node, a delivery.Account, what, partition string) {
	n := block.get("role")
	b.rep.add(n.pos, Problem{
		Text: fmt.Sprintf("the role of account %q is in the partition %s, and %s is in %s", a.Name, partitionOf(a.Role), what, partition),
		Got:  n.got(), Want: "a role arn:" + partition + ":iam::…, or a region of " + partitionOf(a.Role),
	})
}

func (b *builder) foreignRole(n *node, a delivery.Account, got, want string) {
	b.rep.add(n.pos, Problem{
		Text: fmt.Sprintf("a role on the way to account %q is in the partition %s, and its role is in %s", a.Name, got, want),
		Got:  n.got(), Want: "roles of one partition",
	})
}

// partitionOf is the partition in the ARN of a role; "" without one.
func partitionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || parts[0] != "arn" {
		return ""
	}
	return parts[1]
}
