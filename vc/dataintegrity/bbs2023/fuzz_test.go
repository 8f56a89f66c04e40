package bbs2023

import (
	"testing"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// FuzzProofValue reads proof values: what is accepted is written again in the same length, and every refusal has a code.
func FuzzProofValue(f *testing.F) {
	b := base{signature: make([]byte, signatureSize), header: make([]byte, headerSize), publicKey: make([]byte, keySize), mandatoryPointers: []string{"/issuer", ""}}
	d := derived{
		proof: make([]byte, 272), labels: []string{"b2", "b0", "b300"}, mandatory: []int{0, 4, 300}, selective: []int{1, 2},
		presentationHeader: []byte("x"), messages: 12,
	}
	for o := range kinds {
		b.option, d.option = option(o), option(o)
		b.hmacKey = make([]byte, hmacKeySize)
		if b.option == pseudonym {
			b.hmacKey, b.labels, b.entropy, b.n = nil, d.labels[:2], make([]byte, entropySize), 8
			b.labels = []string{"b1", "b0"}
			d.pseudonym = make([]byte, pseudonymSize)
		}
		for _, encode := range []func() (string, error){b.encode, d.encode} {
			value, err := encode()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(value)
		}
	}
	for _, s := range []string{"", "u", "u2V0C", "u2V0D", "u2V0G", "u2V1A", "u2V1B", "z2V0C", "u2V0ChVhQ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		isBase, err := Suite{}.IsBase(s)
		if err != nil && vc.Code(err) == "" {
			t.Errorf("IsBase: an error without a code: %v", err)
		}
		b, errBase := parseBase(s)
		d, errDerived := parseDerived(s)
		for _, err := range []error{errBase, errDerived} {
			if err != nil && vc.Code(err) == "" {
				t.Errorf("an error without a code: %v", err)
			}
		}
		if _, err := PseudonymOf(s); err == nil != (errDerived == nil && d.option == pseudonym) {
			t.Errorf("PseudonymOf: %v", err)
		}
		if _, err := EntropyOf(s); err == nil != (errBase == nil && b.option == pseudonym) {
			t.Errorf("EntropyOf: %v", err)
		}
		if errBase == nil && (err != nil || !isBase) || errDerived == nil && (err != nil || isBase) {
			t.Errorf("IsBase: %v, %v", isBase, err)
		}
		encode := func() (string, error) { return s, nil }
		switch {
		case errBase == nil:
			encode = b.encode
		case errDerived == nil:
			encode = d.encode
		}
		if again, err := encode(); err != nil || len(again) != len(s) { // labels may come in any order
			t.Errorf("in another form: %s, %s, %v", s, again, err)
		}
	})
}

// FuzzDocument gives documents with a proof of the suite to all that reads them.
func FuzzDocument(f *testing.F) {
	e := enrol(f)
	f.Add(e.credential.Bytes())
	f.Add(e.derive(f, shop))
	c := issueTen(f, e.issuer, Suite{Mandatory: tenMandatory})
	f.Add(c.Bytes())
	d, err := c.Derive(f.Context(), tenReveal, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(d.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range []Suite{{}, e.holder(shop), verifier(shop), {HolderBinding: &HolderBinding{}}} {
			if err := checkProofs(t, b, s); err != nil && vc.Code(err) == "" {
				t.Errorf("verify: an error without a code: %v", err)
			}
			held, err := dataintegrity.ParseCredential(b, &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{s}, InsecureRewritable: true})
			if err != nil {
				if vc.Code(err) == "" {
					t.Errorf("parse: an error without a code: %v", err)
				}
				continue
			}
			in, err := held.BaseInput(s)
			if err != nil {
				continue
			}
			if d, err := s.Derive(t.Context(), in, []string{"/type"}); err != nil && vc.Code(err) == "" {
				t.Errorf("derive: an error without a code: %v", err)
			} else if err == nil {
				if base, err := s.IsBase(d.ProofValue); base || err != nil {
					t.Errorf("what was derived is %v, %v", base, err)
				}
			}
		}
	})
}
