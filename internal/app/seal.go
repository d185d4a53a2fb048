package app

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/crypto/ssh"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/kms"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/gate/approval"
	"falkirk/internal/ledger"
	"falkirk/internal/signing"
)

// ledgerKeyVariable names the key that signs on this machine, before the one
// in the app file.
const ledgerKeyVariable = "FALKIRK_LEDGER_KEY"

// ring signs the ledgers of an app; nil where the app file asks for none.
func ring(a delivery.App, accounts *account.Pool) *signing.Ring {
	if a.Ledger == nil {
		return nil
	}
	return signing.New(signing.Options{
		Path: inRoot(a, a.Ledger.Signers), Name: a.Ledger.Signers, Namespace: delivery.LedgerNamespace, Now: time.Now,
		Key: func(ctx context.Context) (signing.Key, error) { return ledgerKey(ctx, a, accounts) },
	})
}

// ledgerKeys are the ring as a ledger takes it.
func ledgerKeys(r *signing.Ring) ledger.Keys {
	if r == nil {
		return nil
	}
	return r
}

func ledgerKey(ctx context.Context, a delivery.App, accounts *account.Pool) (signing.Key, error) {
	key := os.Getenv(ledgerKeyVariable)
	if key == "" {
		if err := a.Ledger.Unusable.Err("the key that signs the ledger"); err != nil {
			return nil, err
		}
		key = a.Ledger.Sign
		if key != "" && !strings.HasPrefix(key, "arn:") && !filepath.IsAbs(key) && !strings.HasPrefix(key, "~/") {
			key = filepath.Join(a.Root, filepath.FromSlash(key))
		}
	}
	if !strings.HasPrefix(key, "arn:") {
		home, err := os.UserHomeDir()
		if err != nil {
			home = "" // then there are no usual keys
		}
		return signing.FindFile(ctx, key, home, os.Stderr)
	}
	region, err := kms.Region(key)
	if err != nil {
		return nil, err
	}
	cfg, err := signAs(ctx, a, accounts, region)
	if err != nil {
		return nil, err
	}
	open := sync.OnceValues(func() (kms.Key, error) { return kms.Open(ctx, cfg, key) })
	return signing.NewRemote(func(ctx context.Context) (ssh.Signer, error) {
		k, err := open()
		if err != nil {
			return nil, err
		}
		return k.Signer(ctx), nil
	}), nil
}

// signAs is the configuration of the first role that may be assumed to sign: that
// of ledger.account or else of the store's account, then the storeRole of each
// environment. Who may assume none of them gets the error of the first.
func signAs(ctx context.Context, a delivery.App, accounts *account.Pool, region string) (aws.Config, error) {
	cfg, err := accounts.Config(ctx, cmp.Or(a.Ledger.Account, a.StoreAccount), region)
	if a.Ledger.Account != "" {
		return cfg, err
	}
	for _, env := range a.Environments {
		if !fault.Is(err, fault.Refused) {
			break
		}
		if env.StoreRole == "" {
			continue
		}
		if other, otherErr := accounts.Config(ctx, a.StoreRoleAccount(env.Name), region); otherErr == nil {
			return other, nil
		}
	}
	return cfg, err
}

// signersOf finds what is wrong with the lists of signers of an app: that of the
// ledgers, and those of approval gates.
func signersOf(a delivery.App) []config.Finding {
	var all []config.Finding
	if r := ring(a, nil); r != nil && a.Ledger.Signers != "" {
		for _, text := range r.Problems() {
			all = append(all, config.Finding{Path: []string{"ledger", "signers"}, Text: text})
		}
	}
	for i, e := range a.Environments {
		for j, g := range e.Gates {
			var set approval.Settings
			if g.Kind != kindApproval || json.Unmarshal(g.Settings, &set) != nil || set.Signers == "" {
				continue
			}
			list := signing.New(signing.Options{Path: inRoot(a, set.Signers), Name: set.Signers, Namespace: delivery.SignatureNamespace, Now: time.Now})
			for _, text := range list.Problems() {
				all = append(all, config.Finding{Path: []string{"environments", strconv.Itoa(i), "gates", strconv.Itoa(j), kindApproval, "signers"}, Text: text})
			}
		}
	}
	return all
}

// inRoot is the path of a file that the app file names.
func inRoot(a delivery.App, name string) string {
	if path := filepath.FromSlash(name); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.Root, filepath.FromSlash(name))
}
