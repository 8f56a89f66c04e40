package dataintegrity_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// TestInteropSelective exchanges base and derived proofs: each issues, each derives from either's, and each verifies all four. What
// both derive from one base proof is the same, but for the proof of bbs-2023.
func TestInteropSelective(t *testing.T) {
	p := newPeer(t)
	for name, rounds := range map[string]int{"ecdsa-sd-2023": many(200), "bbs-2023": many(24)} { // the peer takes a second for one of bbs-2023
		t.Run(name, func(t *testing.T) {
			p := &peer{t, p.Peer}
			signer := newParty(t, selectives[name].algorithm)
			for seed := range uint64(rounds) {
				made := newGenerator(seed, true).generate(signer.did().String())
				if seed == 0 {
					made.mandatory = nil
					made.reveal = []string{"/issuer", "/credentialSubject"}
				}
				exchangeSelective(t, p, signer, name, made)
			}
		})
	}
}

func exchangeSelective(t *testing.T, p *peer, signer *party, suite string, made *generated) {
	t.Helper()
	ours := issueOurs(t, signer, made.credential, selectives[suite].suite.WithMandatory(made.mandatory)).Bytes()
	theirs := p.must("issue", map[string]any{
		"suite": suite, "key": signer.pair, "credential": made.credential, "mandatory": append([]string{}, made.mandatory...),
	})
	for _, base := range [][]byte{ours, theirs} {
		c, err := dataintegrity.ParseCredential(base, understood())
		if err != nil {
			t.Fatal(err)
		}
		if _, report, err := vc.NewVerifier(didKeys, func() time.Time { return interopTime(t, interopNow) }).Verify(t.Context(), c, &vc.Expect{
			Issuers: []did.DID{signer.did()}, InsecureAnyType: true, InsecureNoHolderBinding: true,
		}); err != nil {
			t.Fatalf("our holder: %v, %+v\n%s", err, report, base)
		}
		weDerived, err := c.Derive(t.Context(), made.reveal, nil)
		if err != nil {
			t.Fatalf("derive %q: %v\n%s", made.reveal, err, base)
		}
		theyDerived := p.must("derive", map[string]any{"credential": json.RawMessage(base), "reveal": made.reveal, "mandatory": made.mandatory})
		if !reflect.DeepEqual(withoutRandomness(t, weDerived.Bytes()), withoutRandomness(t, theyDerived)) {
			t.Fatalf("mandatory %q, reveal %q: got\n%s\nwant\n%s\nof\n%s", made.mandatory, made.reveal, weDerived.Bytes(), theyDerived, base)
		}
		p.verifies(weDerived.Bytes())
		weVerify(t, theyDerived, signer.did(), made.plain)
		if _, fault := p.ask("verify", map[string]any{"credential": json.RawMessage(base)}); fault == "" {
			t.Fatal("the peer verifies a base proof")
		}
	}
}

// withoutRandomness returns a document whose proof value is taken apart, and only tells the size of a proof of bbs-2023.
func withoutRandomness(t *testing.T, document []byte) any {
	t.Helper()
	d, _ := decode(t, document).(map[string]any)
	proof, _ := d["proof"].(map[string]any)
	value, _ := proof["proofValue"].(string)
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(value, "u"))
	if err != nil || proof["cryptosuite"] != "bbs-2023" {
		return d
	}
	var components []any
	if err := cbor.Unmarshal(raw[3:], &components); err != nil || len(components) != 5 {
		t.Fatalf("%d components, %v", len(components), err)
	}
	components[0] = len(components[0].([]byte))
	proof["proofValue"] = append(components, raw[:3])
	return d
}

// TestInteropRefusals changes one thing in what either made; the other must refuse it.
func TestInteropRefusals(t *testing.T) {
	p := newPeer(t)
	for name, s := range selectives {
		t.Run(name, func(t *testing.T) { interopRefusals(t, &peer{t, p.Peer}, newParty(t, s.algorithm), s.suite) })
	}
}

func interopRefusals(t *testing.T, p *peer, signer *party, suite dataintegrity.MandatorySuite) {
	credential := map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"type":     []any{"VerifiableCredential"}, "issuer": signer.did().String(), "validFrom": "2020-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": "did:example:1", "alpha": "first", "beta": "second", "gamma": map[string]any{"delta": "third"}},
	}
	base := issueOurs(t, signer, credential, suite.WithMandatory([]string{"/issuer", "/validFrom"}))
	some, err := base.Derive(t.Context(), []string{"/credentialSubject/alpha", "/credentialSubject/gamma/delta"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{
		"ours": some.Bytes(),
		"theirs": p.must("derive", map[string]any{
			"credential": json.RawMessage(base.Bytes()), "reveal": []string{"/credentialSubject/alpha", "/credentialSubject/gamma/delta"},
		}),
	}
	if signer.private != nil {
		all["ecdsa-rdfc-2019, ours"] = issueOurs(t, signer, credential, nil).Bytes()
		all["ecdsa-rdfc-2019, theirs"] = p.must("issue", map[string]any{"suite": "ecdsa-rdfc-2019", "key": signer.pair, "credential": credential})
	}
	for name, made := range all {
		for _, change := range [][2]string{
			{`"first"`, `"fourth"`},
			{`"third"`, `"first"`},
			{`"2020-01-01T00:00:00Z"`, `"2020-01-02T00:00:00Z"`},
			{`"did:example:1"`, `"did:example:2"`},
			{`"alpha"`, `"beta"`},
			{`"VerifiableCredential"`, `"VerifiableCredential","ExampleCredential"`},
			{`"alpha":`, `"omega":1,"alpha":`},
			{`T11:00:00Z`, `T11:00:01Z`},
			{`"proofPurpose":"assertionMethod"`, `"proofPurpose":"assertionMethod","challenge":"x"`},
		} {
			changed := strings.Replace(string(made), change[0], change[1], 1)
			if changed == string(made) {
				t.Fatalf("%s: %s is not in %s", name, change[0], made)
			}
			_, fault := p.ask("verify", map[string]any{"credential": json.RawMessage(changed)})
			_, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), []byte(changed), didKeys, &dataintegrity.ProofPolicy{
				Purpose: did.AssertionMethod, Now: interopTime(t, interopNow), Options: *understood(),
			})
			if fault == "" || err == nil {
				t.Errorf("%s with %s: peer: %q, we: %v; want two refusals", name, change[1], fault, err)
			}
		}
	}
}

// TestInteropUnlinkable exchanges what only bbs-2023 has: proofs without a time, and presentation headers.
func TestInteropUnlinkable(t *testing.T) {
	p := newPeer(t)
	signer := newParty(t, keys.BLS12381G2)
	base, err := dataintegrity.Issue(t.Context(), signer.issuer(), map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"type":     []any{"VerifiableCredential"}, "issuer": signer.did().String(), "credentialSubject": map[string]any{"alpha": 1, "beta": 2},
	}, &dataintegrity.IssueOptions{Cryptosuite: bbs2023.Suite{}})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(base.Bytes(), []byte(`"created"`)) {
		t.Errorf("there is a time in %s", base.Bytes())
	}
	header := []byte("for this verifier, now")
	with := func(h []byte) bbs2023.Suite { return bbs2023.Suite{PresentationHeader: h} }
	ours, err := base.Derive(t.Context(), []string{"/credentialSubject/alpha"}, &dataintegrity.DeriveOptions{Cryptosuite: with(header)})
	if err != nil {
		t.Fatal(err)
	}
	theirs := p.must("derive", map[string]any{
		"credential": json.RawMessage(base.Bytes()), "reveal": []string{"/credentialSubject/alpha"}, "header": hex.EncodeToString(header),
	})
	for name, derived := range map[string][]byte{"ours": ours.Bytes(), "theirs": theirs} {
		for _, c := range []struct {
			header []byte
			good   bool
		}{{nil, true}, {header, true}, {[]byte("for another"), false}} {
			request := map[string]any{"credential": json.RawMessage(derived)}
			if c.header != nil {
				request["header"] = hex.EncodeToString(c.header)
			}
			_, fault := p.ask("verify", request)
			_, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), derived, didKeys, &dataintegrity.ProofPolicy{
				Purpose: did.AssertionMethod, Options: dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{with(c.header)}},
			})
			if (fault == "") != c.good || (err == nil) != c.good {
				t.Errorf("%s, header %q: peer: %q, we: %v", name, c.header, fault, err)
			}
		}
	}
}
