package irma

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/keys"
)

// forged is a presentation in parts, each of which a test may spoil before it is put together and signed.
type forged struct {
	header, payload     map[string]any
	disclosures         []string // of given_name, email and the second nationality
	kbHeader, kbPayload map[string]any
	issuer, holder      *keys.PrivateKey // nil signs nothing: the signature is empty
	// payloadText and kbText change the text of a payload before it is signed, signed the issuer's part and whole the whole.
	payloadText, kbText, signed, whole func(string) string
	noBinding                          bool
}

var b64 = base64.RawURLEncoding

// disclosure encodes the members of a disclosure.
func disclosure(members ...any) string {
	b, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return b64.EncodeToString(b)
}

func digest(disclosure string) string {
	sum := sha256.Sum256([]byte(disclosure))
	return b64.EncodeToString(sum[:])
}

// newForged returns the parts of a valid presentation.
func newForged(t *testing.T, p *parties) *forged {
	t.Helper()
	var cnf any
	if err := json.Unmarshal(p.holder.Public().JWK(), &cnf); err != nil {
		t.Fatal(err)
	}
	f := &forged{
		header: map[string]any{"alg": joseName(p.issuer), "typ": "dc+sd-jwt", "kid": p.issuerDID.String() + "#0"},
		disclosures: []string{
			disclosure("salt-1", "given_name", "Ada"), disclosure("salt-2", "email", map[string]any{"work": "ada@work.example"}), disclosure("salt-3", "CH"),
		},
		kbHeader:  map[string]any{"alg": joseName(p.holder), "typ": "kb+jwt"},
		kbPayload: map[string]any{"aud": audience, "nonce": nonce, "iat": now.Unix()},
		issuer:    p.issuer, holder: p.holder,
	}
	f.payload = map[string]any{
		"iss": p.issuerDID.String(), "iat": now.Add(-time.Hour).Unix(), "exp": now.Add(time.Hour).Unix(), "vct": claims.Type,
		"cnf": map[string]any{"jwk": cnf}, "_sd": []any{digest(f.disclosures[0]), digest(f.disclosures[1])},
		"nationalities": []any{"NL", map[string]any{"...": digest(f.disclosures[2])}}, "age_over_18": true,
	}
	return f
}

func joseName(k *keys.PrivateKey) string {
	alg, _ := k.Algorithm().JOSE()
	return alg
}

// String puts the presentation together.
func (f *forged) String() string {
	sd := jws(f.issuer, f.header, f.payload, f.payloadText)
	if f.signed != nil {
		sd = f.signed(sd)
	}
	sd += "~"
	for _, d := range f.disclosures {
		sd += d + "~"
	}
	if !f.noBinding {
		if _, ok := f.kbPayload["sd_hash"]; !ok {
			f.kbPayload["sd_hash"] = digest(sd)
		}
		sd += jws(f.holder, f.kbHeader, f.kbPayload, f.kbText)
	}
	if f.whole != nil {
		sd = f.whole(sd)
	}
	return sd
}

func jws(k *keys.PrivateKey, header, payload map[string]any, text func(string) string) string {
	h, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	p, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	if text != nil {
		p = []byte(text(string(p)))
	}
	input := b64.EncodeToString(h) + "." + b64.EncodeToString(p)
	if k == nil {
		return input + "."
	}
	sig, err := k.Sign(context.Background(), []byte(input))
	if err != nil {
		panic(err)
	}
	return input + "." + b64.EncodeToString(sig)
}

// replace returns a function that replaces one text that must be there.
func replace(old, by string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, old) {
			panic("there is no " + old)
		}
		return strings.Replace(s, old, by, 1)
	}
}
