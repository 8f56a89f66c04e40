package dataintegrity_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
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

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return o.now }
	m, err := realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock}), &realdid.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	o.method, o.control, o.next, o.desk = m, generate(t, keys.Ed25519), generate(t, keys.Ed25519), generate(t, keys.P256)
	res, err := m.Create(t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(o.control.Public()), Next: realdid.SHA256.Commit(o.next.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{
			{Fragment: "desk", Key: o.desk.Public(), Purposes: did.AssertionMethod},
		}},
	}, o.control)
	if err != nil {
		t.Fatal(err)
	}
	o.id = res.DID
	return o
}

// issue signs with the desk's key, whoever holds it.
func (o *office) issue(suite dataintegrity.Cryptosuite, opt dataintegrity.IssueOptions) *dataintegrity.Credential {
	o.t.Helper()
	p := &parties{issuer: dataintegrity.Issuer{Signer: o.desk, Method: o.id.WithFragment("desk")}, method: did.MustParse(citizen).WithFragment("phone")}
	opt.Cryptosuite = suite
	c, err := dataintegrity.Issue(o.t.Context(), p.issuer, p.credential(), &opt)
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

// anchor makes a receipt for a credential, and anchors its root with the control key.
func (o *office) anchor(c *dataintegrity.Credential) *vc.Receipt {
	o.t.Helper()
	digest, err := c.IssuanceDigest()
	if err != nil {
		o.t.Fatal(err)
	}
	b, err := vc.NewReceiptBatch(0)
	if err != nil {
		o.t.Fatal(err)
	}
	place, err := b.Add(digest)
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.method.Anchor(o.t.Context(), o.id, b.Root(), o.control); err != nil {
		o.t.Fatal(err)
	}
	r, err := b.Receipt(place)
	if err != nil {
		o.t.Fatal(err)
	}
	return r
}

// replaceDesk rotates: the desk's key leaves the document, retired, or compromised since an operation.
func (o *office) replaceDesk(compromised map[string]uint64) {
	o.t.Helper()
	after := generate(o.t, keys.Ed25519)
	_, err := o.method.Rotate(o.t.Context(), o.id, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{o.next.Public()}, Control: realdid.OneKey(o.next.Public()), Next: realdid.SHA256.Commit(after.Public()),
		Document: &realdid.Content{}, Compromised: compromised,
	}, o.next)
	if err != nil {
		o.t.Fatal(err)
	}
	o.control, o.next = o.next, after
}

func (o *office) verify(c *dataintegrity.Credential, r *vc.Receipt, policy vc.RetiredKeys) string {
	o.t.Helper()
	clock := func() time.Time { return o.now }
	var p vc.Presentation = dataintegrity.Received(c.Bytes(), nil)
	if r != nil {
		p = vc.WithReceipt(p, r)
	}
	_, _, err := vc.NewVerifier(resolver.Keys{Resolver: o.method, Now: clock}, clock).Verify(o.t.Context(), p, &vc.Expect{
		Issuers: []did.DID{o.id}, Types: []string{"ExampleAlumniCredential"}, InsecureNoHolderBinding: true, RetiredKeys: policy,
	})
	return vc.Code(err)
}

// TestRotation follows credentials of an authority with a history of keys, in every suite that its key has.
func TestRotation(t *testing.T) {
	for name, suite := range map[string]dataintegrity.Cryptosuite{
		"ecdsa-jcs-2019": dataintegrity.ECDSAJCS2019{}, "ecdsa-rdfc-2019": dataintegrity.ECDSARDFC2019{},
		"ecdsa-sd-2023": dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			shown := func(c *dataintegrity.Credential, reveal ...string) *dataintegrity.Credential {
				if name != "ecdsa-sd-2023" {
					return c
				}
				d, err := c.Derive(t.Context(), append(reveal, "/type", "/credentialSubject/id"), nil)
				if err != nil {
					t.Fatal(err)
				}
				return d
			}
			base := o.issue(suite, dataintegrity.IssueOptions{Created: o.now})
			dated, undated := shown(base, "/credentialSubject/alumniOf"), shown(o.issue(suite, dataintegrity.IssueOptions{Undated: true}))
			receipt := o.anchor(base)
			o.now = o.now.Add(time.Hour)
			other := shown(o.issue(suite, dataintegrity.IssueOptions{Created: o.now}))
			for _, c := range []*dataintegrity.Credential{dated, undated, other} {
				if got := o.verify(c, nil, vc.AcceptRetiredKeys); got != "" {
					t.Errorf("while the key is in service: got %q", got)
				}
			}
			o.now = o.now.AddDate(0, 1, 0)
			o.replaceDesk(nil)
			o.now = o.now.AddDate(0, 1, 0)
			for _, c := range []struct {
				name    string
				cred    *dataintegrity.Credential
				receipt *vc.Receipt
				policy  vc.RetiredKeys
				want    string
			}{
				{"on the signer's word", dated, nil, vc.AcceptRetiredKeys, ""},
				{"undated", undated, nil, vc.AcceptRetiredKeys, "vc.issuer.key.time"},
				{"refused altogether", dated, receipt, vc.RefuseRetiredKeys, "vc.issuer.key.retired"},
				{"with a receipt", dated, receipt, vc.RetiredKeysWithReceipt, ""},
				{"disclosing something else, with the same receipt", shown(base), receipt, vc.RetiredKeysWithReceipt, ""},
				{"without", dated, nil, vc.RetiredKeysWithReceipt, "vc.receipt.missing"},
				{"another's receipt", other, receipt, vc.RetiredKeysWithReceipt, "vc.receipt.root"},
				{"after the key", shown(o.issue(suite, dataintegrity.IssueOptions{Created: o.now})), nil, vc.AcceptRetiredKeys, "vc.issuer.key.time"},
			} {
				if got := o.verify(c.cred, c.receipt, c.policy); got != c.want {
					t.Errorf("%s: got %q, want %q", c.name, got, c.want)
				}
			}
		})
	}
}
