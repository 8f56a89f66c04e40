package npm

import (
	"testing"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/interop/spoiled"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// unminded are the faults that @sd-jwt does not mind.
var unminded = []struct {
	what, differ, right string
	faults              []string
}{
	{
		"digests and disclosures that must not be there",
		"@sd-jwt passes over a disclosure that nothing refers to, lets one take the place of a claim in the clear, and minds neither digests that stand twice nor names and " +
			"values of the wrong kind.",
		"realdid: RFC 9901, section 7.1, steps 2.d, 3.c.ii, 3.c.iii, 4 and 5, and sections 4 (a disclosure is sent once), 4.1 (rule 7), 4.1.1, 4.2.1 and 4.2.4.2.",
		[]string{
			"digest of a disclosure twice", "disclosure without a digest", "disclosure called _sd", "disclosure called ...", "disclosure called like a claim in the clear",
			"disclosure called like another", "disclosure of an element among claims", "disclosure of a claim among elements", "salt a number", "name a number", "_sd a text",
			"digest a number", "digest of an element a number", "digest of nothing twice", "digest of nothing at two levels", "disclosure sent twice",
			"a member beside an element's digest", "... as a claim", "_sd_alg below the top", "_sd_alg disclosed", "hash in capitals", "hash a number",
		},
	},
	{
		"cnf, vct, exp or nbf in a disclosure",
		"@sd-jwt takes these claims from disclosures, and does not look at the validity that they state: an expired credential whose issuer made exp withholdable is valid.",
		"realdid: draft-ietf-oauth-sd-jwt-vc-18, section 2.2.2.2 (they must not be selectively disclosed); RFC 9901, section 7.1, step 6.",
		[]string{"cnf disclosed", "vct disclosed", "exp disclosed, past", "nbf disclosed, in the future"},
	},
	{
		"claims that are missing or of another kind", "@sd-jwt accepts a credential without vct, and dates that are texts.",
		"realdid: draft-ietf-oauth-sd-jwt-vc-18, section 2.2.2.1 (vct is required, a string); RFC 7519, section 2 (NumericDate is a JSON number).",
		[]string{"vct absent", "vct a number", "exp a word", "exp in quotes", "iat in quotes"},
	},
	{
		"crit names what is not understood", "@sd-jwt ignores crit, in the issuer's part and in key binding.", "realdid: RFC 7515, section 4.1.11 (the JWS is invalid).",
		[]string{
			"crit of an unknown extension", "crit of a registered name", "key binding: crit of an unknown extension", "key binding: crit of a registered name",
		},
	},
	{
		"key binding for somebody else, or of another time", "@sd-jwt compares nonce and sd_hash, and leaves aud, iat, exp and nbf of key binding to its caller.",
		"both: RFC 9901, section 7.3, steps 5.e, 5.f and 5.h, do not say in which layer; the caller of @sd-jwt has to do them.",
		[]string{
			"key binding: for another", "key binding: aud without the prefix", "key binding: aud a list", "key binding: iat a word", "key binding: from the future",
			"key binding: a year old", "key binding: expired", "key binding: not yet valid",
		},
	},
	{
		"who signed with what: typ, alg, kid, iss, cnf", "@sd-jwt is given functions that verify, and looks at none of these.",
		"both: RFC 9901, section 7.1, steps 2.a to 2.c, and 7.3, steps 5.a and 5.b, do not say in which layer; the caller of @sd-jwt has to do them.",
		[]string{
			"typ absent", "typ JWT", "typ with a prefix", "typ in capitals", "typ vc+sd-jwt", "alg of another key", "kid absent", "kid of a method that is not there",
			"kid without a fragment", "kid relative", "iss absent", "iss of another", "cnf absent", "d in cnf.jwk", "key binding: alg of another key", "key binding: alg HS256",
		},
	},
	{
		"text that is not base64url or not UTF-8", "@sd-jwt passes over padding, line ends, blanks and the other alphabet, and over bytes that are not UTF-8.",
		"realdid: RFC 7515, section 2 (base64url without padding, line breaks or other characters); RFC 8259, section 8.1.",
		[]string{"disclosure padded", "disclosure in base64", "blank behind", "line end in a disclosure", "line end behind", "not UTF-8"},
	},
	{
		"a second text of the same content: duplicate members, spare bits of base64url",
		"@sd-jwt takes the last of two members with one name, and ignores the spare bits; realdid refuses both.",
		"both: RFC 7519, section 4 (reject, or take the last); RFC 4648, section 3.5 (may reject).",
		[]string{"duplicate claim", "duplicate member in a disclosure", "key binding: duplicate claim", "spare bits"},
	},
	{
		"what realdid's profile for issuers that are DIDs narrows", "@sd-jwt accepts a credential without iat, and a date with a fraction.",
		"@sd-jwt by the standards (draft-ietf-oauth-sd-jwt-vc-18, section 2.2.2.2; RFC 7519, section 2); realdid by vc/sdjwt/PROFILE.md, section 2.",
		[]string{"iat absent", "exp with a fraction"},
	},
}

// noFaults are accepted by both: they are faults to others.
var noFaults = map[string]bool{"_sd empty": true, "_sd empty beside a claim": true, "_sd empty at the top": true, "cnf.kid": true}

// TestSDJWTFaults: what both refuse, and what only we refuse.
func TestSDJWTFaults(t *testing.T) {
	lib := at{"vc/sdjwt", "@sd-jwt/sd-jwt-vc"}
	refused := matrix.Record(t, lib.row(t, "SD-JWT VC with one fault, refused", matrix.OursAndTheirs))
	known := map[string]*matrix.Recording{}
	for _, d := range unminded {
		rec := matrix.Record(t, lib.differs(t, "SD-JWT VC, "+d.what, matrix.RefusedByUs, d.differ, d.right))
		for _, name := range d.faults {
			known[name] = rec
		}
	}
	p := lib.start(t)
	for _, a := range [][2]keys.Algorithm{{keys.P256, keys.Ed25519}, {keys.Ed25519, keys.P256}} {
		issuer, holder := newParty(t, a[0]), newParty(t, a[1])
		setting := func(issuer, holder *party) spoiled.Setting {
			return spoiled.Setting{Issuer: issuer.PrivateKey, Holder: holder.PrivateKey, Method: issuer.method, Now: now, Audience: audience, Nonce: nonce}
		}
		both := func(s *spoiled.Presentation) (there string, here error) {
			text := s.String()
			_, here = verify(t, sdjwt.Received([]byte(text)), issuer, claims.Type)
			var a sdAnswer
			p.Ask(t, map[string]any{
				"op": "verify", "token": text, "alg": issuer.alg(), "issuerPublic": issuer.publicJWK(), "holderAlg": holder.alg(), "holderPublic": holder.publicJWK(),
				"nonce": nonce, "now": now.Unix(),
			}, &a)
			return a.Error, here
		}
		if there, here := both(spoiled.New(setting(issuer, holder))); here != nil || there != "" {
			t.Fatalf("without a fault: here %v, there %q", here, there)
		}
		needed := 0
		for _, f := range spoiled.Faults(setting(newParty(t, a[0]), newParty(t, a[1]))) {
			s := spoiled.New(setting(issuer, holder))
			f.Spoil(s)
			there, here := both(s)
			rec := known[f.Name]
			switch {
			case noFaults[f.Name]:
				if here != nil || there != "" {
					t.Errorf("%s: here %v, there %q", f.Name, here, there)
				}
				continue
			case here == nil || vc.Code(here) == "" || (there == "") != (rec != nil):
				t.Errorf("%s: here %v, there %q", f.Name, here, there)
				continue
			case rec != nil:
				needed++
				rec.Case()
			default:
				refused.Case()
			}
		}
		if needed != len(known) {
			t.Errorf("%d of %d explanations were needed", needed, len(known))
		}
	}
}
