package irma

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/interop/spoiled"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	ours "github.com/realdid/realdid/vc/sdjwt"
)

// accepts are faults that one side does not mind: this one, if here is set, else the other.
type accepts struct {
	disagreement
	here   bool
	faults []string
}

// setting is the parties of a spoiled presentation.
func (p *parties) setting() spoiled.Setting {
	return spoiled.Setting{Issuer: p.issuer, Holder: p.holder, Method: p.issuerDID.WithFragment("0"), Now: now(), Audience: audience, Nonce: nonce}
}

// TestFaults: what both refuse, and what only one refuses.
func TestFaults(t *testing.T) {
	refused := matrix.Record(t, row(t, "SD-JWT VC with one fault, refused", matrix.OursAndTheirs))
	type explained struct {
		here bool
		rec  *matrix.Recording
	}
	known := map[string]explained{}
	for _, d := range oneSided() {
		direction := matrix.RefusedByUs
		if d.here {
			direction = matrix.RefusedByTheirs
		}
		rec := matrix.Record(t, differs(t, "SD-JWT VC, "+d.what, direction, d.differ, d.right))
		for _, name := range d.faults {
			known[name] = explained{d.here, rec}
		}
	}
	for _, p := range []*parties{newParties(t, keys.P256, keys.Ed25519), newParties(t, keys.Ed25519, keys.P256)} {
		other := newParties(t, p.issuer.Algorithm(), p.holder.Algorithm())
		if here, there := verifyBoth(t, p, spoiled.New(p.setting())); here != nil || there != nil {
			t.Fatalf("without a fault: here %v, there %v", here, there)
		}
		seen := 0
		for _, f := range spoiled.Faults(other.setting()) {
			spoilt := spoiled.New(p.setting())
			f.Spoil(spoilt)
			here, there := verifyBoth(t, p, spoilt)
			e, differ := known[f.Name]
			if (here == nil) != (differ && e.here) || (there == nil) != (differ && !e.here) || here != nil && vc.Code(here) == "" {
				t.Errorf("%s: here %v, there %v", f.Name, here, there)
				continue
			}
			if differ {
				seen++
				e.rec.Case()
			} else {
				refused.Case()
			}
		}
		if seen != len(known) {
			t.Errorf("%d of %d explanations were needed", seen, len(known))
		}
	}
}

func verifyBoth(t *testing.T, p *parties, s *spoiled.Presentation) (here, there error) {
	t.Helper()
	text := s.String()
	_, here = p.verifyHere(t, text)
	_, there = verifyThere(text, nil)
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
				Disclosable: c.Disclosable, HolderKey: holder.Public(), IssuedAt: now().Add(-time.Minute),
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
		p.issuerDID = did.MustParse("did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(text)))
		if here, there := verifyBoth(t, p, spoiled.New(p.setting())); here != nil || there == nil {
			t.Fatalf("%s: here %v, there %v", text, here, there)
		}
		rec.Case()
	}
}
