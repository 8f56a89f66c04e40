package bbs2023

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func deriveTen(t *testing.T, c *dataintegrity.Credential, s Suite) []byte {
	t.Helper()
	d, err := c.Derive(t.Context(), tenReveal, &dataintegrity.DeriveOptions{Cryptosuite: s})
	if err != nil {
		t.Fatal(err)
	}
	return d.Bytes()
}

// TestUndated: no time is in a proof unless the issuer sets one, because all showings would have it.
func TestUndated(t *testing.T) {
	key := newKey(t)
	issuer := dataintegrity.Issuer{Signer: key, Method: didkey.URL(key.Public())}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		opt  dataintegrity.IssueOptions
		want time.Time
	}{
		"by default": {dataintegrity.IssueOptions{}, time.Time{}},
		"said":       {dataintegrity.IssueOptions{Undated: true}, time.Time{}},
		"a time":     {dataintegrity.IssueOptions{Created: at}, at},
	} {
		c.opt.Cryptosuite = Suite{Mandatory: tenMandatory}
		cred, err := dataintegrity.IssueJSON(t.Context(), issuer, tenClaims(issuer.Method.DID()), &c.opt)
		if err != nil {
			t.Fatal(err)
		}
		shown := deriveTen(t, cred, Suite{})
		if got := proofOf(t, shown).Created; !got.Equal(c.want) {
			t.Errorf("%s: created is %v", name, got)
		}
		if err := checkProofs(t, shown, Suite{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFresh: every base proof has an HMAC key of its own, and every derived one is new.
func TestFresh(t *testing.T) {
	key := newKey(t)
	c := issueTen(t, key, Suite{Mandatory: tenMandatory})
	seen := map[string]bool{string(make([]byte, hmacKeySize)): true}
	for range 3 {
		b, err := parseBase(proofOf(t, issueTen(t, key, Suite{Mandatory: tenMandatory}).Bytes()).ProofValue)
		if err != nil {
			t.Fatal(err)
		}
		d, err := parseDerived(proofOf(t, deriveTen(t, c, Suite{})).ProofValue)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{string(b.hmacKey), string(d.proof[:48]), string(d.proof[48:96])} {
			if seen[s] {
				t.Error("something is used again")
			}
			seen[s] = true
		}
	}
}

// TestNothingOfTheBaseProof: no derived document has a run of 8 bytes of the base proof that is not public, in any encoding that
// the document uses.
func TestNothingOfTheBaseProof(t *testing.T) {
	e := enrol(t)
	for name, c := range map[string]struct {
		base    *dataintegrity.Credential
		derived []byte
	}{
		"baseline":       {issueTen(t, e.issuer, Suite{Mandatory: tenMandatory}), nil},
		"with pseudonym": {e.credential, e.derive(t, shop)},
	} {
		if c.derived == nil {
			c.derived = deriveTen(t, c.base, Suite{})
		}
		b, err := parseBase(proofOf(t, c.base.Bytes()).ProofValue)
		if err != nil {
			t.Fatal(err)
		}
		d, err := parseDerived(proofOf(t, c.derived).ProofValue)
		if err != nil {
			t.Fatal(err)
		}
		raw := bytes.Join([][]byte{d.proof, d.pseudonym, d.presentationHeader}, nil)
		for what, secret := range map[string][]byte{"signature": b.signature, "hmac key": b.hmacKey, "entropy": b.entropy, "header": b.header, "key": b.publicKey} {
			for i := 0; i+8 <= len(secret); i++ {
				if bytes.Contains(raw, secret[i:i+8]) {
					t.Errorf("%s: bytes %d to %d of the %s are in the derived proof", name, i, i+8, what)
				}
			}
		}
		for _, hidden := range []string{"value 0", "value 9", "claim1"} {
			if bytes.Contains(c.derived, []byte(hidden)) {
				t.Errorf("%s: %q is in the derived document", name, hidden)
			}
		}
	}
}

// TestKeys signs and verifies with keys that are none of the suite's.
func TestKeys(t *testing.T) {
	key, other := newKey(t), newKey(t)
	c := issueTen(t, key, Suite{Mandatory: tenMandatory})
	d, err := c.Derive(t.Context(), tenReveal, nil)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	// Well-formed, and not on the curve: package keys looks at the form alone.
	form := bytes.Clone(key.Public().Bytes())
	var noPoint keys.PublicKey
	for form[95]++; ; form[95]++ {
		if noPoint, err = keys.NewPublicKey(keys.BLS12381G2, form); err == nil {
			if _, err := bbs.PublicKeyOf(noPoint); err != nil {
				break
			}
		}
	}
	in := inputOf(t, d.Bytes())
	for name, k := range map[string]struct {
		key  keys.PublicKey
		code string
	}{
		"this key": {key.Public(), ""}, "another": {other.Public(), "vc.signature.invalid"}, "of Ed25519": {ed.Public(), "dataintegrity.proof.key"},
		"none": {keys.PublicKey{}, "dataintegrity.proof.key"}, "no point": {noPoint, "dataintegrity.proof.key"},
	} {
		if err := (Suite{}).VerifyProof(in, k.key); vc.Code(err) != k.code {
			t.Errorf("%s: got %v, want %q", name, err, k.code)
		}
	}
	base, err := c.BaseInput(Suite{})
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]struct {
		key  keys.PublicKey
		code string
	}{
		"this key": {key.Public(), ""}, "another": {other.Public(), "bbs2023.base"}, "of Ed25519": {ed.Public(), "dataintegrity.proof.key"},
	} {
		if err := (Suite{}).VerifyBase(base, k.key); vc.Code(err) != k.code {
			t.Errorf("%s checks a base proof: got %v, want %q", name, err, k.code)
		}
	}
	if err := (Suite{}).VerifyProof(base, key.Public()); vc.Code(err) != "dataintegrity.proof.base" {
		t.Errorf("a base proof as a derived one: got %v", err)
	}
	if err := (Suite{}).VerifyBase(in, key.Public()); vc.Code(err) != "dataintegrity.sd.derived" {
		t.Errorf("a derived proof as a base proof: got %v", err)
	}
	for name, s := range map[string]keys.Signer{"of Ed25519": ed, "of messages with a key of Ed25519": otherKey{key, ed.Public()}, "of no messages": onlyKey{key.Public()}, "short": shortSigner{key}} {
		for _, suite := range []Suite{{}, {Commitment: &Commitment{WithProof: make([]byte, 144), N: 1}}, {HolderBinding: &HolderBinding{Commitment: make([]byte, 144)}}} {
			if got, err := suite.CreateProof(t.Context(), &dataintegrity.Input{Document: base.Document, Proof: base.Proof, Contexts: base.Contexts}, s); err == nil {
				t.Errorf("a signer %s: got %s", name, got)
			}
		}
	}
}

// onlyKey has a key of the right kind, and signs single messages alone.
type onlyKey struct{ key keys.PublicKey }

func (k onlyKey) Public() keys.PublicKey                     { return k.key }
func (onlyKey) Sign(context.Context, []byte) ([]byte, error) { return make([]byte, 80), nil }

// otherKey signs lists of messages and says that its key is another.
type otherKey struct {
	*bbs.PrivateKey
	key keys.PublicKey
}

func (k otherKey) Public() keys.PublicKey { return k.key }

// shortSigner returns signatures of no length that there is.
type shortSigner struct{ *bbs.PrivateKey }

func (shortSigner) SignMessages(context.Context, bbs.Ciphersuite, []byte, [][]byte) ([]byte, error) {
	return make([]byte, 79), nil
}

// inputOf returns what the suite gets of a document with one proof.
func inputOf(t *testing.T, document []byte) (in *dataintegrity.Input) {
	t.Helper()
	_, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), document, resolver.Keys{Resolver: didkey.Resolver{}}, &dataintegrity.ProofPolicy{
		Purpose: did.AssertionMethod, Options: dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{taker{got: &in}}, InsecureRewritable: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// taker is a Suite that verifies nothing and keeps what it gets.
type taker struct {
	Suite
	got **dataintegrity.Input
}

func (k taker) VerifyProof(in *dataintegrity.Input, _ keys.PublicKey) error { *k.got = in; return nil }

// TestVerifierLooksAtBase: a holder who checks what the issuer sent sees a document that was changed, and pointers that were.
func TestVerifierLooksAtBase(t *testing.T) {
	key := newKey(t)
	c := issueTen(t, key, Suite{Mandatory: tenMandatory})
	value := proofOf(t, c.Bytes()).ProofValue
	change := func(f func(b *base)) []byte {
		b, err := parseBase(value)
		if err != nil {
			t.Fatal(err)
		}
		f(b)
		changed, err := b.encode()
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Replace(c.Bytes(), []byte(value), []byte(changed), 1)
	}
	v := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, nil)
	expect := &vc.Expect{Issuers: []did.DID{didkey.Of(key.Public())}, InsecureAnyType: true, InsecureNoHolderBinding: true}
	for name, x := range map[string]struct {
		document []byte
		code     string
	}{
		"nothing":           {c.Bytes(), ""},
		"a claim":           {bytes.Replace(c.Bytes(), []byte("value 3"), []byte("value x"), 1), "vc.signature.invalid"},
		"a mandatory value": {bytes.Replace(c.Bytes(), []byte("2026-01-01"), []byte("2025-01-01"), 1), "bbs2023.base"},
		"the header":        {change(func(b *base) { b.header[0] ^= 1 }), "bbs2023.base"},
		"the signature":     {change(func(b *base) { b.signature[79] ^= 1 }), "vc.signature.invalid"},
		"the key":           {change(func(b *base) { b.publicKey = newKey(t).Public().Bytes() }), "bbs2023.base"},
		"pointers less":     {change(func(b *base) { b.mandatoryPointers = b.mandatoryPointers[:1] }), "bbs2023.base"},
		"pointers more":     {change(func(b *base) { b.mandatoryPointers = append(b.mandatoryPointers, "/credentialSubject/claim3") }), "bbs2023.base"},
		"wrong pointers":    {change(func(b *base) { b.mandatoryPointers[0] = "/nothing" }), "dataintegrity.sd.pointer"},
		"the HMAC key":      {change(func(b *base) { b.hmacKey[0] ^= 1 }), ""}, // no node of this document needs a label but one
	} {
		held, err := dataintegrity.ParseCredential(x.document, &dataintegrity.Options{Cryptosuites: understood.Cryptosuites})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := v.Verify(t.Context(), held, expect); vc.Code(err) != x.code {
			t.Errorf("%s: got %v, want %q", name, err, x.code)
		}
	}
}

func TestReceipts(t *testing.T) {
	c := issueTen(t, newKey(t), Suite{Mandatory: tenMandatory})
	if _, err := c.IssuanceDigest(); !errors.Is(err, dataintegrity.ErrNoReceipts) {
		t.Errorf("got %v", err)
	}
}

func TestDisclosable(t *testing.T) {
	got, err := issueTen(t, newKey(t), Suite{Mandatory: append([]string{"/credentialSubject/claim0"}, tenMandatory...)}).Disclosable()
	if err != nil || len(got) != 9 || got[0] != "/credentialSubject/claim1" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDeriveRefused(t *testing.T) {
	c := issueTen(t, newKey(t), Suite{})
	in, err := c.BaseInput(Suite{})
	if err != nil {
		t.Fatal(err)
	}
	none, err := parseBase(in.Proof.Value)
	if err != nil {
		t.Fatal(err)
	}
	none.mandatoryPointers = nil
	bad := *none
	bad.publicKey = bytes.Clone(none.publicKey)
	bad.publicKey[50] ^= 1
	of := func(b *base) *dataintegrity.Input {
		value, err := b.encode()
		if err != nil {
			t.Fatal(err)
		}
		p := *in.Proof
		p.Value = value
		return &dataintegrity.Input{Document: in.Document, Proof: &p, Contexts: in.Contexts}
	}
	derived, err := Suite{}.Derive(t.Context(), in, tenReveal)
	if err != nil {
		t.Fatal(err)
	}
	again := *in.Proof
	again.Value = derived.ProofValue
	for name, x := range map[string]struct {
		in     *dataintegrity.Input
		reveal []string
		code   string
	}{
		"nothing":        {of(none), nil, "dataintegrity.sd.nothing"},
		"to nothing":     {in, []string{"/nothing"}, "dataintegrity.sd.pointer"},
		"no pointer":     {in, []string{"nothing"}, "dataintegrity.sd.pointer"},
		"a derived one":  {&dataintegrity.Input{Document: in.Document, Proof: &again, Contexts: in.Contexts}, tenReveal, "dataintegrity.sd.derived"},
		"with a bad key": {of(&bad), tenReveal, "bbs2023.base"},
	} {
		if got, err := (Suite{}).Derive(t.Context(), x.in, x.reveal); vc.Code(err) != x.code || err == nil {
			t.Errorf("%s: got %v, %v; want %s", name, got, err, x.code)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Suite{}).Derive(ctx, in, tenReveal); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestChain: a document that contains proofs, as one of a chain, is refused everywhere.
func TestChain(t *testing.T) {
	key := newKey(t)
	method := didkey.URL(key.Public())
	first, err := dataintegrity.AddProof(t.Context(), key, tenClaims(method.DID()), &dataintegrity.ProofOptions{
		Method: method, Purpose: did.AssertionMethod, Cryptosuite: Suite{}, ID: "urn:example:first",
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = dataintegrity.AddProof(t.Context(), key, first, &dataintegrity.ProofOptions{
		Method: method, Purpose: did.AssertionMethod, Cryptosuite: Suite{}, PreviousProof: []string{"urn:example:first"},
	})
	const want = "dataintegrity.sd.chain"
	if vc.Code(err) != want {
		t.Errorf("got %v", err)
	}
	// A whole document in the place of one without its proof.
	whole := func(document []byte, in *dataintegrity.Input) *dataintegrity.Input {
		t.Helper()
		v, err := strictjson.Parse(document, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return &dataintegrity.Input{Document: v, Proof: in.Proof, Contexts: in.Contexts}
	}
	c := issueTen(t, key, Suite{})
	base, err := c.BaseInput(Suite{})
	if err != nil {
		t.Fatal(err)
	}
	shown := deriveTen(t, c, Suite{})
	if err := (Suite{}).VerifyProof(whole(shown, inputOf(t, shown)), key.Public()); vc.Code(err) != want {
		t.Errorf("verify: got %v", err)
	}
	if err := (Suite{}).VerifyBase(whole(c.Bytes(), base), key.Public()); vc.Code(err) != want {
		t.Errorf("verify a base proof: got %v", err)
	}
	if _, err := (Suite{}).Derive(t.Context(), whole(c.Bytes(), base), tenReveal); vc.Code(err) != want {
		t.Errorf("derive: got %v", err)
	}
}

// TestPresent makes a presentation that the holder signs, with the subject's id.
func TestPresent(t *testing.T) {
	key := newKey(t)
	phone, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	issuer := dataintegrity.Issuer{Signer: key, Method: didkey.URL(key.Public())}
	document := strings.Replace(string(tenClaims(issuer.Method.DID())), "did:example:citizen", phone.Public().DIDKey(), 1)
	c, err := dataintegrity.IssueJSON(t.Context(), issuer, []byte(document), &dataintegrity.IssueOptions{Cryptosuite: Suite{}})
	if err != nil {
		t.Fatal(err)
	}
	asked := []byte("hash of the request")
	pres, err := c.Present(t.Context(), phone, &dataintegrity.PresentOptions{
		Reveal: tenReveal, Audience: "https://shop.example", Nonce: "n-0S6", Derive: &dataintegrity.DeriveOptions{Cryptosuite: Suite{PresentationHeader: asked}},
	})
	if err != nil {
		t.Fatal(err)
	}
	v := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, nil)
	expect := &vc.Expect{
		Issuers: []did.DID{issuer.Method.DID()}, InsecureAnyType: true, Audience: "https://shop.example", Nonce: "n-0S6", InsecureUnrotatableHolderKey: true,
	}
	for header, code := range map[string]string{string(asked): "", "another": "bbs2023.presentation"} {
		opt := &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{Suite{PresentationHeader: []byte(header)}}}
		if _, _, err := v.Verify(t.Context(), dataintegrity.Received(pres.Bytes(), opt), expect); vc.Code(err) != code {
			t.Errorf("%q: got %v", header, err)
		}
	}
}

// TestConcurrent uses one suite, one credential and one received document from many goroutines, and nothing of them changes.
func TestConcurrent(t *testing.T) {
	e := enrol(t)
	shown := e.derive(t, shop)
	before := bytes.Clone(shown)
	in := inputOf(t, shown)
	value := in.Proof.Value
	holder, verifier := e.holder(shop), verifier(shop)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			d, err := e.credential.Derive(context.Background(), tenReveal, &dataintegrity.DeriveOptions{Cryptosuite: holder})
			if err != nil {
				t.Error(err)
				return
			}
			if err := checkProofs(t, d.Bytes(), verifier); err != nil {
				t.Error(err)
			}
			if err := verifier.VerifyProof(in, e.issuer.Public()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if !bytes.Equal(shown, before) || in.Proof.Value != value {
		t.Error("verifying has changed what it checks")
	}
	if !reflect.DeepEqual(holder, e.holder(shop)) {
		t.Error("the suite has changed")
	}
}
