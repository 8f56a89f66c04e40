// Package spoiled makes presentations of SD-JWT VCs with one fault each, for tests that see who refuses them.
package spoiled

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/keys"
)

// Setting is who presents to whom, and when.
type Setting struct {
	Issuer, Holder  *keys.PrivateKey
	Method          did.URL // of the issuer's key
	Now             time.Time
	Audience, Nonce string
}

// Presentation is one in parts, each of which can be spoiled before it is put together and signed.
type Presentation struct {
	setting             Setting
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

// New returns a valid presentation.
func New(s Setting) *Presentation {
	p := &Presentation{
		setting: s,
		header:  map[string]any{"alg": joseName(s.Issuer), "typ": "dc+sd-jwt", "kid": s.Method.String()},
		disclosures: []string{
			disclosure("salt-1", "given_name", "Ada"), disclosure("salt-2", "email", map[string]any{"work": "ada@work.example"}), disclosure("salt-3", "CH"),
		},
		kbHeader:  map[string]any{"alg": joseName(s.Holder), "typ": "kb+jwt"},
		kbPayload: map[string]any{"aud": s.Audience, "nonce": s.Nonce, "iat": s.Now.Unix()},
		issuer:    s.Issuer, holder: s.Holder,
	}
	var cnf any
	if err := json.Unmarshal(s.Holder.Public().JWK(), &cnf); err != nil {
		panic(err)
	}
	p.payload = map[string]any{
		"iss": s.Method.DID().String(), "iat": p.ago(time.Hour), "exp": p.ago(-time.Hour), "vct": claims.Type,
		"cnf": map[string]any{"jwk": cnf}, "_sd": []any{digest(p.disclosures[0]), digest(p.disclosures[1])},
		"nationalities": []any{"NL", map[string]any{"...": digest(p.disclosures[2])}}, "age_over_18": true,
	}
	return p
}

func (p *Presentation) ago(d time.Duration) int64 { return p.setting.Now.Add(-d).Unix() }

func joseName(k *keys.PrivateKey) string {
	alg, _ := k.Algorithm().JOSE()
	return alg
}

// String puts the presentation together.
func (p *Presentation) String() string {
	sd := jws(p.issuer, p.header, p.payload, p.payloadText)
	if p.signed != nil {
		sd = p.signed(sd)
	}
	sd += "~"
	for _, d := range p.disclosures {
		sd += d + "~"
	}
	if !p.noBinding {
		if _, ok := p.kbPayload["sd_hash"]; !ok {
			p.kbPayload["sd_hash"] = digest(sd)
		}
		sd += jws(p.holder, p.kbHeader, p.kbPayload, p.kbText)
	}
	if p.whole != nil {
		sd = p.whole(sd)
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
