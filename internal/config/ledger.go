package config

import (
	"strings"

	"falkirk/internal/delivery"
)

// ledger reads how the entries of the ledgers are signed. A variable that is not
// set takes away the key; without the list nothing would be checked, so every
// command needs that.
func (b *builder) ledger(n *node) {
	if n == nil || n.shape == null {
		return
	}
	var l ledgerBlock
	b.needed(n, "signers")
	why := b.contained(func() {
		b.decodeLazy(n, &l, "ledger")
		b.signingAccount(n, l)
	}, n.get("sign"), n.get("account"))
	b.name(n, "signers", "sign", "account")
	b.file.App.Ledger = &delivery.LedgerSetting{Signers: l.Signers, Sign: l.Sign, Account: l.Account, Unusable: why}
}

// signingAccount checks the account that uses the key.
func (b *builder) signingAccount(n *node, l ledgerBlock) {
	at := n.get("account")
	if at == nil || at.unset != "" {
		return
	}
	b.accountNamed(at, l.Account)
	if l.Account != "" && l.Sign != "" && !strings.HasPrefix(l.Sign, "arn:") {
		b.rep.add(at.pos, Problem{Text: "an account, and the key is a file", Got: at.got(), Want: "sign: the ARN of a KMS key, or no account"})
	}
}
