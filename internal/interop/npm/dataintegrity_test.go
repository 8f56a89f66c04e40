package npm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/internal/nodepeer"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/vcdm"
)

// linked is the packages @digitalbazaar/… in one process.
type linked struct {
	t *testing.T
	*nodepeer.Peer
}

func newLinked(t *testing.T, lib at) *linked {
	t.Helper()
	p := &linked{t, lib.start(t)}
	contexts := map[string]string{}
	for _, url := range []string{vcdm.ContextV2, examplesContext, "https://w3id.org/security/data-integrity/v2"} {
		b, ok := jsonld.Embedded().Bytes(url)
		if !ok {
			t.Fatalf("%s is not embedded", url)
		}
		contexts[url] = string(b)
	}
	p.must("contexts", map[string]any{"contexts": contexts})
	return p
}

const examplesContext = "https://www.w3.org/ns/credentials/examples/v2"

func (p *linked) ask(op string, request map[string]any) (credential []byte, fault string) {
	p.t.Helper()
	request["op"], request["now"], request["created"] = op, now.Format("2006-01-02T15:04:05Z"), now.Format("2006-01-02T15:04:05Z")
	var a struct {
		Credential json.RawMessage
		Error      string
	}
	p.Ask(p.t, request, &a)
	return bytes.Clone(a.Credential), a.Error
}

func (p *linked) must(op string, request map[string]any) []byte {
	p.t.Helper()
	c, fault := p.ask(op, request)
	if fault != "" {
		p.t.Fatalf("there: %s: %s\n%s", op, fault, request["credential"])
	}
	return c
}

// signatory signs with a did:key of any algorithm, BLS12-381 G2 included.
type signatory struct {
	keys.Signer
	id   did.DID
	pair map[string]any // as the peer takes it
}

// secretCodecs are the multicodecs of private keys.
var secretCodecs = map[keys.Algorithm][]byte{keys.Ed25519: {0x80, 0x26}, keys.P256: {0x86, 0x26}, keys.P384: {0x87, 0x26}, keys.BLS12381G2: {0x8a, 0x26}}

func newSignatory(t *testing.T, a keys.Algorithm) *signatory {
	t.Helper()
	var signer interface {
		keys.Signer
		Secret() []byte
	}
	var err error
	if a == keys.BLS12381G2 {
		signer, err = bbs.Generate()
	} else {
		signer, err = keys.Generate(a)
	}
	if err != nil {
		t.Fatal(err)
	}
	secret := slices.Concat(secretCodecs[a], signer.Secret())
	if a == keys.Ed25519 {
		secret = append(secret, signer.Public().Bytes()...)
	}
	text, err := multibase.Encode(multibase.Base58BTC, secret)
	if err != nil {
		t.Fatal(err)
	}
	return &signatory{signer, didkey.Of(signer.Public()), map[string]any{"publicKeyMultibase": signer.Public().Multikey(), "secretKeyMultibase": text}}
}

// linkedCredential differs with i in depth, lists, numbers and text.
func linkedCredential(issuer did.DID, i int) map[string]any {
	subject := map[string]any{"id": "did:example:ada", "alpha": fmt.Sprint("wert \"", i, "\" ☃"), "beta": i, "gamma": map[string]any{"delta": i%2 == 0}}
	at := subject
	for n := range i % 4 {
		inner := map[string]any{fmt.Sprint("level", n): []any{fmt.Sprint("a", n), fmt.Sprint("b", i)}, "ratio": float64(n) + 0.5}
		at["inner"] = inner
		at = inner
	}
	c := map[string]any{
		"@context": []any{vcdm.ContextV2, examplesContext}, "type": []any{"VerifiableCredential", "ExampleAlumniCredential"}, "issuer": issuer.String(),
		"validFrom": "2026-01-01T00:00:00Z", "credentialSubject": subject,
	}
	if i%3 == 0 {
		c["id"] = fmt.Sprint("urn:uuid:00000000-0000-4000-8000-", 100_000_000_000+i)
	}
	return c
}

func options() *dataintegrity.Options {
	return &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{bbs2023.Suite{}}}
}

func (s *signatory) issue(t *testing.T, credential map[string]any, suite dataintegrity.Cryptosuite) *dataintegrity.Credential {
	t.Helper()
	c, err := dataintegrity.IssueJSON(t.Context(), dataintegrity.Issuer{Signer: s.Signer, Method: didkey.URL(s.Public())}, marshal(t, credential),
		&dataintegrity.IssueOptions{Cryptosuite: suite, Created: now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// exchange has a credential read on both sides, and refused on both with a claim, the time of the proof or a character of it changed.
func (p *linked) exchange(rec *matrix.Recording, op string, b []byte, issuer did.DID) {
	p.t.Helper()
	both := func(b []byte) (there string, here error) {
		_, here = verifyBare(p.t, dataintegrity.Received(b, options()), issuer)
		_, there = p.ask(op, map[string]any{"credential": json.RawMessage(b)})
		return there, here
	}
	if there, here := both(b); here != nil || there != "" {
		p.t.Fatalf("here %v, there %q\n%s", here, there, b)
	}
	rec.Case()
	proof := bytes.Index(b, []byte(`"proofValue":"`)) + len(`"proofValue":"`) + 40
	flipped := bytes.Clone(b)
	if flipped[proof]++; flipped[proof] == '9'+1 || flipped[proof] == 'Z'+1 || flipped[proof] == 'z'+1 || flipped[proof] == 'I' || flipped[proof] == 'O' || flipped[proof] == 'l' {
		flipped[proof] = 'B'
	}
	changed := [][]byte{
		bytes.Replace(b, []byte(`"alpha":"wert`), []byte(`"alpha":"WERT`), 1),
		bytes.Replace(b, []byte(`"2026-01-01T00:00:00Z"`), []byte(`"2026-01-01T00:00:01Z"`), 1),
		flipped,
	}
	if bytes.Contains(b, []byte("bbs-2023")) { // it takes them a second each
		changed = changed[:1]
	}
	for _, c := range changed {
		if bytes.Equal(c, b) {
			p.t.Fatalf("nothing was changed in %s", b)
		}
		if there, here := both(c); here == nil || vc.Code(here) == "" || there == "" {
			p.t.Fatalf("changed: here %v, there %q\n%s", here, there, c)
		}
		rec.Tampered()
	}
}

// TestWhole: proofs over whole credentials.
func TestWhole(t *testing.T) {
	for _, c := range []struct {
		algorithm    keys.Algorithm
		suite        dataintegrity.Cryptosuite
		sign, verify string // operations of the peer
		lib          string
	}{
		{keys.Ed25519, nil, "issue", "verify", "@digitalbazaar/eddsa-rdfc-2022-cryptosuite"},
		{keys.P256, nil, "issue", "verify", "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite"},
		{keys.P384, nil, "issue", "verify", "@digitalbazaar/ecdsa-rdfc-2019-cryptosuite"},
		{keys.Ed25519, dataintegrity.EdDSAJCS2022{}, "jcs-issue", "jcs-verify", "canonicalize"},
		{keys.P256, dataintegrity.ECDSAJCS2019{}, "jcs-issue", "jcs-verify", "canonicalize"},
		{keys.P384, dataintegrity.ECDSAJCS2019{}, "jcs-issue", "jcs-verify", "canonicalize"},
	} {
		name := map[bool]string{true: "eddsa-rdfc-2022", false: "ecdsa-rdfc-2019"}[c.algorithm == keys.Ed25519]
		what := name
		if c.suite != nil {
			name = c.suite.Name()
			what = name + " by it and the keys of @digitalbazaar"
		}
		what = fmt.Sprintf("W3C credential, %s, %s", what, c.algorithm)
		t.Run(name+" "+c.algorithm.String(), func(t *testing.T) {
			lib := at{"vc/dataintegrity", c.lib}
			ours, theirs := matrix.Record(t, lib.row(t, what, matrix.OursToTheirs)), matrix.Record(t, lib.row(t, what, matrix.TheirsToOurs))
			p := newLinked(t, lib)
			signer := newSignatory(t, c.algorithm)
			for i := range 40 {
				made := linkedCredential(signer.id, i)
				p.exchange(ours, c.verify, signer.issue(t, made, c.suite).Bytes(), signer.id)
				p.exchange(theirs, c.verify, p.must(c.sign, map[string]any{"suite": name, "key": signer.pair, "credential": made}), signer.id)
			}
		})
	}
}

// TestSelective: base proofs of either side, derived on either side, are read on both.
func TestSelective(t *testing.T) {
	for _, c := range []struct {
		algorithm keys.Algorithm
		suite     dataintegrity.MandatorySuite
		lib       string
		n         int
	}{
		{keys.P256, dataintegrity.ECDSASD2023{}, "@digitalbazaar/ecdsa-sd-2023-cryptosuite", 24},
		{keys.BLS12381G2, bbs2023.Suite{}, "@digitalbazaar/bbs-2023-cryptosuite", 8},
	} {
		t.Run(c.suite.Name(), func(t *testing.T) {
			lib := at{"vc/dataintegrity", c.lib}
			what := "W3C credential, " + c.suite.Name()
			rows := [2][2]*matrix.Recording{
				{
					matrix.Record(t, lib.row(t, what+", issued and derived here", matrix.OursToTheirs)),
					matrix.Record(t, lib.row(t, what+", issued here, derived there", matrix.OursAndTheirs)),
				}, {
					matrix.Record(t, lib.row(t, what+", issued there, derived here", matrix.OursAndTheirs)),
					matrix.Record(t, lib.row(t, what+", issued and derived there", matrix.TheirsToOurs)),
				},
			}
			p := newLinked(t, lib)
			signer := newSignatory(t, c.algorithm)
			mandatory := []string{"/issuer", "/validFrom"}
			for i := range c.n {
				made := linkedCredential(signer.id, i)
				reveal := []string{"/credentialSubject/alpha"}
				if i%4 > 0 {
					reveal = append(reveal, "/credentialSubject/inner/level0")
				}
				if i%2 == 0 {
					reveal = append(reveal, "/credentialSubject/gamma")
				}
				their := p.must("issue", map[string]any{"suite": c.suite.Name(), "key": signer.pair, "credential": made, "mandatory": mandatory})
				for n, base := range [][]byte{signer.issue(t, made, c.suite.WithMandatory(mandatory)).Bytes(), their} {
					held, err := dataintegrity.ParseCredential(base, options())
					if err != nil {
						t.Fatal(err)
					}
					derived, err := held.Derive(t.Context(), reveal, nil)
					if err != nil {
						t.Fatal(err)
					}
					p.exchange(rows[n][0], "verify", derived.Bytes(), signer.id)
					p.exchange(rows[n][1], "verify", p.must("derive", map[string]any{"credential": json.RawMessage(base), "reveal": reveal}), signer.id)
				}
			}
		})
	}
}

// TestLinkedPresentations: presentations that a holder signed.
func TestLinkedPresentations(t *testing.T) {
	lib := at{"vc/dataintegrity", "@digitalbazaar/vc"}
	ours := matrix.Record(t, lib.row(t, "W3C presentation (Ed25519, P-256, P-384), for a challenge and a domain", matrix.OursToTheirs))
	theirs := matrix.Record(t, lib.row(t, "W3C presentation (Ed25519, P-256, P-384), for a challenge and a domain", matrix.TheirsToOurs))
	p := newLinked(t, lib)
	for i := range 36 {
		a := []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384}[i%3]
		suite := map[bool]string{true: "eddsa-rdfc-2022", false: "ecdsa-rdfc-2019"}[a == keys.Ed25519]
		issuer, holder := newSignatory(t, keys.P256), newSignatory(t, a)
		made := linkedCredential(issuer.id, i)
		made["credentialSubject"].(map[string]any)["id"] = holder.id.String()
		cred := issuer.issue(t, made, nil)
		pres, err := cred.Present(t.Context(), holder, &dataintegrity.PresentOptions{
			Audience: audience, Nonce: nonce, Created: now, Method: didkey.URL(holder.Public()),
		})
		if err != nil {
			t.Fatal(err)
		}
		their := p.must("present", map[string]any{
			"suite": suite, "key": holder.pair, "credential": json.RawMessage(cred.Bytes()), "challenge": nonce, "domain": audience,
		})
		both := func(b []byte, challenge string) (there string, here error) {
			_, here = verify(t, dataintegrity.Received(b, nil), &party{id: issuer.id})
			_, there = p.ask("verifypresentation", map[string]any{"credential": json.RawMessage(b), "challenge": challenge, "domain": audience})
			return there, here
		}
		for n, b := range [][]byte{pres.Bytes(), their} {
			rec := []*matrix.Recording{ours, theirs}[n]
			if there, here := both(b, nonce); here != nil || there != "" {
				t.Fatalf("%d: here %v, there %q\n%s", i, here, there, b)
			}
			rec.Case()
			if there, _ := both(b, "another"); there == "" {
				t.Fatal("another challenge is accepted there")
			}
			for _, c := range [][]byte{
				bytes.Replace(b, []byte(nonce), []byte("another"), 1), bytes.Replace(b, []byte(`"domain":"https://verifier`), []byte(`"domain":"https://another`), 1),
				bytes.Replace(b, []byte(`"alpha":"wert`), []byte(`"alpha":"WERT`), 1),
			} {
				if bytes.Equal(b, c) {
					t.Fatalf("nothing was changed in %s", b)
				}
				if there, here := both(c, nonce); here == nil || vc.Code(here) == "" || there == "" {
					t.Fatalf("changed: here %v, there %q\n%s", here, there, c)
				}
				rec.Tampered()
			}
		}
	}
}
