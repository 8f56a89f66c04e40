package irma

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	ours "github.com/realdid/realdid/vc/sdjwt"
)

// A fault spoils a valid presentation.
type fault struct {
	name  string
	spoil func(f *forged)
}

// accepts are faults that one side does not mind: this one, if here is set, else the other.
type accepts struct {
	disagreement
	here   bool
	faults []fault
}

func header(name string, v any) func(*forged) {
	return func(f *forged) { set(f.header, name, v) }
}

func payload(name string, v any) func(*forged) {
	return func(f *forged) { set(f.payload, name, v) }
}

func kbHeader(name string, v any) func(*forged) {
	return func(f *forged) { set(f.kbHeader, name, v) }
}

func kbPayload(name string, v any) func(*forged) {
	return func(f *forged) { set(f.kbPayload, name, v) }
}

// set sets a member, and removes it if v is nil.
func set(m map[string]any, name string, v any) {
	if v == nil {
		delete(m, name)
	} else {
		m[name] = v
	}
}

// claim adds a disclosure, with its digest, at the top.
func claim(d string) func(*forged) {
	return func(f *forged) {
		f.disclosures = append(f.disclosures, d)
		digests(digest(d))(f)
	}
}

// digests adds digests at the top.
func digests(ds ...any) func(*forged) {
	return func(f *forged) { f.payload["_sd"] = append(f.payload["_sd"].([]any), ds...) }
}

// elementOf adds a disclosure, with its digest, to the nationalities.
func elementOf(d string) func(*forged) {
	return func(f *forged) {
		f.disclosures = append(f.disclosures, d)
		f.payload["nationalities"] = append(f.payload["nationalities"].([]any), map[string]any{"...": digest(d)})
	}
}

func all(spoil ...func(*forged)) func(*forged) {
	return func(f *forged) {
		for _, s := range spoil {
			s(f)
		}
	}
}

// raw encodes a disclosure that is not what disclosure makes.
func raw(text string) string { return b64.EncodeToString([]byte(text)) }

func ago(d time.Duration) int64 { return now.Add(-d).Unix() }

// refusedByBoth are the faults that both sides refuse.
func refusedByBoth(other *parties) []fault {
	d := disclosure("salt-9", "x", "y")
	return []fault{
		{"typ absent", header("typ", nil)},
		{"typ JWT", header("typ", "JWT")},
		{"typ with a prefix", header("typ", "application/dc+sd-jwt")},
		{"typ in capitals", header("typ", "DC+SD-JWT")},
		{"alg none", all(header("alg", "none"), func(f *forged) { f.issuer = nil })},
		{"alg of another key", header("alg", "ES384")},
		{"kid absent", header("kid", nil)},
		{"kid of another DID, which signs", all(header("kid", other.issuerDID.String()+"#0"), func(f *forged) { f.issuer = other.issuer })},
		{"kid of a method that is not there", func(f *forged) { f.header["kid"] = f.payload["iss"].(string) + "#1" }},
		{"kid without a fragment", func(f *forged) { f.header["kid"] = f.payload["iss"] }},
		{"a key in the header, which signs", all(header("jwk", json.RawMessage(other.issuer.Public().JWK())), func(f *forged) { f.issuer = other.issuer })},
		{"iss absent", payload("iss", nil)},
		{"iss of another", payload("iss", other.issuerDID.String())},
		{"vct absent", payload("vct", nil)},
		{"vct a number", payload("vct", 1)},
		{"expired", payload("exp", ago(time.Hour))},
		{"exp a word", payload("exp", "tomorrow")},
		{"not yet valid", payload("nbf", ago(-time.Hour))},
		{"issued in the future", payload("iat", ago(-time.Hour))},
		{"hash md5", payload("_sd_alg", "md5")},
		{"hash of 32 bits", payload("_sd_alg", "sha-256-32")},
		{"hash in capitals", payload("_sd_alg", "SHA-256")},
		{"hash a number", payload("_sd_alg", 256)},
		{"digest of a disclosure twice", func(f *forged) { digests(digest(f.disclosures[0]))(f) }},
		{"disclosure without a digest", func(f *forged) { f.disclosures = append(f.disclosures, d) }},
		{"disclosure called _sd", claim(disclosure("salt-9", "_sd", []any{}))},
		{"disclosure called ...", claim(disclosure("salt-9", "...", "y"))},
		{"disclosure called like a claim in the clear", claim(disclosure("salt-9", "age_over_18", false))},
		{"disclosure called like another", claim(disclosure("salt-9", "given_name", "Eve"))},
		{"cnf disclosed", func(f *forged) {
			cnf := f.payload["cnf"]
			delete(f.payload, "cnf")
			claim(disclosure("salt-9", "cnf", cnf))(f)
		}},
		{"vct disclosed", all(payload("vct", nil), claim(disclosure("salt-9", "vct", claims.Type)))},
		{"disclosure of an element among claims", claim(disclosure("salt-9", "y"))},
		{"disclosure of a claim among elements", elementOf(d)},
		{"disclosure of four", claim(disclosure("salt-9", "x", "y", "z"))},
		{"disclosure of one", claim(disclosure("salt-9"))},
		{"disclosure that is an object", claim(raw(`{"salt-9":"x"}`))},
		{"disclosure with data behind", claim(raw(`["salt-9","x","y"] true`))},
		{"salt a number", claim(disclosure(9, "x", "y"))},
		{"name a number", claim(disclosure("salt-9", 1, "y"))},
		{"_sd a text", payload("in", map[string]any{"_sd": "x"})},
		{"digest a number", payload("in", map[string]any{"_sd": []any{1}})},
		{"digest of an element a number", payload("nationalities", []any{map[string]any{"...": 1}})},
		{"disclosure padded", func(f *forged) { f.disclosures[0] += "=" }},
		{"disclosure in base64", claim(base64.RawStdEncoding.EncodeToString([]byte("[\"salt-9\",\"x\",\"~~~???\"]")))},
		{"disclosure empty", func(f *forged) { f.disclosures = append(f.disclosures, "") }},
		{"bare JWT", func(f *forged) { f.disclosures, f.noBinding, f.whole = nil, true, replace("~", "") }},
		{"JWT of four parts", func(f *forged) { f.signed = func(s string) string { return s + ".x" } }},
		{"blank before", func(f *forged) { f.whole = func(s string) string { return " " + s } }},
		{"blank behind", func(f *forged) { f.whole = func(s string) string { return s + " " } }},
		{"no key binding", func(f *forged) { f.noBinding = true }},
		{"cnf absent", payload("cnf", nil)},
		{"key binding: typ absent", kbHeader("typ", nil)},
		{"key binding: typ JWT", kbHeader("typ", "JWT")},
		{"key binding: alg none", all(kbHeader("alg", "none"), func(f *forged) { f.holder = nil })},
		{"key binding: alg absent", kbHeader("alg", nil)},
		{"key binding: alg of another key", kbHeader("alg", "ES384")},
		{"key binding: alg HS256", kbHeader("alg", "HS256")},
		{"key binding: another key signs", func(f *forged) { f.holder = other.holder }},
		{"key binding: for another", kbPayload("aud", "https://other.example")},
		{"key binding: aud without the prefix", kbPayload("aud", "verifier.example")},
		{"key binding: aud a list", kbPayload("aud", []any{audience})},
		{"key binding: aud absent", kbPayload("aud", nil)},
		{"key binding: another nonce", kbPayload("nonce", "other")},
		{"key binding: nonce a number", kbPayload("nonce", 1)},
		{"key binding: nonce absent", kbPayload("nonce", nil)},
		{"key binding: another sd_hash", kbPayload("sd_hash", digest("x"))},
		{"key binding: sd_hash empty", kbPayload("sd_hash", "")},
		{"key binding: a disclosure removed", func(f *forged) { f.whole = replace(f.disclosures[1]+"~", "") }},
		{"key binding: disclosures in another order", func(f *forged) {
			f.whole = replace(f.disclosures[0]+"~"+f.disclosures[1], f.disclosures[1]+"~"+f.disclosures[0])
		}},
		{"key binding: iat absent", kbPayload("iat", nil)},
		{"key binding: iat a word", kbPayload("iat", "now")},
		{"key binding: from the future", kbPayload("iat", ago(-time.Hour))},
	}
}

// TestFaults: what both refuse, and what only one refuses.
func TestFaults(t *testing.T) {
	refused := matrix.Record(t, row(t, "SD-JWT VC with one fault, refused", matrix.OursAndTheirs))
	everybody := []*parties{newParties(t, keys.P256, keys.Ed25519), newParties(t, keys.Ed25519, keys.P256)}
	for i, p := range everybody {
		other := everybody[1-i]
		other = newParties(t, other.holder.Algorithm(), other.issuer.Algorithm())
		if here, there := verifyBoth(t, p, newForged(t, p)); here != nil || there != nil {
			t.Fatalf("without a fault: here %v, there %v", here, there)
		}
		for _, f := range refusedByBoth(other) {
			spoiled := newForged(t, p)
			f.spoil(spoiled)
			here, there := verifyBoth(t, p, spoiled)
			if here == nil || vc.Code(here) == "" || there == nil {
				t.Errorf("%s: here %v, there %v", f.name, here, there)
				continue
			}
			refused.Case()
		}
	}
	for _, d := range oneSided() {
		direction := matrix.RefusedByUs
		if d.here {
			direction = matrix.RefusedByTheirs
		}
		rec := matrix.Record(t, differs(t, "SD-JWT VC, "+d.what, direction, d.differ, d.right))
		for _, p := range everybody {
			for _, f := range d.faults {
				spoiled := newForged(t, p)
				f.spoil(spoiled)
				here, there := verifyBoth(t, p, spoiled)
				if (here == nil) != d.here || (there == nil) == d.here {
					t.Errorf("%s: here %v, there %v", f.name, here, there)
					continue
				}
				rec.Case()
			}
		}
	}
}

func verifyBoth(t *testing.T, p *parties, f *forged) (here, there error) {
	t.Helper()
	s := f.String()
	_, here = p.verifyHere(t, s)
	_, there = verifyThere(s, nil)
	return here, there
}

// TestIssuersByCertificate: an issuer that only its certificate names is accepted here and not there.
func TestIssuersByCertificate(t *testing.T) {
	rec := matrix.Record(t, differs(t, "SD-JWT VC of an issuer with a certificate (x5c), without iss", matrix.RefusedByTheirs,
		"irmago wants iss even if the certificate names the issuer.",
		"realdid: draft-ietf-oauth-sd-jwt-vc-18, sections 2.2.2.2 (iss is optional) and 2.5 (with x5c the certificate names the issuer)."))
	for i := range 24 {
		c := claims.New(uint64(5000 + i)).Next()
		if nullInClear(&c) || unread(&c, c.Reveal) {
			continue
		}
		issuer, holder := newCertified(t), generate(t, keys.P256)
		key, err := keys.NewPrivateKey(keys.P256, secret(t, issuer.key))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{certifiedIssuer, ""} {
			cred, err := ours.Issue(t.Context(), ours.Issuer{Signer: key, ID: id, Chain: issuer.leaf}, c.Claims, &ours.IssueOptions{
				Disclosable: c.Disclosable, HolderKey: holder.Public(), IssuedAt: now.Add(-time.Minute),
			})
			if err != nil {
				t.Fatal(err)
			}
			pres := string((&parties{holder: holder}).present(t, cred, c.Reveal).Bytes())
			if got, err := issuer.verifyHere(t, pres); err != nil || !claims.Same(got, c.Want) {
				t.Fatalf("iss %q, here: %v, %v", id, err, got)
			}
			got, err := verifyThere(pres, issuer.roots)
			if ok := err == nil && claims.Same(got, c.Want); ok != (id != "") {
				t.Fatalf("iss %q, there: %v, %v", id, err, got)
			}
		}
		rec.Case()
	}
}

// TestForeignDIDs: a did:jwk whose JWK is written in another way than irmago would write it.
func TestForeignDIDs(t *testing.T) {
	rec := matrix.Record(t, differs(t, "SD-JWT VC of a did:jwk whose JWK has its members in another order, or a blank", matrix.RefusedByTheirs,
		"irmago writes the JWK anew and gives the document and its method the id of that text, so that kid names nothing.",
		"realdid: the did:jwk method (spec.md, Read), by which the DID is the id of the document and the DID with `#0` that of its one method; DID 1.0, section 5.1.1."))
	for i := range 24 {
		p := newParties(t, algorithms[i%len(algorithms)], keys.P256)
		var m map[string]string
		if err := json.Unmarshal(p.issuer.Public().JWK(), &m); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(`{"kty":%q,"crv":%q,"x":%q`, m["kty"], m["crv"], m["x"])
		if y, ok := m["y"]; ok {
			text += fmt.Sprintf(`,"y":%q`, y)
		}
		if text += "}"; i%2 == 0 {
			text = " " + string(p.issuer.Public().JWK())
		}
		p.issuerDID = did.MustParse("did:jwk:" + b64.EncodeToString([]byte(text)))
		if here, there := verifyBoth(t, p, newForged(t, p)); here != nil || there == nil {
			t.Fatalf("%s: here %v, there %v", text, here, there)
		}
		rec.Case()
	}
}
