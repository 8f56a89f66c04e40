package dataintegrity_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// peer is the npm packages @digitalbazaar/… in one node process.
type peer struct {
	t *testing.T
	*nodepeer.Peer
}

var peerContexts = []string{
	"https://www.w3.org/2018/credentials/v1", "https://www.w3.org/2018/credentials/examples/v1", "https://www.w3.org/ns/credentials/v2",
	"https://www.w3.org/ns/credentials/examples/v2", "https://w3id.org/security/data-integrity/v1", "https://w3id.org/security/data-integrity/v2",
	"https://w3id.org/citizenship/v4rc1",
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{t, nodepeer.Start(t, "interop", "@digitalbazaar/vc")}
	contexts := map[string]string{}
	for _, url := range peerContexts {
		b, ok := jsonld.Embedded().Bytes(url)
		if !ok {
			t.Fatalf("%s is not embedded", url)
		}
		contexts[url] = string(b)
	}
	if _, err := p.ask("contexts", map[string]any{"contexts": contexts}); err != "" {
		t.Fatal(err)
	}
	return p
}

const (
	interopNow     = "2026-06-01T12:00:00Z"
	interopCreated = "2026-06-01T11:00:00Z"
)

// ask returns the credential of the answer, or the error.
func (p *peer) ask(op string, request map[string]any) (credential []byte, fault string) {
	p.t.Helper()
	request["op"], request["now"], request["created"] = op, interopNow, interopCreated
	var a struct {
		Credential json.RawMessage
		Error      string
	}
	p.Ask(p.t, request, &a)
	return bytes.Clone(a.Credential), a.Error
}

// must is ask for something that has to succeed.
func (p *peer) must(op string, request map[string]any) []byte {
	p.t.Helper()
	c, fault := p.ask(op, request)
	if fault != "" {
		b, _ := json.Marshal(request["credential"])
		p.t.Fatalf("peer: %s: %s\nmandatory %q, reveal %q\n%s", op, fault, request["mandatory"], request["reveal"], b)
	}
	return c
}

func (p *peer) verifies(credential []byte) {
	p.t.Helper()
	p.must("verify", map[string]any{"credential": json.RawMessage(credential)})
}

// many is n where these tests are asked for, as CI does, and else enough to notice what is broken.
func many(n int) int {
	if os.Getenv("REALDID_INTEROP") == "1" {
		return n
	}
	return n / 10
}

// party is somebody with a did:key.
type party struct {
	signer  keys.Signer
	private *keys.PrivateKey // nil for a key of BLS12-381 G2
	pair    map[string]any   // as the peer takes it
}

func newParty(t *testing.T, a keys.Algorithm) *party {
	t.Helper()
	k := generateSigner(t, a)
	pub := k.Public()
	private, _ := k.(*keys.PrivateKey)
	secret := slices.Concat(secretPrefix[a], k.(interface{ Secret() []byte }).Secret())
	if a == keys.Ed25519 {
		secret = append(secret, pub.Bytes()...)
	}
	text, err := multibase.Encode(multibase.Base58BTC, secret)
	if err != nil {
		t.Fatal(err)
	}
	return &party{k, private, map[string]any{"publicKeyMultibase": pub.Multikey(), "secretKeyMultibase": text}}
}

// secretPrefix are the multicodecs of private keys.
var secretPrefix = map[keys.Algorithm][]byte{keys.Ed25519: {0x80, 0x26}, keys.P256: {0x86, 0x26}, keys.P384: {0x87, 0x26}, keys.BLS12381G2: {0x8a, 0x26}}

func (p *party) did() did.DID { return didkey.Of(p.signer.Public()) }

func (p *party) issuer() dataintegrity.Issuer {
	return dataintegrity.Issuer{Signer: p.signer, Method: didkey.URL(p.signer.Public())}
}

var didKeys = resolver.Keys{Resolver: didkey.Resolver{}}

func interopTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// weVerify checks proofs, and for credentials without contexts of their own everything else.
func weVerify(t *testing.T, credential []byte, issuer did.DID, plain bool) {
	t.Helper()
	now := interopTime(t, interopNow)
	policy := &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Controller: issuer, Now: now, Options: *understood()}
	if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), credential, didKeys, policy); err != nil {
		t.Fatalf("our proof check: %v\n%s", err, credential)
	}
	if !plain {
		return
	}
	v := vc.NewVerifier(didKeys, func() time.Time { return now })
	_, report, err := v.Verify(t.Context(), dataintegrity.Received(credential, &dataintegrity.Options{Cryptosuites: understood().Cryptosuites}), &vc.Expect{
		Issuers: []did.DID{issuer}, InsecureAnyType: true, InsecureNoHolderBinding: true,
	})
	if err != nil {
		t.Fatalf("our verifier: %v, %+v\n%s", err, report, credential)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func issueOurs(t *testing.T, p *party, credential map[string]any, suite dataintegrity.Cryptosuite) *dataintegrity.Credential {
	t.Helper()
	c, err := dataintegrity.IssueJSON(t.Context(), p.issuer(), marshal(t, credential), &dataintegrity.IssueOptions{
		Cryptosuite: suite, Created: interopTime(t, interopCreated),
	})
	if err != nil {
		t.Fatalf("our issuer: %v\n%s", err, marshal(t, credential))
	}
	return c
}

// TestInteropWhole exchanges credentials with proofs over all of them, both ways.
func TestInteropWhole(t *testing.T) {
	p := newPeer(t)
	for i, c := range []struct {
		algorithm keys.Algorithm
		suite     string
	}{{keys.Ed25519, "eddsa-rdfc-2022"}, {keys.P256, "ecdsa-rdfc-2019"}, {keys.P384, "ecdsa-rdfc-2019"}} {
		t.Run(c.suite+" "+c.algorithm.String(), func(t *testing.T) {
			p := &peer{t, p.Peer}
			signer := newParty(t, c.algorithm)
			for seed := range many(120) {
				made := newGenerator(uint64(1000*i+seed), false).generate(signer.did().String())
				ours := issueOurs(t, signer, made.credential, nil)
				p.verifies(ours.Bytes())
				weVerify(t, ours.Bytes(), signer.did(), made.plain)
				theirs := p.must("issue", map[string]any{"suite": c.suite, "key": signer.pair, "credential": made.credential})
				weVerify(t, theirs, signer.did(), made.plain)

				if c.algorithm == keys.Ed25519 && !bytes.Equal(proofValue(t, ours.Bytes()), proofValue(t, theirs)) {
					t.Fatalf("Ed25519: the signatures differ:\n%s\n%s", ours.Bytes(), theirs)
				}
			}
		})
	}
}

// TestInteropJSON exchanges credentials with proofs over JSON, both ways.
func TestInteropJSON(t *testing.T) {
	p := newPeer(t)
	for i, c := range []struct {
		algorithm keys.Algorithm
		suite     dataintegrity.Cryptosuite
	}{{keys.Ed25519, dataintegrity.EdDSAJCS2022{}}, {keys.P256, dataintegrity.ECDSAJCS2019{}}, {keys.P384, dataintegrity.ECDSAJCS2019{}}} {
		signer := newParty(t, c.algorithm)
		for seed := range many(30) {
			made := newGenerator(uint64(5000+1000*i+seed), false).generate(signer.did().String())
			ours := issueOurs(t, signer, made.credential, c.suite).Bytes()
			p.must("jcs-verify", map[string]any{"credential": json.RawMessage(ours)})
			theirs := p.must("jcs-issue", map[string]any{"suite": c.suite.Name(), "key": signer.pair, "credential": made.credential})
			weVerify(t, theirs, signer.did(), made.plain)
			if c.algorithm == keys.Ed25519 && !bytes.Equal(proofValue(t, ours), proofValue(t, theirs)) {
				t.Fatalf("Ed25519: the signatures differ:\n%s\n%s", ours, theirs)
			}
			changed := bytes.Replace(ours, []byte("credentialSubject"), []byte("credentialSubjekt"), 1)
			if _, fault := p.ask("jcs-verify", map[string]any{"credential": json.RawMessage(changed)}); fault == "" {
				t.Fatal("the peer takes a changed credential")
			}
		}
	}
}

func proofValue(t *testing.T, credential []byte) []byte {
	t.Helper()
	var c struct {
		Proof struct{ ProofValue string }
	}
	if err := json.Unmarshal(credential, &c); err != nil || c.Proof.ProofValue == "" {
		t.Fatalf("no proof value in %s: %v", credential, err)
	}
	return []byte(c.Proof.ProofValue)
}

func decode(t *testing.T, b []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestInteropPresentations exchanges presentations with a holder's signature, both ways.
func TestInteropPresentations(t *testing.T) {
	p := newPeer(t)
	now := interopTime(t, interopNow)
	for i, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384} {
		suite := "ecdsa-rdfc-2019"
		if a == keys.Ed25519 {
			suite = "eddsa-rdfc-2022"
		}
		issuer, holder := newParty(t, keys.P256), newParty(t, a)
		for seed := range 10 {
			made := newGenerator(uint64(9000+100*i+seed), true).generate(issuer.did().String())
			if !made.plain {
				continue
			}
			made.credential["credentialSubject"] = map[string]any{"id": holder.did().String(), "alpha": seed, "beta": "x", "gamma": map[string]any{"delta": true}}
			made.mandatory, made.reveal = []string{"/issuer"}, []string{"/credentialSubject/gamma"}
			base := issueOurs(t, issuer, made.credential, dataintegrity.ECDSASD2023{Mandatory: made.mandatory})
			ours, err := base.Present(t.Context(), holder.private, &dataintegrity.PresentOptions{
				Reveal: made.reveal, Audience: audience, Nonce: nonce, Created: now,
			})
			if err != nil {
				t.Fatal(err)
			}
			request := map[string]any{"credential": json.RawMessage(ours.Bytes()), "challenge": nonce, "domain": audience}
			p.must("verifypresentation", request)
			request["challenge"] = "another"
			if _, fault := p.ask("verifypresentation", request); fault == "" {
				t.Error("the peer takes a presentation for another challenge")
			}

			derived, err := base.Derive(t.Context(), append(made.reveal, "/credentialSubject/id"), nil)
			if err != nil {
				t.Fatal(err)
			}
			theirs := p.must("present", map[string]any{
				"suite": suite, "key": holder.pair, "credential": json.RawMessage(derived.Bytes()), "challenge": nonce, "domain": audience,
			})
			v := vc.NewVerifier(didKeys, func() time.Time { return now })
			expect := &vc.Expect{
				Issuers: []did.DID{issuer.did()}, InsecureAnyType: true, Audience: audience, Nonce: nonce,
				InsecureUnrotatableHolderKey: true, MaxPresentationAge: 2 * time.Hour,
			}
			for _, b := range [][]byte{ours.Bytes(), theirs} {
				if _, report, err := v.Verify(t.Context(), dataintegrity.Received(b, nil), expect); err != nil {
					t.Errorf("our verifier: %v, %+v\n%s", err, report, b)
				}
			}
		}
	}
}

// TestInteropDisagreements keeps what the peer does otherwise than the specification; should it change, generate_test.go has exceptions
// that can go.
func TestInteropDisagreements(t *testing.T) {
	p := newPeer(t)
	signer := newParty(t, keys.P256)
	for name, c := range map[string]struct {
		subject map[string]any
		reveal  string
		op      string // in which the peer fails
	}{
		"a text with _: in it is relabelled":  {map[string]any{"alpha": "_:c14n0", "beta": 1}, "/credentialSubject/alpha", "verify"},
		"an array of one element is no array": {map[string]any{"alpha": []any{map[string]any{"beta": 1, "gamma": 2}}}, "/credentialSubject/alpha/0/beta", "derive"},
		"a list is given an id":               {map[string]any{"alpha": 1, "steps": map[string]any{"@list": []any{1, 2}}}, "/credentialSubject/steps", "derive"},
	} {
		t.Run(name, func(t *testing.T) {
			credential := map[string]any{
				"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
				"type":     []any{"VerifiableCredential"}, "issuer": signer.did().String(), "credentialSubject": c.subject,
			}
			base, err := dataintegrity.ParseCredential(issueOurs(t, signer, credential, dataintegrity.ECDSASD2023{}).Bytes(), &dataintegrity.Options{InsecureRewritable: true})
			if err != nil {
				t.Fatal(err)
			}
			derived, err := base.Derive(t.Context(), []string{c.reveal}, nil)
			if err != nil {
				t.Fatal(err)
			}
			weVerify(t, derived.Bytes(), signer.did(), false)
			request := map[string]any{"credential": json.RawMessage(base.Bytes()), "reveal": []string{c.reveal}}
			if c.op == "verify" {
				request = map[string]any{"credential": json.RawMessage(derived.Bytes())}
			}
			if _, fault := p.ask(c.op, request); fault == "" {
				t.Errorf("the peer's %s succeeds", c.op)
			}
		})
	}
}
