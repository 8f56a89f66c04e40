package bbs2023

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// enrolled is a holder with pseudonyms and what an issuer signed for it.
type enrolled struct {
	issuer     *bbs.PrivateKey
	prover     *bbs.NymSecrets
	blind      *bbs.Blind
	commitment Commitment
	nyms       *bbs.NymSecrets
	credential *dataintegrity.Credential
}

const nymCount = 3

var (
	shop  = []byte("https://shop.example")
	asked = []byte("who asks, when and why")
)

func enrol(tb testing.TB) *enrolled {
	tb.Helper()
	e := &enrolled{issuer: newKey(tb)}
	var err error
	if e.prover, err = bbs.NewNymSecrets(nymCount); err != nil {
		tb.Fatal(err)
	}
	if e.commitment.WithProof, e.blind, err = ciphersuite.NymCommit(nil, e.prover); err != nil {
		tb.Fatal(err)
	}
	e.commitment.N = nymCount
	e.commitment.Entropy = bbs.NewNymEntropy()
	e.credential = issueTen(tb, e.issuer, Suite{Mandatory: tenMandatory, Commitment: &e.commitment})
	if e.nyms, err = Finalize(e.credential, e.issuer.Public(), e.prover, e.blind); err != nil {
		tb.Fatal(err)
	}
	return e
}

func (e *enrolled) holder(contextID []byte) Suite {
	return Suite{PresentationHeader: asked, Holder: &Holder{Nyms: e.nyms, Blind: e.blind, ContextID: contextID}}
}

func (e *enrolled) derive(tb testing.TB, contextID []byte) []byte {
	tb.Helper()
	d, err := e.credential.Derive(tb.Context(), tenReveal, &dataintegrity.DeriveOptions{Cryptosuite: e.holder(contextID)})
	if err != nil {
		tb.Fatal(err)
	}
	return d.Bytes()
}

func verifier(contextID []byte) Suite {
	return Suite{PresentationHeader: asked, Verifier: &Verifier{ContextID: contextID, N: nymCount}}
}

func pseudonymOf(t *testing.T, document []byte) []byte {
	t.Helper()
	p, err := PseudonymOf(proofOf(t, document).ProofValue)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPseudonym issues, derives and verifies.
func TestPseudonym(t *testing.T) {
	e := enrol(t)
	first, second, elsewhere := e.derive(t, shop), e.derive(t, shop), e.derive(t, []byte("https://forum.example"))
	for _, d := range [][]byte{first, second} {
		if err := checkProofs(t, d, verifier(shop)); err != nil {
			t.Error(err)
		}
	}
	if err := checkProofs(t, elsewhere, verifier([]byte("https://forum.example"))); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(pseudonymOf(t, first), pseudonymOf(t, second)) {
		t.Error("one context and two pseudonyms")
	}
	if bytes.Equal(pseudonymOf(t, first), pseudonymOf(t, elsewhere)) {
		t.Error("two contexts and one pseudonym")
	}
	want, err := ciphersuite.Pseudonym(shop, e.nyms)
	if err != nil || !bytes.Equal(pseudonymOf(t, first), want) {
		t.Errorf("got another pseudonym than that of the secrets, %v", err)
	}
	value := proofOf(t, e.credential.Bytes()).ProofValue
	if got, err := EntropyOf(value); err != nil || !bytes.Equal(got, e.commitment.Entropy) {
		t.Errorf("entropy: got %x, %v", got, err)
	}
	if got, err := (Suite{}).MandatoryPointers(value); err != nil || !reflect.DeepEqual(got, tenMandatory) {
		t.Errorf("mandatory: got %q, %v", got, err)
	}

	// The same entropy for a new commitment to the same secrets gives the same pseudonym again.
	again := *e
	if again.commitment.WithProof, again.blind, err = ciphersuite.NymCommit(nil, e.prover); err != nil {
		t.Fatal(err)
	}
	again.credential = issueTen(t, e.issuer, Suite{Mandatory: tenMandatory, Commitment: &again.commitment})
	if !bytes.Equal(pseudonymOf(t, again.derive(t, shop)), want) {
		t.Error("another pseudonym after a new commitment")
	}
	again.commitment.Entropy = nil // is drawn
	again.credential = issueTen(t, e.issuer, Suite{Mandatory: tenMandatory, Commitment: &again.commitment})
	if again.nyms, err = Finalize(again.credential, e.issuer.Public(), e.prover, again.blind); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(pseudonymOf(t, again.derive(t, shop)), want) {
		t.Error("the same pseudonym with other entropy")
	}
}

// TestPseudonymVerified goes through a verifier with a policy, and lets the holder check what the issuer sent.
func TestPseudonymVerified(t *testing.T) {
	e := enrol(t)
	v := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, nil)
	expect := &vc.Expect{Issuers: []did.DID{didkey.Of(e.issuer.Public())}, InsecureAnyType: true, InsecureNoHolderBinding: true}
	with := func(s Suite) *dataintegrity.Options {
		return &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{s}}
	}
	d := e.derive(t, shop)
	got, report, err := v.Verify(t.Context(), dataintegrity.Received(d, with(verifier(shop))), expect)
	if err != nil {
		t.Fatalf("%v, %+v", err, report)
	}
	if subject, _ := got.Claims()["credentialSubject"].(map[string]any); len(subject) != 4 || subject["claim5"] != "value 5" {
		t.Errorf("got %v", got.Claims())
	}
	if _, _, err := v.Verify(t.Context(), dataintegrity.Received(d, with(Suite{})), expect); vc.Code(err) != "bbs2023.pseudonym.unexpected" {
		t.Errorf("a verifier without a context: got %v", err)
	}
	if _, _, err := v.Verify(t.Context(), dataintegrity.Received(d, nil), expect); vc.Code(err) != "dataintegrity.proof.cryptosuite" {
		t.Errorf("a verifier without the suite: got %v", err)
	}
	if _, _, err := v.Verify(t.Context(), dataintegrity.Received(e.credential.Bytes(), with(verifier(shop))), expect); vc.Code(err) != "dataintegrity.proof.base" {
		t.Errorf("a base proof: got %v", err)
	}
	other, err := bbs.NewNymSecrets(nymCount)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		suite Suite
		code  string
	}{
		"the holder":    {e.holder(nil), ""},
		"other secrets": {Suite{Holder: &Holder{Nyms: other, Blind: e.blind}}, "vc.signature.invalid"},
		"the prover's":  {Suite{Holder: &Holder{Nyms: e.prover, Blind: e.blind}}, "vc.signature.invalid"},
		"no secrets":    {Suite{Holder: &Holder{}}, "bbs2023.nyms"},
		"no holder":     {Suite{}, "bbs2023.pseudonym.unexpected"},
	} {
		held, err := dataintegrity.ParseCredential(e.credential.Bytes(), with(c.suite))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := v.Verify(t.Context(), held, expect); vc.Code(err) != c.code {
			t.Errorf("%s checks the base proof: got %v, want %q", name, err, c.code)
		}
	}
}

// TestPseudonymRefused changes what must stand.
func TestPseudonymRefused(t *testing.T) {
	e := enrol(t)
	good := e.derive(t, shop)
	for name, s := range map[string]Suite{
		"another context":             verifier([]byte("https://shop.example/")),
		"no context":                  verifier(nil),
		"another number of secrets":   {PresentationHeader: asked, Verifier: &Verifier{ContextID: shop, N: nymCount + 1}},
		"no number of secrets":        {PresentationHeader: asked, Verifier: &Verifier{ContextID: shop}},
		"a number of secrets too low": {PresentationHeader: asked, Verifier: &Verifier{ContextID: shop, N: nymCount - 1}},
	} {
		if err := checkProofs(t, good, s); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, ph := range map[string][]byte{"another": []byte("x"), "none": nil, "an empty one": {}} {
		if err := checkProofs(t, good, Suite{PresentationHeader: ph, Verifier: &Verifier{ContextID: shop, N: nymCount}}); vc.Code(err) != "bbs2023.presentation" {
			t.Errorf("%s presentation header: got %v", name, err)
		}
	}
	if err := checkProofs(t, good, Suite{}); vc.Code(err) != "bbs2023.pseudonym.unexpected" {
		t.Errorf("without a verifier: got %v", err)
	}
	value := proofOf(t, good).ProofValue
	elsewhere, err := parseDerived(proofOf(t, e.derive(t, []byte("https://forum.example"))).ProofValue)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(d *derived){
		"the pseudonym of another context": func(d *derived) { d.pseudonym = elsewhere.pseudonym },
		"the proof of another context":     func(d *derived) { d.proof = elsewhere.proof },
		"a message less":                   func(d *derived) { d.messages-- },
		"a message more":                   func(d *derived) { d.messages++ },
		"no messages":                      func(d *derived) { d.messages = 0 },
		"very many messages":               func(d *derived) { d.messages = 10_000 },
		"a pseudonym that is no point":     func(d *derived) { d.pseudonym = make([]byte, pseudonymSize) },
		"the identity as a pseudonym":      func(d *derived) { d.pseudonym = append([]byte{0xc0}, make([]byte, pseudonymSize-1)...) },
		"another index":                    func(d *derived) { d.selective[0]++ },
		"an index beyond the messages":     func(d *derived) { d.selective[len(d.selective)-1] = d.messages },
		"a proof that is cut off":          func(d *derived) { d.proof = d.proof[:len(d.proof)-1] },
		"a proof with a scalar more":       func(d *derived) { d.proof = append(d.proof, make([]byte, 32)...) },
		"no proof":                         func(d *derived) { d.proof = nil },
	} {
		d, err := parseDerived(value)
		if err != nil {
			t.Fatal(err)
		}
		change(d)
		changed, err := d.encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := checkProofs(t, bytes.Replace(good, []byte(value), []byte(changed), 1), verifier(shop)); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// As a baseline proof it is none.
	d, err := parseDerived(value)
	if err != nil {
		t.Fatal(err)
	}
	d.option = baseline
	bare, err := d.encode()
	if err != nil {
		t.Fatal(err)
	}
	for code, s := range map[string]Suite{"vc.signature.invalid": {}, "bbs2023.pseudonym.missing": verifier(shop)} {
		if err := checkProofs(t, bytes.Replace(good, []byte(value), []byte(bare), 1), s); vc.Code(err) != code {
			t.Errorf("as a baseline proof: got %v, want %s", err, code)
		}
	}
	if _, err := PseudonymOf(bare); vc.Code(err) != "bbs2023.pseudonym.missing" {
		t.Errorf("PseudonymOf: got %v", err)
	}
	// One credential's pseudonym, another one's claims.
	others := enrol(t).derive(t, shop)
	moved := bytes.Replace(others, []byte(proofOf(t, others).ProofValue), []byte(value), 1)
	if err := checkProofs(t, moved, verifier(shop)); vc.Code(err) != "vc.signature.invalid" {
		t.Errorf("a pseudonym with another's claims: got %v", err)
	}
}

// TestFeatureOptionsApart derives with the parameters of the other option.
func TestFeatureOptionsApart(t *testing.T) {
	e := enrol(t)
	if _, err := e.credential.Derive(t.Context(), tenReveal, &dataintegrity.DeriveOptions{Cryptosuite: Suite{}}); vc.Code(err) != "bbs2023.pseudonym.unexpected" {
		t.Errorf("got %v", err)
	}
	baseline := issueTen(t, e.issuer, Suite{Mandatory: tenMandatory})
	if _, err := baseline.Derive(t.Context(), tenReveal, &dataintegrity.DeriveOptions{Cryptosuite: e.holder(shop)}); vc.Code(err) != "bbs2023.pseudonym.missing" {
		t.Errorf("got %v", err)
	}
	if _, err := Finalize(baseline, e.issuer.Public(), e.prover, e.blind); vc.Code(err) != "bbs2023.pseudonym.missing" {
		t.Errorf("got %v", err)
	}
	if _, err := EntropyOf(proofOf(t, baseline.Bytes()).ProofValue); vc.Code(err) != "bbs2023.pseudonym.missing" {
		t.Errorf("got %v", err)
	}
	d, err := baseline.Derive(t.Context(), tenReveal, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkProofs(t, d.Bytes(), verifier(shop)); vc.Code(err) != "bbs2023.pseudonym.missing" {
		t.Errorf("got %v", err)
	}
	if _, err := Finalize(d, e.issuer.Public(), e.prover, e.blind); err != dataintegrity.ErrNotSelective {
		t.Errorf("Finalize of a derived credential: got %v", err)
	}
}

// TestHolderRefused derives and finalizes with what does not belong to the base proof.
func TestHolderRefused(t *testing.T) {
	e, other := enrol(t), enrol(t)
	few, err := bbs.NewNymSecrets(nymCount - 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]*Holder{
		"no secrets": {Blind: e.blind, ContextID: shop}, "another number": {Nyms: few, Blind: e.blind, ContextID: shop},
		"no blind": {Nyms: e.nyms, ContextID: shop}, "no context": {Nyms: e.nyms, Blind: e.blind},
	} {
		if _, err := e.credential.Derive(t.Context(), nil, &dataintegrity.DeriveOptions{Cryptosuite: Suite{Holder: h}}); vc.Code(err) != "bbs2023.nyms" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	// Somebody else's secrets give a proof that does not verify.
	for name, h := range map[string]*Holder{
		"other secrets": {Nyms: other.nyms, Blind: e.blind, ContextID: shop}, "another blind": {Nyms: e.nyms, Blind: other.blind, ContextID: shop},
		"without the entropy": {Nyms: e.prover, Blind: e.blind, ContextID: shop},
	} {
		d, err := e.credential.Derive(t.Context(), nil, &dataintegrity.DeriveOptions{Cryptosuite: Suite{PresentationHeader: asked, Holder: h}})
		if err != nil {
			t.Fatal(err)
		}
		if err := checkProofs(t, d.Bytes(), verifier(shop)); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, f := range map[string]struct {
		key    *bbs.PrivateKey
		prover *bbs.NymSecrets
		blind  *bbs.Blind
		code   string
	}{
		"another key":     {other.issuer, e.prover, e.blind, "bbs2023.base"},
		"other secrets":   {e.issuer, other.prover, e.blind, "vc.signature.invalid"},
		"another blind":   {e.issuer, e.prover, other.blind, "vc.signature.invalid"},
		"fewer secrets":   {e.issuer, few, e.blind, "bbs2023.nyms"},
		"no secrets":      {e.issuer, nil, e.blind, "bbs2023.nyms"},
		"no blind":        {e.issuer, e.prover, nil, "vc.signature.invalid"},
		"secrets of both": {e.issuer, e.nyms, e.blind, "vc.signature.invalid"},
	} {
		if nyms, err := Finalize(e.credential, f.key.Public(), f.prover, f.blind); vc.Code(err) != f.code || nyms != nil {
			t.Errorf("%s: got %v, want %s", name, err, f.code)
		}
	}
	changed, err := dataintegrity.ParseCredential(bytes.Replace(e.credential.Bytes(), []byte("value 3"), []byte("value x"), 1), understood)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Finalize(changed, e.issuer.Public(), e.prover, e.blind); vc.Code(err) != "vc.signature.invalid" {
		t.Errorf("another claim: got %v", err)
	}
}

// TestCommitmentRefused is what an issuer does not sign.
func TestCommitmentRefused(t *testing.T) {
	e := enrol(t)
	withMessage, _, err := ciphersuite.NymCommit([][]byte{[]byte("mine")}, e.prover)
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(e.commitment.WithProof)
	broken[len(broken)-1] ^= 1
	for name, c := range map[string]Commitment{
		"a message of the holder's own": {WithProof: withMessage, N: nymCount},
		"the message counted":           {WithProof: withMessage, N: nymCount - 1},
		"another number":                {WithProof: e.commitment.WithProof, N: nymCount - 1},
		"a broken proof":                {WithProof: broken, N: nymCount},
		"no commitment":                 {N: nymCount},
		"no number":                     {WithProof: e.commitment.WithProof},
		"no entropy":                    {WithProof: e.commitment.WithProof, N: nymCount, Entropy: make([]byte, 32)},
		"short entropy":                 {WithProof: e.commitment.WithProof, N: nymCount, Entropy: []byte{1}},
	} {
		issuer := dataintegrity.Issuer{Signer: e.issuer, Method: didkey.URL(e.issuer.Public())}
		got, err := dataintegrity.IssueJSON(t.Context(), issuer, tenClaims(issuer.Method.DID()), &dataintegrity.IssueOptions{Cryptosuite: Suite{Commitment: &c}})
		if err == nil {
			t.Errorf("%s: issued %s", name, got.Bytes())
		}
	}
}

// TestInOrder shows that nothing but the proof tells derived proofs of two holders apart: the labels of blank nodes are those of the
// document's order, where shuffled ones would take every order.
func TestInOrder(t *testing.T) {
	document := func(issuer did.DID, value string) []byte {
		return []byte(strings.NewReplacer("ISSUER", issuer.String(), "VALUE", value).Replace(`{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],
			"type":["VerifiableCredential"],"issuer":"ISSUER","credentialSubject":{"name":"VALUE","degree":{"type":"ExampleBachelorDegree","name":"VALUE"},"about":{"name":"VALUE","self":{"name":"x"}}}}`))
	}
	e := enrol(t)
	issuer := dataintegrity.Issuer{Signer: e.issuer, Method: didkey.URL(e.issuer.Public())}
	var first *derived
	for i := range 12 {
		c, err := dataintegrity.IssueJSON(t.Context(), issuer, document(issuer.Method.DID(), strings.Repeat("x", i)+"holder"), &dataintegrity.IssueOptions{
			Cryptosuite: Suite{Commitment: &e.commitment},
		})
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.Derive(t.Context(), []string{"/credentialSubject/about/self"}, &dataintegrity.DeriveOptions{Cryptosuite: e.holder(shop)})
		if err != nil {
			t.Fatal(err)
		}
		if err := checkProofs(t, d.Bytes(), verifier(shop)); err != nil {
			t.Fatal(err)
		}
		got, err := parseDerived(proofOf(t, d.Bytes()).ProofValue)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.proof) == 0 {
			t.Fatal("no proof")
		}
		got.proof = nil
		if first == nil {
			first = got
		}
		if !reflect.DeepEqual(got, first) {
			t.Fatalf("got %+v, want %+v", got, first)
		}
	}
	if len(first.labels) != 4 {
		t.Errorf("got %d labels", len(first.labels))
	}
}
