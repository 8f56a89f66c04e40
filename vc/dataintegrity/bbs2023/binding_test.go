package bbs2023

import (
	"bytes"
	"testing"

	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// TestBindingRefused is holder binding with what does not belong to it.
func TestBindingRefused(t *testing.T) {
	key := newKey(t)
	secret := []byte("thirty-two random bytes of a holder")
	commit := func(messages ...[]byte) ([]byte, *bbs.Blind) {
		t.Helper()
		c, blind, err := ciphersuite.Commit(messages)
		if err != nil {
			t.Fatal(err)
		}
		return c, blind
	}
	commitment, blind := commit(secret)
	binding := &HolderBinding{Commitment: commitment, Secret: secret, Blind: blind}
	c := issueTen(t, key, Suite{Mandatory: tenMandatory, HolderBinding: binding})
	shown := deriveTen(t, c, Suite{HolderBinding: binding})
	for _, s := range []Suite{{}, {HolderBinding: &HolderBinding{}}} {
		if err := checkProofs(t, shown, s); err != nil {
			t.Error(err)
		}
	}
	_, otherBlind := commit(secret)
	for name, h := range map[string]*HolderBinding{
		"another secret": {Secret: []byte("another"), Blind: blind}, "no secret": {Blind: blind}, "another blind": {Secret: secret, Blind: otherBlind},
	} {
		d := deriveTen(t, c, Suite{HolderBinding: h})
		if err := checkProofs(t, d, Suite{}); vc.Code(err) != "vc.signature.invalid" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := c.Derive(t.Context(), nil, &dataintegrity.DeriveOptions{Cryptosuite: Suite{HolderBinding: &HolderBinding{Secret: secret}}}); vc.Code(err) != "bbs2023.binding.secret" {
		t.Errorf("no blind: got %v", err)
	}
	if _, err := c.Derive(t.Context(), nil, &dataintegrity.DeriveOptions{Cryptosuite: Suite{}}); vc.Code(err) != "bbs2023.binding.unexpected" {
		t.Errorf("no secret: got %v", err)
	}
	if _, err := PseudonymOf(proofOf(t, shown).ProofValue); vc.Code(err) != "bbs2023.pseudonym.missing" {
		t.Errorf("got %v", err)
	}
	free := issueTen(t, key, Suite{Mandatory: tenMandatory})
	if _, err := free.Derive(t.Context(), nil, &dataintegrity.DeriveOptions{Cryptosuite: Suite{HolderBinding: binding}}); vc.Code(err) != "bbs2023.binding.missing" {
		t.Errorf("got %v", err)
	}
	if err := checkProofs(t, deriveTen(t, free, Suite{}), Suite{HolderBinding: &HolderBinding{}}); vc.Code(err) != "bbs2023.binding.missing" {
		t.Errorf("got %v", err)
	}
	// The holder checks what the issuer sent.
	in, err := c.BaseInput(Suite{})
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		suite Suite
		code  string
	}{
		"this secret": {Suite{HolderBinding: binding}, ""}, "another": {Suite{HolderBinding: &HolderBinding{Secret: []byte("x"), Blind: blind}}, "vc.signature.invalid"},
		"none": {Suite{}, "bbs2023.binding.unexpected"}, "a pseudonym": {Suite{Holder: &Holder{}}, "bbs2023.pseudonym.missing"},
	} {
		if err := x.suite.VerifyBase(in, key.Public()); vc.Code(err) != x.code {
			t.Errorf("%s: got %v, want %q", name, err, x.code)
		}
	}
	// The issuer signs one committed message, and its proof must hold.
	two, _ := commit(secret, secret)
	broken := bytes.Clone(commitment)
	broken[len(broken)-1] ^= 1
	issuer := dataintegrity.Issuer{Signer: key, Method: didkey.URL(key.Public())}
	for name, c := range map[string][]byte{"two messages": two, "none": nil, "broken": broken} {
		got, err := dataintegrity.IssueJSON(t.Context(), issuer, tenClaims(issuer.Method.DID()), &dataintegrity.IssueOptions{Cryptosuite: Suite{HolderBinding: &HolderBinding{Commitment: c}}})
		if err == nil {
			t.Errorf("%s: issued %s", name, got.Bytes())
		}
	}
	// As a proof of the baseline it is none.
	value := proofOf(t, shown).ProofValue
	d, err := parseDerived(value)
	if err != nil {
		t.Fatal(err)
	}
	d.option = baseline
	bare, err := d.encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkProofs(t, bytes.Replace(shown, []byte(value), []byte(bare), 1), Suite{}); vc.Code(err) != "vc.signature.invalid" {
		t.Errorf("got %v", err)
	}
}
