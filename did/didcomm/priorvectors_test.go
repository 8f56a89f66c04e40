package didcomm_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/vectors"
)

// priorSetting is what all vectors of from_prior share.
type priorSetting struct {
	Time      time.Time         `json:"time"`
	Documents []json.RawMessage `json:"documents"`
}

// priorVector is a from_prior in a message that From sends with authcrypt, or nobody with anoncrypt. Member names what is at fault in a bad one.
type priorVector struct {
	Name     string    `json:"name"`
	Token    string    `json:"token"`
	From     did.DID   `json:"from,omitzero"`
	Prior    did.DID   `json:"prior,omitzero"`
	IssuedAt time.Time `json:"issuedAt,omitzero"`
	SignedBy string    `json:"signedBy,omitempty"`
	Member   string    `json:"member,omitempty"`
}

const (
	priorHeader = `{"typ":"JWT","alg":"EdDSA","kid":"did:example:alice#ed-1"}`
	priorClaims = `{"iss":"did:example:alice","sub":"did:example:alice2","iat":1790000000}`
)

// makePriors returns the vectors, which are the same in every run.
func makePriors(t *testing.T) (good, bad vectors.File[priorSetting, priorVector]) {
	alice, alice2, bob := rotation(t)
	good.Kind, bad.Kind = "didcomm.priors", "didcomm.bad-priors"
	good.Setting.Time = alice.town.now
	for _, p := range []*person{alice, alice2, bob} {
		good.Setting.Documents = append(good.Setting.Documents, p.resolution().Document.Canonical())
	}
	bad.Setting = good.Setting
	replaced := func(s, a, b string) string {
		if !strings.Contains(s, a) {
			t.Fatal(a)
		}
		return strings.Replace(s, a, b, 1)
	}
	read := func(name, header, claims string, from did.DID) {
		good.Vectors = append(good.Vectors, priorVector{
			Name: name, Token: forgeToken(t, alice, "ed-1", header, claims), From: from, Prior: alice.id, IssuedAt: time.Unix(1790000000, 0).UTC(),
			SignedBy: alice.url("ed-1").String(),
		})
	}
	read("rotation", priorHeader, priorClaims, alice2.id)
	read("crv, as the specification has it", replaced(priorHeader, `"alg"`, `"crv":"ED25519","alg"`), priorClaims, alice2.id)
	read("exp to come", priorHeader, replaced(priorClaims, `}`, `,"exp":1800000000}`), alice2.id)
	read("nbf that has come", priorHeader, replaced(priorClaims, `}`, `,"nbf":1790000000}`), alice2.id)
	read("end of the relationship", priorHeader, replaced(priorClaims, `"sub":"did:example:alice2",`, ``), did.DID{})

	for _, v := range []struct{ name, header, claims, member string }{
		{"no typ", replaced(priorHeader, `"typ":"JWT",`, ``), priorClaims, "typ"},
		{"typ of another token", replaced(priorHeader, `JWT`, `kb+jwt`), priorClaims, "typ"},
		{"no kid", replaced(priorHeader, `,"kid":"did:example:alice#ed-1"`, ``), priorClaims, "kid"},
		{"kid relative", replaced(priorHeader, `did:example:alice#`, `#`), priorClaims, "kid"},
		{"kid the DID", replaced(priorHeader, `#ed-1`, ``), priorClaims, "kid"},
		{"kid with a query", replaced(priorHeader, `alice#`, `alice?versionId=1#`), priorClaims, "kid"},
		{"kid the beginning of one", replaced(priorHeader, `ed-1`, `ed-`), priorClaims, "NOT_FOUND"},
		{"kid of the new DID", replaced(priorHeader, `alice#`, `alice2#`), priorClaims, "kid"},
		{"kid of the key for agreement", replaced(priorHeader, `ed-1`, `x-1`), priorClaims, "authentication"},
		{"kid of another key", replaced(priorHeader, `ed-1`, `es-1`), priorClaims, "alg"},
		{"alg of another key", replaced(priorHeader, `EdDSA`, `ES256`), priorClaims, "alg"},
		{"alg none", replaced(priorHeader, `EdDSA`, `none`), priorClaims, "alg"},
		{"crit", replaced(priorHeader, `{`, `{"crit":["x"],"x":1,`), priorClaims, "crit"},
		{"b64", replaced(priorHeader, `{`, `{"crit":["b64"],"b64":false,`), priorClaims, "crit"},
		{"header member twice", replaced(priorHeader, `{`, `{"alg":"EdDSA",`), priorClaims, ""},
		{"iss another DID", priorHeader, replaced(priorClaims, `"did:example:alice",`, `"did:example:bob",`), "kid"},
		{"iss no DID", priorHeader, replaced(priorClaims, `"did:example:alice",`, `"alice",`), "iss"},
		{"no iss", priorHeader, replaced(priorClaims, `"iss":"did:example:alice",`, ``), "iss"},
		{"no iat", priorHeader, replaced(priorClaims, `,"iat":1790000000`, ``), "iat"},
		{"iat text", priorHeader, replaced(priorClaims, `1790000000`, `"1790000000"`), "iat"},
		{"iat negative", priorHeader, replaced(priorClaims, `1790000000`, `-1`), "iat"},
		{"iat in the future", priorHeader, replaced(priorClaims, `1790000000`, `1800000000`), "iat"},
		{"exp has come", priorHeader, replaced(priorClaims, `}`, `,"exp":1790000001}`), "exp"},
		{"exp text", priorHeader, replaced(priorClaims, `}`, `,"exp":"1800000000"}`), "exp"},
		{"nbf has not come", priorHeader, replaced(priorClaims, `}`, `,"nbf":1800000000}`), "nbf"},
		{"sub another DID", priorHeader, replaced(priorClaims, `alice2`, `alice3`), "sub"},
		{"sub is iss", priorHeader, replaced(priorClaims, `alice2`, `alice`), "sub"},
		{"sub a key", priorHeader, replaced(priorClaims, `alice2`, `alice2#ed-1`), "sub"},
		{"end of the relationship by somebody", priorHeader, replaced(priorClaims, `"sub":"did:example:alice2",`, ``), "from"},
		{"another claim: aud", priorHeader, replaced(priorClaims, `}`, `,"aud":"did:example:bob"}`), "another claim"},
		{"another claim: jti", priorHeader, replaced(priorClaims, `}`, `,"jti":"x"}`), "another claim"},
		{"another claim: nonce", priorHeader, replaced(priorClaims, `}`, `,"nonce":"x"}`), "another claim"},
		{"another claim: cnf", priorHeader, replaced(priorClaims, `}`, `,"cnf":{"kid":"did:example:alice2#ed-1"}}`), "another claim"},
		{"another claim: events", priorHeader, replaced(priorClaims, `}`, `,"events":{}}`), "another claim"},
		{"another claim: one of nobody", priorHeader, replaced(priorClaims, `}`, `,"x":null}`), "another claim"},
		{"a credential for the sender", priorHeader, replaced(priorClaims, `}`, `,"vc":{"type":["VerifiableCredential"]}}`), "another claim"},
		{"too long, by white space", priorHeader, replaced(priorClaims, `}`, strings.Repeat(" ", 12<<10)+`}`), ""},
		{"claim twice", priorHeader, replaced(priorClaims, `{`, `{"iat":1790000000,`), ""},
		{"claims no JSON", priorHeader, `x`, ""},
		{"claims an array", priorHeader, `[]`, "iss"},
	} {
		bad.Vectors = append(bad.Vectors, priorVector{Name: v.name, Token: forgeToken(t, alice, "ed-1", v.header, v.claims), From: alice2.id, Member: v.member})
	}
	token := good.Vectors[0].Token
	for _, v := range []struct{ name, token, from, member string }{
		{"sub is iss, and the sender", forgeToken(t, alice, "ed-1", priorHeader, replaced(priorClaims, `alice2`, `alice`)), "did:example:alice", "sub"},
		{"a presentation, and no sender", forgeToken(t, alice, "ed-1", priorHeader,
			`{"iss":"did:example:alice","aud":"https://verifier.example","nonce":"n","iat":1790000000,"vp":{"type":["VerifiablePresentation"]}}`), "", "another claim"},
		{"no sender", token, "", "sub"},
		{"another sender", token, "did:example:bob", "sub"},
		{"signed by another", forgeToken(t, alice2, "ed-1", priorHeader, priorClaims), "did:example:alice2", "signature"},
		{"signature cut off", token[:strings.LastIndexByte(token, '.')+1], "did:example:alice2", ""},
		{"signature of other bits", token[:len(token)-2] + "AA", "did:example:alice2", "signature"},
		{"four parts", token + ".AA", "did:example:alice2", ""},
		{"padding", token + "=", "did:example:alice2", ""},
		{"a line break", token[:30] + "\n" + token[30:], "did:example:alice2", ""},
		{"too long", strings.Repeat("A", 17<<10) + "." + token, "did:example:alice2", ""},
	} {
		var from did.DID
		if v.from != "" {
			from = did.MustParse(v.from)
		}
		bad.Vectors = append(bad.Vectors, priorVector{Name: v.name, Token: v.token, From: from, Member: v.member})
	}
	return good, bad
}

// priorOf unpacks a message with the token.
func priorOf(t *testing.T, v priorVector) (*didcomm.Prior, error) {
	t.Helper()
	alice, alice2, bob := rotation(t)
	m := letter(nil, bob)
	m.FromPrior = v.Token
	sender := alice2
	for _, p := range []*person{alice, alice2, bob} {
		if p.id == v.From {
			m.From, sender = v.From, p
		}
	}
	if m.From != v.From {
		t.Fatalf("nobody is %v", v.From)
	}
	r, err := deliver(t, sender, bob, m)
	if err != nil {
		return nil, err
	}
	return r.Prior, nil
}

func TestPriorVectors(t *testing.T) {
	good, _ := makePriors(t)
	vectors.Compare(t, *update, "didcomm/priors", good)
	for _, v := range vectors.Read[priorSetting, priorVector](t, "didcomm/priors").Vectors {
		t.Run(v.Name, func(t *testing.T) {
			p := must[*didcomm.Prior](t)(priorOf(t, v))
			if p == nil || p.From != v.Prior || p.To != v.From || !p.IssuedAt.Equal(v.IssuedAt) || p.SignedBy.String() != v.SignedBy {
				t.Errorf("got %+v, want %+v", p, v)
			}
		})
	}
}

func TestBadPriorVectors(t *testing.T) {
	_, bad := makePriors(t)
	vectors.Compare(t, *update, "didcomm/bad-priors", bad)
	for _, v := range vectors.Read[priorSetting, priorVector](t, "didcomm/bad-priors").Vectors {
		t.Run(v.Name, func(t *testing.T) {
			_, err := priorOf(t, v)
			wantInvalid(t, err, v.Member)
			wantInvalid(t, err, "from_prior")
		})
	}
}
