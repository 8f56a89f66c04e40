package sdjwt_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// office is an authority with an identifier of its own, on a ledger whose clock a test sets.
type office struct {
	t             *testing.T
	now           time.Time
	method        *realdid.Method
	control, next *keys.PrivateKey
	desk          *keys.PrivateKey // signs credentials
	id            did.DID
}

const deskFragment, personType = "desk", "https://id.example/person"

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return o.now }
	m, err := realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock}), &realdid.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	o.method, o.control, o.next, o.desk = m, newKey(t), newKey(t), newKey(t)
	res, err := m.Create(t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(o.control.Public()), Next: realdid.SHA256.Commit(o.next.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{
			{Fragment: deskFragment, Key: o.desk.Public(), Purposes: did.AssertionMethod},
		}},
	}, o.control)
	if err != nil {
		t.Fatal(err)
	}
	o.id = res.DID
	return o
}

func newKey(t *testing.T) *keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// issue signs with the desk's key, whoever holds it, and with whatever date.
func (o *office) issue(name string, at time.Time) *sdjwt.Credential {
	o.t.Helper()
	c, err := sdjwt.Issue(o.t.Context(), sdjwt.Issuer{Signer: o.desk, Method: o.id.WithFragment(deskFragment)},
		map[string]any{"vct": personType, "given_name": name}, &sdjwt.IssueOptions{IssuedAt: at})
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// anchor makes receipts for credentials, and anchors their root with the control key.
func (o *office) anchor(cs ...*sdjwt.Credential) []*vc.Receipt {
	o.t.Helper()
	b, err := vc.NewReceiptBatch(0)
	if err != nil {
		o.t.Fatal(err)
	}
	var places []int
	for _, c := range cs {
		digest, err := c.IssuanceDigest()
		if err != nil {
			o.t.Fatal(err)
		}
		place, err := b.Add(digest)
		if err != nil {
			o.t.Fatal(err)
		}
		places = append(places, place)
	}
	if _, err := o.method.Anchor(o.t.Context(), o.id, b.Root(), o.control); err != nil {
		o.t.Fatal(err)
	}
	var out []*vc.Receipt
	for _, place := range places {
		r, err := b.Receipt(place)
		if err != nil {
			o.t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// replaceDesk rotates: the desk's key leaves the document, retired, or compromised since an operation.
func (o *office) replaceDesk(compromised map[string]uint64) {
	o.t.Helper()
	after := newKey(o.t)
	_, err := o.method.Rotate(o.t.Context(), o.id, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{o.next.Public()}, Control: realdid.OneKey(o.next.Public()), Next: realdid.SHA256.Commit(after.Public()),
		Document: &realdid.Content{}, Compromised: compromised,
	}, o.next)
	if err != nil {
		o.t.Fatal(err)
	}
	o.control, o.next = o.next, after
}

func (o *office) verify(c *sdjwt.Credential, r *vc.Receipt, policy vc.RetiredKeys) string {
	o.t.Helper()
	v := vc.NewVerifier(resolver.Keys{Resolver: o.method, Now: func() time.Time { return o.now }}, func() time.Time { return o.now })
	var p vc.Presentation = sdjwt.Received(c.Bytes())
	if r != nil {
		p = vc.WithReceipt(p, r)
	}
	_, _, err := v.Verify(o.t.Context(), p, &vc.Expect{
		Issuers: []did.DID{o.id}, Types: []string{personType}, InsecureNoHolderBinding: true, RetiredKeys: policy,
	})
	return vc.Code(err)
}

// TestThief has property P3: rotation keeps the past and not the thief, who holds the desk's key and, later, even the control
// key, and sets any clock.
func TestThief(t *testing.T) {
	o := newOffice(t)
	honest := o.issue("Ada", o.now)
	o.now = o.now.Add(time.Hour)
	receipt := o.anchor(honest)[0] // operation 1
	issuedSince := o.issue("Grace", o.now)

	o.now = o.now.AddDate(0, 1, 0)
	backdated := o.issue("Mallory", time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	thiefs := o.anchor(backdated)[0] // operation 2, with the stolen control key

	o.now = o.now.Add(24 * time.Hour)
	for _, c := range []*sdjwt.Credential{honest, issuedSince, backdated} {
		if got := o.verify(c, nil, vc.AcceptRetiredKeys); got != "" {
			t.Fatalf("while nobody knows of the theft: got %q, want valid", got)
		}
	}
	o.replaceDesk(map[string]uint64{deskFragment: 2})
	for _, c := range []struct {
		name    string
		cred    *sdjwt.Credential
		receipt *vc.Receipt
		want    string
	}{
		{"honest, receipt", honest, receipt, ""},
		{"honest, none", honest, nil, "vc.issuer.key.compromised"},
		{"honest, never anchored", issuedSince, nil, "vc.issuer.key.compromised"},
		{"honest, another's receipt", issuedSince, receipt, "vc.receipt.root"},
		{"back-dated, none", backdated, nil, "vc.issuer.key.compromised"},
		{"back-dated, the honest receipt", backdated, receipt, "vc.receipt.root"},
		{"back-dated, the thief's own anchor", backdated, thiefs, "vc.receipt.late"},
		{"back-dated to before the key", o.issue("Mallory", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)), receipt, "vc.receipt.root"},
	} {
		for _, policy := range []vc.RetiredKeys{vc.AcceptRetiredKeys, vc.RefuseRetiredKeys, vc.RetiredKeysWithReceipt} {
			if got := o.verify(c.cred, c.receipt, policy); got != c.want {
				t.Errorf("%s, policy %d: got %q, want %q", c.name, policy, got, c.want)
			}
		}
	}
}

// TestThiefOfRetiredKey is the same with a key that was retired in good order: only a policy that wants receipts notices.
func TestThiefOfRetiredKey(t *testing.T) {
	o := newOffice(t)
	honest := o.issue("Ada", o.now)
	o.now = o.now.Add(time.Hour)
	receipt := o.anchor(honest)[0]
	o.now = o.now.Add(time.Hour)
	o.replaceDesk(nil)
	o.now = o.now.AddDate(1, 0, 0)
	backdated := o.issue("Mallory", time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC))
	late := o.anchor(backdated)[0]
	for _, c := range []struct {
		name    string
		cred    *sdjwt.Credential
		receipt *vc.Receipt
		policy  vc.RetiredKeys
		want    string
	}{
		{"on the signer's word", backdated, nil, vc.AcceptRetiredKeys, ""},
		{"refused altogether", honest, receipt, vc.RefuseRetiredKeys, "vc.issuer.key.retired"},
		{"with a receipt", honest, receipt, vc.RetiredKeysWithReceipt, ""},
		{"without", honest, nil, vc.RetiredKeysWithReceipt, "vc.receipt.missing"},
		{"back-dated, without", backdated, nil, vc.RetiredKeysWithReceipt, "vc.receipt.missing"},
		{"back-dated, anchored today", backdated, late, vc.RetiredKeysWithReceipt, "vc.receipt.late"},
	} {
		if got := o.verify(c.cred, c.receipt, c.policy); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
