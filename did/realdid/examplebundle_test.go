package realdid_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// cosigner signs whatever it is shown: real ones are packages witness and mirror.
type cosigner struct{ *proof.NoteSigner }

func (c cosigner) Name() string { return c.Verifier().Name() }

func (c cosigner) Cosign(_ context.Context, _ uint64, _ []proof.Hash, note []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	sig, err := c.NoteSigner.Cosign(n.Text, time.Now())
	return sig.Append(nil), err
}

// provable opens a ledger in memory that proves itself under a witness and an auditor.
func provable() (*tlog.Log, *proof.Trust, func()) {
	signer := check(proof.GenerateNoteSigner("ledger.example", proof.LogEd25519))
	witness := check(proof.GenerateNoteSigner("witness.example", proof.CosignatureEd25519))
	auditor := check(proof.GenerateNoteSigner("auditor.example", proof.CosignatureEd25519))
	trust := &proof.Trust{
		Origin: "ledger.example", Log: signer.Verifier(),
		Cosigners: []proof.Cosigner{{Key: witness.Verifier(), Role: proof.Witness}, {Key: auditor.Verifier(), Role: proof.Auditor}},
		Quorum:    proof.Quorum{Witnesses: 1, Auditors: 1},
	}
	dir := check(os.MkdirTemp("", "log"))
	lg := check(tlog.Open(memledger.New(realdid.Reducer(), nil), dir, signer, trust, realdid.Reducer(), &tlog.Options{
		Interval: 10 * time.Millisecond, Cosigners: []tlog.Cosigner{cosigner{witness}, cosigner{auditor}},
	}))
	return lg, trust, func() { lg.Close(); os.RemoveAll(dir) }
}

func ExampleMethod_Bundle() {
	ctx := context.Background()
	lg, trust, closeLedger := provable()
	defer closeLedger()
	m := check(realdid.New(lg, &realdid.Options{Trust: trust}))
	phone, paper, login := generate(), generate(), generate()
	me := check(m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(paper.Public()), Document: authentication("phone-1", login),
	}, phone))
	bundle := check(m.Bundle(ctx, me.DID, nil)) // waits until an epoch covers the create
	fmt.Println("a few kilobytes:", len(bundle.Bytes()) < 6<<10)

	// Somewhere else, with no network.
	v := check(realdid.NewVerifier([]realdid.TrustedLedger{{Trust: trust}}, nil))
	r := check(v.Verify(ctx, me.DID, bundle.Bytes(), nil))
	fmt.Println("replayed:", r.Evidence.Replayed, "latest:", r.Evidence.Latest, "fresh:", time.Since(r.Evidence.AsOf) < time.Hour)

	tampered := append([]byte{}, bundle.Bytes()...)
	tampered[len(tampered)/2] ^= 1
	_, err := v.Verify(ctx, me.DID, tampered, nil)
	fmt.Println("tampered:", errors.Is(err, realdid.ErrBundle))
	// Output:
	// a few kilobytes: true
	// replayed: true latest: true fresh: true
	// tampered: true
}

func ExampleSignDescriptor() {
	ctx := context.Background()
	vkey := func(name string, typ proof.KeyType) proof.VerifierKey {
		return check(proof.GenerateNoteSigner(name, typ)).Verifier()
	}
	root := generate()
	body := &realdid.DescriptorBody{
		Version: 1, Domain: "example", Roots: realdid.RootKeys{Threshold: 1, Keys: []string{root.Public().Multikey()}},
		Ledgers: []realdid.LedgerEntry{{Home: "main", Origin: "ledger.example", Log: vkey("ledger.example", proof.LogEd25519), URLs: []string{"https://ledger.example/"}}},
		Cosigners: []realdid.CosignerEntry{
			{Key: vkey("one.example", proof.CosignatureEd25519), Role: "witness"},
			{Key: vkey("two.example", proof.CosignatureEd25519), Role: "witness"},
			{Key: vkey("three.example", proof.CosignatureEd25519), Role: "witness"},
			{Key: vkey("auditor.example", proof.CosignatureEd25519), Role: "auditor"},
		},
		Quorum: realdid.DomainQuorum{Witnesses: realdid.RoleQuorum{Need: 2}, Auditors: realdid.RoleQuorum{Need: 1}},
		Limits: realdid.DomainLimits{ClockSkew: 300, MaxAge: 86400},
	}
	file := check(realdid.SignDescriptor(ctx, body, root)).Bytes()

	// A client that pinned the root key.
	d := check(realdid.ParseDescriptor(file))
	fmt.Println("pinned:", d.SignedBy(realdid.OneKey(root.Public())) == nil)
	v := check(realdid.NewVerifier(d.Trusted(), nil))
	fmt.Println(d.Domain, len(d.Ledgers), v != nil)

	// One of three witnesses may be dishonest only if all three are needed.
	body.Quorum.Witnesses.Faulty = 1
	fmt.Println(errors.Is(body.Check(), realdid.ErrDescriptor))
	body.Quorum.Witnesses.Need = 3
	fmt.Println(body.Check())
	// Output:
	// pinned: true
	// example 1 true
	// true
	// <nil>
}

func ExampleRegistrar() {
	ctx, now := context.Background(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := realdid.NewRegistrar(on(&now))
	phone, paper := generate(), generate()
	next := realdid.SHA256.CommitKey(paper.Public())
	options := fmt.Sprintf(`{"control": {"threshold": 1, "keys": [%q]}, "next": {"threshold": 1, "digests": [%q]}}`,
		phone.Public().Multikey(), realdidBase32(next[:]))
	document := fmt.Sprintf(`{"verificationMethod": [{"id": "#auth", "type": "Multikey", "publicKeyMultibase": %q}], "authentication": ["#auth"]}`,
		generate().Public().Multikey())

	p := check(r.Prepare(ctx, &did.Change{Operation: "create", Document: []byte(document), Options: []byte(options)}))
	signatures := map[string][]byte{}
	for _, req := range p.Requests { // on the phone
		signatures[req.ID] = check(keys.Signer(phone).Sign(ctx, req.Payload))
	}
	done := check(r.Submit(ctx, p.State, signatures))
	fmt.Println(done.DID == p.DID, len(done.Document.VerificationMethod))
	// Output: true 1
}
