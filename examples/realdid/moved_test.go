package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// cosignerHere signs at one time.
type cosignerHere struct {
	*proof.NoteSigner
	now func() time.Time
}

func (c cosignerHere) Name() string { return c.Verifier().Name() }

func (c cosignerHere) Cosign(_ context.Context, _ uint64, _ []proof.Hash, note []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	sig, err := c.NoteSigner.Cosign(n.Text, c.now())
	return sig.Append(nil), err
}

// scriptProve stands in for the servers of a trust domain with the ledgers second, which is its first, and main, which it has in a folder.
// It writes the descriptor to a new folder, and what main and its cosigners prove about a DID to a bundle.
func scriptProve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 && len(args) != 6 {
		ts.Fatalf("usage: prove LEDGER DID DOMAIN BUNDLE TIME [ended]")
	}
	at, err := time.Parse(time.RFC3339, args[4])
	ts.Check(err)
	now := func() time.Time { return at }
	note := func(name string, typ proof.KeyType) *proof.NoteSigner {
		seed := sha256.Sum256([]byte("script " + name))
		s, err := proof.NewNoteSigner(name, typ, seed[:])
		ts.Check(err)
		return s
	}
	secret := sha256.Sum256([]byte("script root"))
	root, err := keys.NewPrivateKey(keys.Ed25519, secret[:])
	ts.Check(err)
	body := &realdid.DescriptorBody{
		Version: 1, Domain: "main", Roots: realdid.RootKeys{Threshold: 1, Keys: []string{root.Public().Multikey()}},
		Ledgers: []realdid.LedgerEntry{
			{Home: "second", Origin: "second.example", Log: note("second.example", proof.LogEd25519).Verifier()},
			{Home: "main", Origin: "main.example", Log: note("main.example", proof.LogEd25519).Verifier()},
		},
		Quorum: realdid.DomainQuorum{Witnesses: realdid.RoleQuorum{Need: 1}, Auditors: realdid.RoleQuorum{Need: 1}},
		Limits: realdid.DomainLimits{ClockSkew: 300, MaxAge: 86400},
	}
	var cosigners []tlog.Cosigner
	for _, role := range []string{"witness", "auditor"} {
		s := note(role+".example", proof.CosignatureEd25519)
		cosigners = append(cosigners, cosignerHere{s, now})
		body.Cosigners = append(body.Cosigners, realdid.CosignerEntry{Key: s.Verifier(), Role: role})
	}
	d, err := realdid.SignDescriptor(context.Background(), body, root)
	ts.Check(err)
	trust, err := d.Trust("main")
	ts.Check(err)
	red := realdid.Network{}.Reducer()
	lg, err := boltledger.Open(ts.MkAbs(args[0]), red, &boltledger.Options{Clock: now})
	ts.Check(err)
	defer lg.Close()
	dir := ts.MkAbs(args[2])
	ts.Check(os.MkdirAll(dir, 0o700))
	l, err := tlog.Open(lg, filepath.Join(dir, "tlog"), note("main.example", proof.LogEd25519), trust, red, &tlog.Options{
		Clock: now, Interval: 5 * time.Millisecond, Cosigners: cosigners,
	})
	ts.Check(err)
	defer l.Close()
	m, err := realdid.New(l, &realdid.Options{Clock: now, Trust: trust})
	ts.Check(err)
	b, err := m.Bundle(context.Background(), did.MustParse(args[1]), &realdid.BundleOptions{WithoutOperations: true})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), b.Bytes(), 0o644))
	if len(args) == 6 { // with the checkpoint of the bundle
		view, err := b.JSON()
		ts.Check(err)
		var says struct{ Proof realdid.FinalCheckpoint }
		ts.Check(json.Unmarshal(view, &says))
		body.Ledgers[1].Final, body.Ledgers[1].Successor = &says.Proof, "second"
		d, err = realdid.SignDescriptor(context.Background(), body, root)
		ts.Check(err)
	}
	ts.Check(os.WriteFile(filepath.Join(dir, descriptorFile), d.Bytes(), 0o644))
}
