package sdjwt_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
)

// forgery is an SD-JWT made by hand from texts, so that every part can be wrong on its own. Keys, salts and signatures are
// fixed: the same forgery is the same bytes.
type forgery struct {
	tb          testing.TB
	alg         keys.Algorithm
	header      string
	claims      []member
	digests     []string // of the top level; no _sd if there are none
	disclosures []string // as they are sent, encoded
	kbHeader    string   // "" for no key binding
	kbClaims    []member
	kbKey       string                   // name of the key that signs it
	issuerKey   string                   // name of the key that signs the JWT
	hash        func(text string) string // of digests and sd_hash
	afterKB     func(*forgery)           // changes what is sent, after sd_hash is made
	final       func(string) string      // changes the compact text
	payload     string                   // replaces the JSON of the claims
}

// member is one member of a JSON object, its value as JSON. A list of them may hold a name twice.
type member struct{ name, value string }

func object(list []member) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", m.name, m.value)
	}
	b.WriteByte('}')
	return b.String()
}

var forgeTime = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// fixedKey derives a key from a name.
func fixedKey(tb testing.TB, a keys.Algorithm, name string) *keys.PrivateKey {
	tb.Helper()
	secret := sha512.Sum512([]byte("realdid test key " + a.String() + " " + name))
	secret[0] &= 0x7f // below every order
	k, err := keys.NewPrivateKey(a, secret[:a.SecretSize()])
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// sign is deterministic for every algorithm: Ed25519 and ES256K are by themselves, ES256 and ES384 without a random source
// (RFC 6979).
func sign(tb testing.TB, k *keys.PrivateKey, msg string) string {
	tb.Helper()
	a := k.Public().Algorithm()
	var curve elliptic.Curve
	var hash crypto.Hash
	var digest []byte
	switch a {
	case keys.P256:
		sum := sha256.Sum256([]byte(msg))
		curve, hash, digest = elliptic.P256(), crypto.SHA256, sum[:]
	case keys.P384:
		sum := sha512.Sum384([]byte(msg))
		curve, hash, digest = elliptic.P384(), crypto.SHA384, sum[:]
	default:
		sig, err := k.Sign(tb.Context(), []byte(msg))
		if err != nil {
			tb.Fatal(err)
		}
		return b64(sig)
	}
	priv, err := ecdsa.ParseRawPrivateKey(curve, k.Secret())
	if err != nil {
		tb.Fatal(err)
	}
	der, err := priv.Sign(nil, digest, hash)
	if err != nil {
		tb.Fatal(err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		tb.Fatal(err)
	}
	sig := make([]byte, a.SignatureSize())
	rs.R.FillBytes(sig[:len(sig)/2])
	rs.S.FillBytes(sig[len(sig)/2:])
	return b64(sig)
}

func b64[T string | []byte](b T) string { return base64.RawURLEncoding.EncodeToString([]byte(b)) }

func sha2(text string) string {
	sum := sha256.Sum256([]byte(text))
	return b64(sum[:])
}

const (
	forgeIssuer = "did:example:authority"
	forgeHolder = "did:example:citizen#phone"
)

// newForgery is a valid presentation: three disclosable claims, one of them disclosed, key binding by DID URL.
func newForgery(tb testing.TB) *forgery {
	f := &forgery{
		tb: tb, alg: keys.Ed25519, hash: sha2, issuerKey: forgeIssuer + "#key-1", kbKey: forgeHolder,
		header: `{"alg":"EdDSA","typ":"dc+sd-jwt","kid":"did:example:authority#key-1"}`,
		claims: []member{
			{"iss", `"did:example:authority"`},
			{"iat", "1793448000"},
			{"vct", `"https://credentials.example/person"`},
			{"cnf", `{"kid":"did:example:citizen#phone"}`},
		},
		kbHeader: `{"alg":"EdDSA","typ":"kb+jwt"}`,
		kbClaims: []member{{"aud", `"https://verifier.example"`}, {"iat", "1793534400"}, {"nonce", `"nonce-1"`}},
	}
	f.disclose("given_name", `"Ada"`)
	f.hide("family_name", `"Lovelace"`)
	f.hide("birthdate", `"1815-12-10"`)
	return f
}

// salt is a salt for the nth disclosure.
func salt(n int) string { return b64(fmt.Sprintf("salt number %4d", n)) }

// encoded is a disclosure made of JSON.
func encoded(json string) string { return b64(json) }

// claim makes the disclosure of a claim.
func (f *forgery) claim(name, value string) string {
	return encoded(fmt.Sprintf("[%q,%q,%s]", salt(len(f.digests)+100*len(f.disclosures)), name, value))
}

// element makes the disclosure of an array element.
func (f *forgery) element(value string) string {
	return encoded(fmt.Sprintf("[%q,%s]", salt(len(f.digests)+100*len(f.disclosures)+5000), value))
}

// disclose adds a claim that is disclosed, hide one that is not.
func (f *forgery) disclose(name, value string) { f.send(f.claim(name, value), true) }

func (f *forgery) hide(name, value string) {
	f.digests = append(f.digests, f.hash(f.claim(name, value)))
}

// send adds a disclosure, with its digest at the top level if wanted.
func (f *forgery) send(d string, digest bool) {
	if digest {
		f.digests = append(f.digests, f.hash(d))
	}
	f.disclosures = append(f.disclosures, d)
}

// digestOf is the digest of d as JSON.
func (f *forgery) digestOf(d string) string { return fmt.Sprintf("%q", f.hash(d)) }

// set changes a claim, or adds it; an empty value removes it.
func set(list *[]member, name, value string) {
	for i := range *list {
		if (*list)[i].name != name {
			continue
		}
		if value == "" {
			*list = slices.Delete(*list, i, i+1)
			return
		}
		(*list)[i].value = value
		return
	}
	if value != "" {
		*list = append(*list, member{name, value})
	}
}

func (f *forgery) set(name, value string)   { set(&f.claims, name, value) }
func (f *forgery) setKB(name, value string) { set(&f.kbClaims, name, value) }

func (f *forgery) noBinding() { f.kbHeader = "" }

// jwt signs the issuer's part.
func (f *forgery) jwt() string {
	claims := slices.Clone(f.claims)
	if len(f.digests) > 0 {
		claims = append(claims, member{"_sd", `["` + strings.Join(f.digests, `","`) + `"]`})
	}
	payload := object(claims)
	if f.payload != "" {
		payload = f.payload
	}
	input := b64(f.header) + "." + b64(payload)
	return input + "." + sign(f.tb, fixedKey(f.tb, f.alg, f.issuerKey), input)
}

// kb signs the holder's part over a presentation.
func (f *forgery) kb(presented string) string {
	claims := slices.Clone(f.kbClaims)
	if !slices.ContainsFunc(claims, func(m member) bool { return m.name == "sd_hash" }) {
		claims = append(claims, member{"sd_hash", fmt.Sprintf("%q", f.hash(presented))})
	}
	claims = slices.DeleteFunc(claims, func(m member) bool { return m.value == "" }) // absent on purpose
	input := b64(f.kbHeader) + "." + b64(object(claims))
	return input + "." + sign(f.tb, fixedKey(f.tb, f.alg, f.kbKey), input)
}

func (f *forgery) parts() (jwt, kb string) {
	jwt = f.jwt()
	if f.kbHeader != "" {
		kb = f.kb(jwt + "~" + joined(f.disclosures))
	}
	if f.afterKB != nil {
		f.afterKB(f)
	}
	return jwt, kb
}

func joined(disclosures []string) string {
	var b strings.Builder
	for _, d := range disclosures {
		b.WriteString(d + "~")
	}
	return b.String()
}

// compact writes the compact serialization.
func (f *forgery) compact() string {
	jwt, kb := f.parts()
	text := jwt + "~" + joined(f.disclosures) + kb
	if f.final != nil {
		text = f.final(text)
	}
	return text
}

// flattened writes the flattened JSON serialization, with members that a test may add.
func (f *forgery) flattened(top, unprotected string) string {
	jwt, kb := f.parts()
	p := strings.Split(jwt, ".")
	return fmt.Sprintf(`{"header":{"disclosures":["%s"],"kb_jwt":%q%s},"payload":%q,"protected":%q,"signature":%q%s}`,
		strings.Join(f.disclosures, `","`), kb, unprotected, p[1], p[0], p[2], top)
}

// general writes the general JSON serialization with a second signature of another key that has this unprotected header.
func (f *forgery) general(second string) string {
	jwt, kb := f.parts()
	p := strings.Split(jwt, ".")
	protected := b64(`{"alg":"EdDSA","typ":"dc+sd-jwt"}`)
	other := sign(f.tb, fixedKey(f.tb, f.alg, "other"), protected+"."+p[1])
	return fmt.Sprintf(`{"payload":%q,"signatures":[{"header":{"disclosures":["%s"],"kb_jwt":%q},"protected":%q,"signature":%q},`+
		`{"header":%s,"protected":%q,"signature":%q}]}`,
		p[1], strings.Join(f.disclosures, `","`), kb, p[0], p[2], second, protected, other)
}

// replaceOnce replaces the first old in s, which must be there.
func replaceOnce(tb testing.TB, s, old, with string) string {
	tb.Helper()
	if !strings.Contains(s, old) {
		tb.Fatalf("%q is not there to be replaced", old)
	}
	return strings.Replace(s, old, with, 1)
}

func TestForgeryIsValid(t *testing.T) {
	a, b := newForgery(t).compact(), newForgery(t).compact()
	if a != b || !bytes.Contains([]byte(a), []byte("~")) {
		t.Errorf("a forgery is not deterministic")
	}
}
