package aries

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	theirs "github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/jwtvc"
)

// credential makes a credential of the data model 1.1. What the subject has differs with i.
func credential(i int, issuer, subject string) map[string]any {
	g := claims.New(uint64(i))
	c := g.Next()
	about := c.Claims
	about["id"] = subject
	m := map[string]any{
		"@context": []any{"https://www.w3.org/2018/credentials/v1"}, "type": []any{"VerifiableCredential", "ExampleCredential"},
		"issuer": issuer, "issuanceDate": issued, "credentialSubject": about,
	}
	if i%2 == 0 {
		m["id"] = fmt.Sprintf("urn:example:%d", i)
	}
	if i%3 == 0 {
		m["expirationDate"] = "2030-01-01T00:00:00Z"
	}
	if i%5 == 0 {
		m["issuer"] = map[string]any{"id": issuer, "name": text(rand.New(rand.NewPCG(uint64(i), 1)))}
	}
	return m
}

// readThere verifies a credential there and returns it as it is read.
func readThere(token []byte) (map[string]any, error) {
	c, err := theirs.ParseCredential(token, theirs.WithPublicKeyFetcher(fetcher))
	if err != nil {
		return nil, err
	}
	c.JWT = "" // else it is marshalled as that
	b, err := c.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(b, &m)
}

// same compares a credential with what a peer read, who writes lists of one as the thing itself.
func same(got, want map[string]any) bool {
	g, w := map[string]any{}, map[string]any{}
	for to, from := range map[*map[string]any]map[string]any{&g: got, &w: want} {
		for name, v := range from {
			if list, ok := v.([]any); ok && len(list) == 1 {
				v = list[0]
			}
			(*to)[name] = v
		}
	}
	return claims.Same(g, w)
}

func TestVCJWTOfOurs(t *testing.T) {
	r := matrix.Record(t, row(t, "VC-JWT of the data model 1.1 with EdDSA, ES256, ES384 (vc/jwtvc)", matrix.OursToTheirs))
	for i := range exchanged {
		k := ourKey(t, i)
		want := credential(i, k.Public().DIDKey(), "did:example:subject")
		cred, err := jwtvc.Issue(t.Context(), jwtvc.Issuer{Signer: k, Method: didkey.URL(k.Public())}, want, &jwtvc.IssueOptions{IssuedAt: issuedAt})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readThere(cred.Bytes())
		if err != nil || !same(got, want) {
			t.Fatalf("%d: %v, got %v, want %v", i, err, got, want)
		}
		r.Case()
		bad := changed(string(cred.Bytes()))
		if _, err := readThere([]byte(bad)); err == nil {
			t.Fatalf("%d: a changed one was read there", i)
		}
		if _, err := verify(t, jwtvc.Received([]byte(bad)), k.Public(), jwtvc.MediaType); err == nil {
			t.Fatalf("%d: a changed one was read here", i)
		}
		r.Tampered()
	}
}

// signThere makes a credential there. minimal leaves out what claims say.
func signThere(t *testing.T, i int, minimal bool, change func(map[string]any)) (token string, issuer keys.PublicKey, want map[string]any) {
	t.Helper()
	signer, issuer := theirKey(t, i)
	want = credential(i, issuer.DIDKey(), "did:example:subject")
	if change != nil {
		change(want)
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	c, err := theirs.ParseCredential(b, theirs.WithDisabledProofCheck(), theirs.WithCredDisableValidation())
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := c.JWTClaims(minimal)
	if err != nil {
		t.Fatal(err)
	}
	if token, err = jwt.MarshalJWS(algorithms[i%len(algorithms)].jws, signer, issuer.DIDKeyURL()); err != nil {
		t.Fatal(err)
	}
	return token, issuer, want
}

func TestVCJWTOfTheirs(t *testing.T) {
	r := matrix.Record(t, row(t, "VC-JWT of the data model 1.1 with EdDSA, ES256, ES384 (vc/jwtvc)", matrix.TheirsToOurs))
	for i := range exchanged {
		token, issuer, want := signThere(t, i, false, nil)
		got, err := verify(t, jwtvc.Received([]byte(token)), issuer, jwtvc.MediaType)
		if err != nil || !same(got.Claims(), want) {
			t.Fatalf("%d: %v, got %v, want %v", i, err, got, want)
		}
		r.Case()
		if _, err := verify(t, jwtvc.Received([]byte(changed(token))), issuer, jwtvc.MediaType); err == nil {
			t.Fatalf("%d: a changed one was read here", i)
		}
		if _, err := readThere([]byte(changed(token))); err == nil {
			t.Fatalf("%d: a changed one was read there", i)
		}
		r.Tampered()
	}
}

// TestVCJWTMinimal: their form without members that claims stand for.
func TestVCJWTMinimal(t *testing.T) {
	r := matrix.Record(t, row(t, "VC-JWT whose claims stand in the place of members", matrix.TheirsToOurs))
	for i := range exchanged {
		token, issuer, want := signThere(t, i, true, nil)
		got, err := verify(t, jwtvc.Received([]byte(token)), issuer, jwtvc.MediaType)
		if err != nil || !same(got.Claims(), want) {
			t.Fatalf("%d: %v, got %v, want %v in %s", i, err, got, want, token)
		}
		r.Case()
	}
}

func TestPresentationOfOurs(t *testing.T) {
	r := matrix.Record(t, row(t, "VC-JWT in a presentation signed by its holder", matrix.OursToTheirs))
	for i := range exchanged {
		k, holder := ourKey(t, i), ourKey(t, i+1)
		c := credential(i, k.Public().DIDKey(), holder.Public().DIDKey())
		cred, err := jwtvc.Issue(t.Context(), jwtvc.Issuer{Signer: k, Method: didkey.URL(k.Public())}, c, &jwtvc.IssueOptions{IssuedAt: issuedAt})
		if err != nil {
			t.Fatal(err)
		}
		pres, err := cred.Present(t.Context(), holder, &jwtvc.PresentOptions{
			Audience: audience, Nonce: nonce, Method: didkey.URL(holder.Public()), IssuedAt: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		read := func(b []byte) (*theirs.Presentation, error) {
			return theirs.ParsePresentation(b, theirs.WithPresPublicKeyFetcher(fetcher), theirs.WithDisabledJSONLDChecks())
		}
		got, err := read(pres.Bytes())
		if err != nil || got.Holder != holder.Public().DIDKey() || len(got.Credentials()) != 1 {
			t.Fatalf("%d: got %v, %v", i, got, err)
		}
		if inner, ok := got.Credentials()[0].(*theirs.Credential); !ok || inner.JWT != string(cred.Bytes()) {
			t.Fatalf("%d: got %v", i, got.Credentials())
		}
		r.Case()
		bad := []byte(changed(string(pres.Bytes())))
		if _, err := read(bad); err == nil {
			t.Fatalf("%d: a changed one was read there", i)
		}
		if _, _, err := verifier.Verify(t.Context(), jwtvc.Received(bad), holderPolicy(k.Public())); err == nil {
			t.Fatalf("%d: a changed one was read here", i)
		}
		r.Tampered()
	}
}

// holderPolicy asks for the holder.
func holderPolicy(issuer keys.PublicKey) *vc.Expect {
	return &vc.Expect{
		Issuers: []did.DID{didkey.Of(issuer)}, InsecureAnyType: true, Audience: audience, Nonce: nonce, MediaTypes: []string{jwtvc.MediaType},
		InsecureUnrotatableHolderKey: true,
	}
}

func TestPresentationOfTheirs(t *testing.T) {
	r := refused(
		t, "VC-JWT in a presentation signed by its holder", matrix.RefusedByUs,
		"A presentation of Aries has neither nonce nor iat, so that whoever once received it can show it again; a policy with holder binding refuses it. The credential in it can be verified by itself.",
		"realdid, for such a policy (OpenID4VP 1.0, section 14.1: the verifier matches the nonce). By VCDM 1.1, section 6.3.1, alone Aries may leave both out.",
	)
	for i := range repeated {
		signer, holder := theirKey(t, i)
		token, issuer, _ := signThere(t, i, false, func(c map[string]any) {
			c["credentialSubject"].(map[string]any)["id"] = holder.DIDKey()
		})
		p, err := theirs.NewPresentation(theirs.WithJWTCredentials(token))
		if err != nil {
			t.Fatal(err)
		}
		p.Holder = holder.DIDKey()
		jwt, err := p.JWTClaims([]string{audience}, false)
		if err != nil {
			t.Fatal(err)
		}
		jws, err := jwt.MarshalJWS(algorithms[i%len(algorithms)].jws, signer, holder.DIDKeyURL())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := verifier.Verify(t.Context(), jwtvc.Received([]byte(jws)), holderPolicy(issuer)); vc.Code(err) != "vc.holder.nonce" {
			t.Fatalf("%d: got %v", i, err)
		}
		r.Case()
	}
}

func TestNewerVCJWT(t *testing.T) {
	r := refused(
		t, "credential of the data model 2.0 (vc+jwt)", matrix.RefusedByTheirs,
		"Aries reads only a typ of JWT, and the claim vc, which the data model 2.0 has not.",
		"both: VC-JOSE-COSE 1.0 (2025), section 3.1.1, sets typ to vc+jwt; VCDM 1.1, section 6.3.1, from which Aries is, wanted JWT. Issue with vc/jwtvc for such readers.",
	)
	for i := range repeated {
		k := ourKey(t, i)
		cred, err := jose.Issue(t.Context(), jose.Issuer{Signer: k, Method: didkey.URL(k.Public())}, map[string]any{
			"@context": "https://www.w3.org/ns/credentials/v2", "type": "VerifiableCredential", "issuer": k.Public().DIDKey(),
			"credentialSubject": map[string]any{"id": "did:example:subject"},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readThere(cred.Bytes()); err == nil || !strings.Contains(err.Error(), "typ is not JWT") {
			t.Fatalf("got %v", err)
		}
		r.Case()
	}
}

// forged signs a credential here under a name that need not be that of the key.
func forged(t *testing.T, k *keys.PrivateKey, kid, issuer, more string) string {
	t.Helper()
	return token(t, k, `{"alg":"EdDSA","typ":"JWT","kid":"`+kid+`"}`, fmt.Sprintf(`{"iss":%[1]q,"nbf":%[2]d,"iat":%[2]d%[3]s,"vc":{
		"@context":["https://www.w3.org/2018/credentials/v1"],"type":["VerifiableCredential"],"issuer":%[1]q,"issuanceDate":%[4]q,
		"credentialSubject":{"id":"did:example:subject"}}}`, issuer, issuedAt.Unix(), more, issued))
}

// TestWhatAriesAccepts: tokens that must be refused, which Aries reads without an error. Who builds on Aries has to check these by himself.
func TestWhatAriesAccepts(t *testing.T) {
	for _, c := range []struct {
		what, code, why, right string
		make                   func(t *testing.T, issuer, thief *keys.PrivateKey, i int) string
	}{
		{
			"VC-JWT by somebody else's key", "vc.issuer.kid.foreign",
			"Aries finds the key by kid alone and never compares its DID with iss: anybody can issue in anybody's name.",
			"realdid: RFC 8725, section 3.8: keys that do not belong to the issuer MUST lead to rejection.",
			func(t *testing.T, issuer, thief *keys.PrivateKey, _ int) string {
				return forged(t, thief, thief.Public().DIDKeyURL(), issuer.Public().DIDKey(), "")
			},
		},
		{
			"VC-JWT whose kid is a part of a key's name", "vc.issuer.key.notfound",
			"Aries takes the first key whose name contains the fragment of kid, for whatever purpose but agreement.",
			"realdid: RFC 7515, section 5.3 (strings are equal code point by code point), and Controlled Identifiers 1.0, section 3.3.",
			func(t *testing.T, issuer, _ *keys.PrivateKey, i int) string {
				url := issuer.Public().DIDKeyURL()
				return forged(t, issuer, url[:len(url)-1-i], issuer.Public().DIDKey(), "")
			},
		},
		{
			"VC-JWT after its end of validity", "vc.time.expired",
			"Aries reads exp into expirationDate and compares neither with the time.",
			"realdid: RFC 7519, section 4.1.4: it MUST NOT be accepted on or after exp.",
			func(t *testing.T, issuer, _ *keys.PrivateKey, i int) string {
				return forged(t, issuer, issuer.Public().DIDKeyURL(), issuer.Public().DIDKey(), fmt.Sprintf(`,"exp":%d`, now.Unix()-int64(i)))
			},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := refused(t, c.what, matrix.RefusedByUs, c.why, c.right)
			for i := range repeated {
				issuer, thief := ourKey(t, 0), ourKey(t, 0)
				token := c.make(t, issuer, thief, i)
				if _, err := readThere([]byte(token)); err != nil {
					t.Fatalf("Aries refuses it as well: %v", err)
				}
				if _, err := verify(t, jwtvc.Received([]byte(token)), issuer.Public(), jwtvc.MediaType); vc.Code(err) != c.code {
					t.Fatalf("got %v, want %s", err, c.code)
				}
				r.Case()
			}
		})
	}
}

// TestIssuanceDate: which of two claims is the time from which a credential is valid.
func TestIssuanceDate(t *testing.T) {
	r := row(t, "VC-JWT that was signed later than it begins to be valid", matrix.OursToTheirs)
	r.Differ = "Aries puts iat in the place of issuanceDate, even where the credential has both that and nbf. The signature is checked as it should be."
	r.Right = "realdid: VCDM 1.1, section 6.3.1: nbf represents issuanceDate. Issue for such readers with an IssuedAt that is the issuanceDate."
	rec := matrix.Record(t, r)
	for i := range repeated {
		k := ourKey(t, i)
		later := issuedAt.AddDate(0, 0, 1+i)
		cred, err := jwtvc.Issue(t.Context(), jwtvc.Issuer{Signer: k, Method: didkey.URL(k.Public())},
			credential(i, k.Public().DIDKey(), "did:example:subject"), &jwtvc.IssueOptions{IssuedAt: later})
		if err != nil {
			t.Fatal(err)
		}
		got, err := readThere(cred.Bytes())
		if err != nil || got["issuanceDate"] != later.Format(time.RFC3339) {
			t.Fatalf("got %v, %v", got["issuanceDate"], err)
		}
		here, err := verify(t, jwtvc.Received(cred.Bytes()), k.Public(), jwtvc.MediaType)
		if err != nil || !here.NotBefore.Equal(issuedAt) || !here.IssuedAt.Equal(later) {
			t.Fatalf("got %v, %v", here, err)
		}
		rec.Case()
	}
}
