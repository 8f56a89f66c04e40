package aries

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	theirjson "github.com/go-jose/go-jose/v3/json"
	"github.com/go-jose/go-jose/v3/jwt"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk/jwksupport"
	theirjwt "github.com/hyperledger/aries-framework-go/pkg/doc/jwt"
	"github.com/hyperledger/aries-framework-go/pkg/doc/sdjwt/holder"
	"github.com/hyperledger/aries-framework-go/pkg/doc/sdjwt/issuer"
	theirverifier "github.com/hyperledger/aries-framework-go/pkg/doc/sdjwt/verifier"
	theirs "github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// vct is the type of the credentials; Aries has no notion of it.
const vct = "https://id.example/example"

// flat are claims as Aries can make and read them: members of objects, two levels deep. What can be withheld is a member whose object
// cannot.
func flat(i int) (m map[string]any, disclosable, reveal []string) {
	r := rand.New(rand.NewPCG(uint64(i), 2))
	m = map[string]any{}
	for n := range 2 + r.IntN(5) {
		name := fmt.Sprint("claim ", n)
		var v any = text(r)
		switch r.IntN(6) {
		case 0:
			v = r.IntN(1_000_000) - 500_000
		case 1:
			v = []any{text(r), r.IntN(2) == 0, nil, map[string]any{"deep": text(r)}}
		case 2:
			inner := map[string]any{}
			for k := range 1 + r.IntN(3) {
				inner[fmt.Sprint("inner ", k)] = text(r)
				if p := fmt.Sprintf("/%s/inner %d", name, k); r.IntN(3) > 0 {
					disclosable = append(disclosable, p)
				}
			}
			m[name] = inner
			continue
		}
		m[name] = v
		if r.IntN(3) > 0 {
			disclosable = append(disclosable, "/"+name)
		}
	}
	if len(disclosable) == 0 {
		m["last"] = text(r)
		disclosable = append(disclosable, "/last")
	}
	for n, p := range disclosable {
		if n == 0 || r.IntN(2) == 0 {
			reveal = append(reveal, p)
		}
	}
	return m, disclosable, reveal
}

// signatures checks signatures there, by a key that did:key resolves to.
var signatures = theirjwt.NewVerifier(theirjwt.KeyResolverFunc(fetcher))

// parseThere verifies an SD-JWT there.
func parseThere(token string) (map[string]any, error) {
	got, err := theirverifier.Parse(token, theirverifier.WithSignatureVerifier(signatures),
		theirverifier.WithIssuerSigningAlgorithms([]string{"EdDSA", "ES256", "ES384"}), theirverifier.WithHolderSigningAlgorithms([]string{"EdDSA", "ES256", "ES384"}))
	if err != nil {
		return nil, err
	}
	b, err := theirjson.Marshal(got) // its numbers are of a type of its own
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(b, &m)
}

// issueSDJWT issues here.
func issueSDJWT(t *testing.T, k *keys.PrivateKey, m map[string]any, opt sdjwt.IssueOptions) *sdjwt.Credential {
	t.Helper()
	opt.IssuedAt = issuedAt
	m["vct"] = vct
	c, err := sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: k, Method: didkey.URL(k.Public())}, m, &opt)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSDJWTOfOurs(t *testing.T) {
	r := matrix.Record(t, row(t, "SD-JWT with the typ JWT: members of objects, SHA-256 to SHA-512", matrix.OursToTheirs))
	for i := range exchanged {
		k := ourKey(t, i)
		m, disclosable, reveal := flat(i)
		cred := issueSDJWT(t, k, m, sdjwt.IssueOptions{
			Disclosable: disclosable, MediaType: sdjwt.JWTMediaType, Hash: []string{"sha-256", "sha-384", "sha-512"}[i%3], Decoys: []sdjwt.Decoys{{Count: i % 4}},
		})
		pres, err := cred.Present(t.Context(), nil, &sdjwt.PresentOptions{Reveal: reveal})
		if err != nil {
			t.Fatal(err)
		}
		want, err := verify(t, sdjwt.Received(pres.Bytes()), k.Public(), sdjwt.JWTMediaType)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseThere(string(pres.Bytes()))
		if err != nil || !claims.Same(got, want.Claims()) {
			t.Fatalf("%d: %v, got %v, want %v", i, err, got, want.Claims())
		}
		r.Case()
		refuseBoth(t, r, string(pres.Bytes()), k.Public())
	}
}

// refuseBoth changes the signed part, and then a disclosure.
func refuseBoth(t *testing.T, r *matrix.Recording, token string, issuer keys.PublicKey) {
	t.Helper()
	jws, rest, _ := strings.Cut(token, "~")
	first, others, _ := strings.Cut(rest, "~")
	b := []byte(first)
	b[len(b)/2] ^= 1 // stays base64url: its letters come in pairs but for - and _
	if b[len(b)/2] == '.' || b[len(b)/2] == '^' {
		b[len(b)/2] = 'A'
	}
	for _, bad := range []string{changed(jws) + "~" + rest, jws + "~" + string(b) + "~" + others} {
		if bad == token {
			t.Fatal("nothing changed")
		}
		if _, err := parseThere(bad); err == nil {
			t.Fatalf("a changed one was read there: %s", bad)
		}
		if _, err := verify(t, sdjwt.Received([]byte(bad)), issuer, sdjwt.JWTMediaType); err == nil {
			t.Fatalf("a changed one was read here: %s", bad)
		}
		r.Tampered()
	}
}

// issueThere issues there. It returns their form for the holder, and the issuer's key.
func issueThere(t *testing.T, i int, m map[string]any, opts ...issuer.NewOpt) (string, keys.PublicKey) {
	t.Helper()
	signer, k := theirKey(t, i)
	alg, err := algorithms[i%len(algorithms)].jws.Name()
	if err != nil {
		t.Fatal(err)
	}
	opts = append(opts, issuer.WithIssuedAt(jwt.NewNumericDate(issuedAt)), issuer.WithDecoyDigests(i%2 == 0))
	token, err := issuer.New(k.DIDKey(), m, jose.Headers{jose.HeaderKeyID: k.DIDKeyURL(), jose.HeaderType: theirjwt.TypeJWT}, theirs.GetJWTSigner(signer, alg), opts...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := token.Serialize(false)
	if err != nil {
		t.Fatal(err)
	}
	return text, k
}

func TestSDJWTOfTheirs(t *testing.T) {
	r := matrix.Record(t, row(t, "SD-JWT with the typ JWT: members of objects, with and without structure, decoys", matrix.TheirsToOurs))
	for i := range exchanged {
		m, _, _ := flat(i)
		combined, k := issueThere(t, i, m, issuer.WithStructuredClaims(i%3 == 0))
		list, err := holder.Parse(combined, holder.WithSignatureVerifier(signatures))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(list, func(a, b *holder.Claim) int { return strings.Compare(a.Name, b.Name) })
		var show []string
		for n, c := range list {
			if n%2 == 0 {
				show = append(show, c.Disclosure)
			}
		}
		pres, err := holder.CreatePresentation(combined, show)
		if err != nil {
			t.Fatal(err)
		}
		want, err := parseThere(pres)
		if err != nil {
			t.Fatal(err)
		}
		got, err := verify(t, sdjwt.Received([]byte(pres)), k, sdjwt.JWTMediaType)
		if err != nil || !claims.Same(got.Claims(), want) {
			t.Fatalf("%d: %v, got %v, want %v", i, err, got, want)
		}
		r.Case()
		refuseBoth(t, r, pres, k)
	}
}

// TestSDJWTOfNow: what RFC 9901 and SD-JWT VC have and the draft that Aries follows had not.
func TestSDJWTOfNow(t *testing.T) {
	for _, c := range []struct {
		what, mediaType, theirs, why, right string
		disclosable                         []string
	}{
		{
			"SD-JWT VC (dc+sd-jwt)", sdjwt.MediaType, "typ is not JWT", "Aries reads no typ but JWT.",
			"realdid: SD-JWT VC (draft 18), section 2.2.1: typ is dc+sd-jwt. For such readers issue with JWTMediaType.",
			[]string{"/name"},
		},
		{
			"SD-JWT with an element of an array that can be withheld", sdjwt.JWTMediaType, "not found in SD-JWT disclosure digests",
			"Aries looks for digests in objects alone, and knows disclosures of three members alone.", "realdid: RFC 9901, section 4.2.2: the disclosure of an element has two.",
			[]string{`["list",0]`},
		},
		{
			"SD-JWT with a disclosure inside a disclosure", sdjwt.JWTMediaType, "not found in SD-JWT disclosure digests",
			"Aries looks for digests in the signed part alone.", "realdid: RFC 9901, section 4.2.6, allows recursive disclosures.",
			[]string{"/address", "/address/locality"},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := refused(t, c.what, matrix.RefusedByTheirs, c.why, c.right)
			for i := range repeated {
				k := ourKey(t, i)
				cred := issueSDJWT(t, k, map[string]any{"name": "Ada", "list": []any{"a", "b"}, "address": map[string]any{"locality": "Zug"}},
					sdjwt.IssueOptions{Disclosable: c.disclosable, MediaType: c.mediaType})
				if _, err := verify(t, sdjwt.Received(cred.Bytes()), k.Public(), c.mediaType); err != nil {
					t.Fatal(err)
				}
				if _, err := parseThere(string(cred.Bytes())); err == nil || !strings.Contains(err.Error(), c.theirs) {
					t.Fatalf("got %v, want %s", err, c.theirs)
				}
				r.Case()
			}
		})
	}
}

// TestSDJWTKeyBinding: how the holder's signature changed between the drafts and RFC 9901.
func TestSDJWTKeyBinding(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		r := refused(t, "SD-JWT with key binding", matrix.RefusedByTheirs, "Aries reads no typ but JWT in the holder's part either.",
			"realdid: RFC 9901, section 4.3: typ is kb+jwt.")
		for i := range repeated {
			k, phone := ourKey(t, i), ourKey(t, i)
			cred := issueSDJWT(t, k, map[string]any{"name": "Ada"}, sdjwt.IssueOptions{Disclosable: []string{"/name"}, MediaType: sdjwt.JWTMediaType, HolderKey: phone.Public()})
			pres, err := cred.Present(t.Context(), phone, &sdjwt.PresentOptions{Reveal: []string{"/name"}, Audience: audience, Nonce: nonce, IssuedAt: now})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parseThere(string(pres.Bytes())); err == nil || !strings.Contains(err.Error(), "typ is not JWT") {
				t.Fatalf("got %v", err)
			}
			r.Case()
		}
	})
	t.Run("theirs", func(t *testing.T) {
		r := refused(t, "SD-JWT with holder binding", matrix.RefusedByUs,
			"The holder's part that Aries makes has no typ and no sd_hash: it can be put behind any other disclosures of the same credential.",
			"realdid: RFC 9901, section 4.3: typ is kb+jwt, and sd_hash is required.")
		for i := range repeated {
			signer, k := theirKey(t, i)
			j, err := jwksupport.JWKFromKey(signer.PublicKey())
			if err != nil {
				t.Fatal(err)
			}
			combined, issuedBy := issueThere(t, i, map[string]any{"name": "Ada"}, issuer.WithHolderPublicKey(j))
			alg, err := algorithms[i%len(algorithms)].jws.Name()
			if err != nil {
				t.Fatal(err)
			}
			pres, err := holder.CreatePresentation(combined, strings.Split(combined, "~")[1:], holder.WithHolderBinding(&holder.BindingInfo{
				Payload: holder.BindingPayload{Nonce: nonce, Audience: audience, IssuedAt: jwt.NewNumericDate(now)}, Signer: theirs.GetJWTSigner(signer, alg),
			}))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parseThere(pres); err != nil {
				t.Fatal(err)
			}
			_, _, err = verifier.Verify(t.Context(), sdjwt.Received([]byte(pres)), &vc.Expect{
				Issuers: []did.DID{didkey.Of(issuedBy)}, InsecureAnyType: true, MediaTypes: []string{sdjwt.JWTMediaType}, Audience: audience, Nonce: nonce,
				InsecureUnrotatableHolderKey: true,
			})
			if vc.Code(err) != "sdjwt.kb.typ" || k.IsZero() {
				t.Fatalf("got %v", err)
			}
			r.Case()
		}
	})
}

// TestSDJWTForms: forms of the early drafts that are no SD-JWT any more.
func TestSDJWTForms(t *testing.T) {
	t.Run("issued", func(t *testing.T) {
		r := refused(t, "SD-JWT as it goes from issuer to holder", matrix.RefusedByUs,
			"Aries ends this form without ~, so that its last disclosure stands where key binding does. Add a ~, or let holder.CreatePresentation write it.",
			"realdid: RFC 9901, section 4: without key binding an SD-JWT ends with ~.")
		for i := range repeated {
			combined, k := issueThere(t, i, map[string]any{"name": "Ada"})
			if _, err := verify(t, sdjwt.Received([]byte(combined)), k, sdjwt.JWTMediaType); vc.Code(err) != "sdjwt.kb.syntax" {
				t.Fatalf("got %v", err)
			}
			if _, err := verify(t, sdjwt.Received([]byte(combined+"~")), k, sdjwt.JWTMediaType); err != nil {
				t.Fatalf("with ~: got %v", err)
			}
			r.Case()
		}
	})
	t.Run("credential", func(t *testing.T) {
		r := refused(t, "VC-JWT of the data model 1.1 as SD-JWT (claim vc)", matrix.RefusedByUs,
			"Aries puts _sd_alg into the claim vc.", "realdid: RFC 9901, section 4.1.1: _sd_alg is at the top level and in no object below it.")
		for i := range repeated {
			signer, k := theirKey(t, i)
			b, err := json.Marshal(credential(i, k.DIDKey(), "did:example:subject"))
			if err != nil {
				t.Fatal(err)
			}
			c, err := theirs.ParseCredential(b, theirs.WithDisabledProofCheck(), theirs.WithCredDisableValidation())
			if err != nil {
				t.Fatal(err)
			}
			alg, err := algorithms[i%len(algorithms)].jws.Name()
			if err != nil {
				t.Fatal(err)
			}
			pres, err := c.MarshalWithDisclosure(theirs.DiscloseAll(), theirs.DisclosureSigner(theirs.GetJWTSigner(signer, alg), k.DIDKeyURL()))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := theirs.ParseCredential([]byte(pres), theirs.WithPublicKeyFetcher(fetcher)); err != nil {
				t.Fatal(err)
			}
			if _, err := verify(t, sdjwt.Received([]byte(pres)), k, "sd-jwt"); vc.Code(err) != "sdjwt.hash.nested" {
				t.Fatalf("got %v", err)
			}
			r.Case()
		}
	})
}
