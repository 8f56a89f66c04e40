package irma

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/privacybydesign/irmago/eudi/credentials/sdjwtvc"
	"github.com/privacybydesign/irmago/eudi/sdjwt"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	ours "github.com/realdid/realdid/vc/sdjwt"
)

// exchanged is how many credentials go each way.
const exchanged = 400

var hashes = []string{"sha-256", "sha-384", "sha-512"}

// TestCredentialsOfOurs: a wallet there takes what is issued here, and reads the same.
func TestCredentialsOfOurs(t *testing.T) {
	r := record(t, row(t, "SD-JWT VC as issued, by a did:jwk with ES256, ES384, EdDSA", matrix.OursToTheirs), reading, matrix.RefusedByTheirs)
	all := allParties(t)
	for i := range exchanged {
		g := claims.New(uint64(1000 + i))
		c := g.Next()
		cred := all[i%len(all)].issue(t, &c, hashes[g.IntN(len(hashes))])
		got, err := receiveThere(string(cred.Bytes()))
		r.explained(t, &c, []string{""}, err == nil && claims.Same(got, c.Claims))
	}
}

// TestPresentationsOfOurs: a verifier there takes what is presented here, and reads the same.
func TestPresentationsOfOurs(t *testing.T) {
	r := record(t, row(t, "SD-JWT VC presented with key binding by cnf.jwk", matrix.OursToTheirs), reading, matrix.RefusedByTheirs)
	all := allParties(t)
	for i := range exchanged {
		g := claims.New(uint64(2000 + i))
		c := g.Next()
		p := all[i%len(all)]
		pres := p.present(t, p.issue(t, &c, hashes[g.IntN(len(hashes))]), c.Reveal).Bytes()
		if got, err := p.verifyHere(t, string(pres)); err != nil || !claims.Same(got, c.Want) {
			t.Fatalf("%d: here: %v, got %v, want %v", i, err, got, c.Want)
		}
		got, err := verifyThere(string(pres), nil)
		if r.explained(t, &c, c.Reveal, err == nil && claims.Same(got, c.Want)) {
			refuseChanges(t, r.agreed, pres, func(s string) (here, there error) {
				_, here = p.verifyHere(t, s)
				_, there = verifyThere(s, nil)
				return here, there
			})
		}
	}
}

// TestCredentialsOfTheirs: what their builder issues and their key binder presents is read here, and what of it is presented here is read
// on both sides.
func TestCredentialsOfTheirs(t *testing.T) {
	presented := record(t, row(t, "SD-JWT VC issued by its builder (x5c, ES256) and presented by its holder", matrix.TheirsToOurs), building, matrix.RefusedByUs)
	carried := record(t, row(t, "SD-JWT VC issued by its builder (x5c, ES256) and presented by ours", matrix.OursAndTheirs), nil, "")
	issuer := newCertified(t)
	for i := range exchanged {
		c := claims.New(uint64(3000 + i)).Next()
		binder := sdjwt.NewDefaultKeyBinderWithInMemoryStorage()
		theirKeys, err := binder.CreateKeyPairs(1)
		if err != nil {
			t.Fatal(err)
		}
		cnf, err := sdjwt.HolderKeyClaim(theirKeys[0])
		if err != nil {
			t.Fatal(err)
		}
		pres := presentThere(t, issuer.issueThere(t, &c, cnf), &c, binder)
		got, err := issuer.verifyHere(t, pres)
		if presented.explained(t, &c, c.Reveal, err == nil && claims.Same(got, c.Want)) {
			refuseChanges(t, presented.agreed, []byte(pres), func(s string) (here, there error) {
				_, here = issuer.verifyHere(t, s)
				_, there = verifyThere(s, issuer.roots)
				return here, there
			})
		}

		if withheldContainer(&c, []string{""}) { // a wallet here does not take the credential
			continue
		}
		ourKey := generate(t, keys.P256)
		cred, err := ours.ParseCredential([]byte(issuer.issueThere(t, &c, jwkClaim(t, ourKey.Public()))))
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		pres = string((&parties{holder: ourKey}).present(t, cred, c.Reveal).Bytes())
		if got, err := issuer.verifyHere(t, pres); err != nil || !claims.Same(got, c.Want) {
			t.Fatalf("%d: here: %v, got %v, want %v", i, err, got, c.Want)
		}
		if got, err := verifyThere(pres, issuer.roots); !nullInClear(&c) && !unread(&c, c.Reveal) {
			carried.explained(t, &c, c.Reveal, err == nil && claims.Same(got, c.Want))
		}
	}
}

// issueThere issues with their builder.
func (c *certified) issueThere(t *testing.T, cr *claims.Credential, cnf *sdjwt.ClaimElement) sdjwt.SdJwt {
	t.Helper()
	payload := append(tree(cr), cnf, sdjwt.Claim("iss", certifiedIssuer), sdjwt.Claim("iat", now().Unix()))
	issued, err := sdjwtvc.NewSdJwtVcBuilder().WithPayload(payload...).WithIssuerCertificateChain(c.chain).Build(sdjwt.NewJwtCreator(c.key))
	if err != nil {
		t.Fatal(err)
	}
	return sdjwt.SdJwt(issued)
}

// jwkClaim is a public key as the claim cnf.
func jwkClaim(t *testing.T, k keys.PublicKey) *sdjwt.ClaimElement {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(k.JWK(), &m); err != nil {
		t.Fatal(err)
	}
	e, err := sdjwt.JsonToClaimTree("jwk", m)
	if err != nil {
		t.Fatal(err)
	}
	return sdjwt.Object("cnf", e)
}

// presentThere presents there. Their CreatePresentation discloses what stands on the way to a path and nothing below it, so every
// disclosable value that is to be seen is named.
func presentThere(t *testing.T, issued sdjwt.SdJwt, c *claims.Credential, binder sdjwt.KeyBinder) string {
	t.Helper()
	var paths [][]any
	for _, p := range c.Disclosable {
		if seen(c, p, c.Reveal) {
			paths = append(paths, c.Pointer(p))
		}
	}
	chosen, err := sdjwt.CreatePresentation(issued, paths)
	if err != nil {
		t.Fatal(err)
	}
	kb, err := sdjwt.CreateKbJwt(chosen, binder, nonce, audience)
	if err != nil {
		t.Fatal(err)
	}
	return string(sdjwt.AddKeyBindingJwt(chosen, kb))
}

// refuseChanges changes one character in each part of a presentation; nobody takes it.
func refuseChanges(t *testing.T, r *matrix.Recording, pres []byte, verify func(string) (here, there error)) {
	t.Helper()
	for _, i := range middles(pres) {
		changed := bytes.Clone(pres)
		if changed[i]++; changed[i] == 'Z'+1 || changed[i] == 'z'+1 || changed[i] == '9'+1 || changed[i] == '.' {
			changed[i] = 'A'
		}
		here, there := verify(string(changed))
		if here == nil || vc.Code(here) == "" || there == nil {
			t.Fatalf("a presentation changed at %d of %d: here %v, there %v", i, len(pres), here, there)
		}
		r.Tampered()
	}
}

// middles returns places in the header, payload and signature of the issuer's and the holder's part, and in the first disclosure if there
// is one.
func middles(pres []byte) []int {
	var out []int
	parts, at := bytes.Split(pres, []byte("~")), 0
	for i, part := range parts {
		start := at
		if i == 1 && i < len(parts)-1 {
			out = append(out, at+len(part)/2)
		}
		for p := range bytes.SplitSeq(part, []byte(".")) {
			if i == 0 || i == len(parts)-1 {
				out = append(out, start+len(p)/2)
			}
			start += len(p) + 1
		}
		at += len(part) + 1
	}
	return out
}
