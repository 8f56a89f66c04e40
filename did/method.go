package did

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// The members that hold a public key.
const (
	memberMultibase = "publicKeyMultibase"
	memberJWK       = "publicKeyJwk"
	memberBase58    = "publicKeyBase58"
)

// keyType says how verification methods of one type write their key.
type keyType struct {
	name      string
	member    string
	algorithm keys.Algorithm // 0: any
	required  bool           // the type has no other way to write a key
}

var keyTypes = [...]keyType{
	{TypeMultikey, memberMultibase, 0, true},
	{TypeJSONWebKey, memberJWK, 0, true},
	{TypeJWK2020, memberJWK, 0, true},
	{TypeEd25519In20, memberMultibase, keys.Ed25519, true},
	{TypeEd25519In18, memberBase58, keys.Ed25519, false},
	{"X25519KeyAgreementKey2020", memberMultibase, keys.X25519, true},
	{"X25519KeyAgreementKey2019", memberBase58, keys.X25519, false},
	{"EcdsaSecp256k1VerificationKey2019", memberBase58, keys.Secp256k1, false},
	{"EcdsaSecp256k1VerificationKey2019", memberJWK, keys.Secp256k1, false},
}

// parseMethod reads a verification method without its relationships.
func parseMethod(v strictjson.Value, base DID, what place) (*VerificationMethod, error) {
	if err := checkMembers(what, v, methodMembers); err != nil {
		return nil, err
	}
	for _, m := range v.Members() {
		if strings.HasPrefix(m.Name, "secretKey") || strings.HasPrefix(m.Name, "privateKey") {
			return nil, refuse("%s: it holds a private key", what)
		}
	}
	m := &VerificationMethod{Extra: extraMembers(v, methodMembers)}
	id, _ := v.Get("id")
	text, _ := id.Str()
	u, err := ParseURLRelative(base, text)
	if err != nil {
		return nil, refuse("%s: id: missing or not a DID URL", what)
	}
	m.ID = u
	if m.Controller, err = parseDID(v, "controller"); err != nil {
		return nil, refuse("%s: controller: missing or not a DID", what)
	}
	typ, _ := v.Get("type")
	if m.Type, _ = typ.Str(); m.Type == "" {
		return nil, refuse("%s: type: missing or not a string", what)
	}
	if m.Expires, err = parseTime(v, "expires"); err != nil {
		return nil, refuse("%s: %v", what, err)
	}
	if m.Revoked, err = parseTime(v, "revoked"); err != nil {
		return nil, refuse("%s: %v", what, err)
	}
	if err := m.parseKey(v); err != nil {
		return nil, refuse("%s: %v", what, err)
	}
	return m, nil
}

// parseKey sets the key. Key members that the type does not explain stay as Extra, and the key zero.
func (m *VerificationMethod) parseKey(v strictjson.Value) error {
	var present []string
	for _, name := range []string{memberMultibase, memberJWK, memberBase58} {
		if _, ok := v.Get(name); ok {
			present = append(present, name)
		}
	}
	keep := func() {
		for _, name := range present {
			member, _ := v.Get(name)
			m.Extra = append(m.Extra, Member{name, string(strictjson.AppendCanonical(nil, member))})
		}
	}
	known, required := false, false
	for i := range keyTypes {
		t := &keyTypes[i]
		if t.name != m.Type {
			continue
		}
		known, required = true, t.required
		if len(present) != 1 || present[0] != t.member {
			continue
		}
		err := m.readKey(v, t)
		if errors.Is(err, keys.ErrUnsupported) {
			m.Key = keys.PublicKey{}
			keep()
			return nil
		}
		return err
	}
	if known && (required || len(present) > 0) {
		return errors.New("the key is missing, or not written in the one way that the type has")
	}
	keep()
	return nil
}

func (m *VerificationMethod) readKey(v strictjson.Value, t *keyType) (err error) {
	member, _ := v.Get(t.member)
	switch t.member {
	case memberJWK:
		err = m.setJWK(member)
	case memberMultibase:
		s, _ := member.Str()
		m.Key, err = keys.ParseMultikey(s)
		if err == nil && m.Key.Multikey() != s {
			return errors.New("the key is not written canonically")
		}
	case memberBase58:
		s, _ := member.Str()
		m.Key, err = parseBase58(t.algorithm, s)
	}
	if err != nil {
		return err
	}
	if t.algorithm != 0 && m.Key.Algorithm() != t.algorithm {
		return errors.New("the key is of another algorithm than the type")
	}
	return nil
}

// SetJWK sets Key to the key of a public JWK, by the rules of keys.ParseJWKUse, and keeps the JWK's other members for the
// document. Errors are those of keys.ParseJWKUse, and m is then unchanged.
func (m *VerificationMethod) SetJWK(b []byte) error {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: MaxDocument, Depth: MaxDepth})
	if err != nil {
		return err
	}
	return m.setJWK(v)
}

func (m *VerificationMethod) setJWK(v strictjson.Value) error {
	k, use, err := keys.ParseJWKUse(v.Raw())
	if err != nil {
		return err
	}
	m.Key, m.use, m.jwk = k, use, ""
	if jwk := strictjson.AppendCanonical(nil, v); !bytes.Equal(jwk, k.JWK()) {
		m.jwk = string(jwk)
	}
	return nil
}

func parseBase58(a keys.Algorithm, s string) (keys.PublicKey, error) {
	if len(s) == 0 || len(s) > 64 {
		return keys.PublicKey{}, errors.New("a key of this type has 1 to 64 characters")
	}
	_, raw, err := multibase.Decode("z" + s)
	if err != nil {
		return keys.PublicKey{}, errors.New("the key is not base58")
	}
	k, err := keys.NewPublicKey(a, raw)
	if err == nil && base58(k) != s {
		return keys.PublicKey{}, errors.New("the key is not written canonically")
	}
	return k, err
}

func base58(k keys.PublicKey) string {
	s, err := multibase.Encode(multibase.Base58BTC, k.Bytes())
	if err != nil {
		return "" // base58btc is always known to the library
	}
	return s[1:]
}

// keyMember returns the member that holds the key, as JSON, or no name if the method has none or keeps it in Extra.
func (m *VerificationMethod) keyMember() (name, json string) {
	if m.Key.IsZero() {
		return "", ""
	}
	if m.jwk != "" {
		return memberJWK, m.jwk
	}
	name = memberMultibase
	for i := range keyTypes {
		if keyTypes[i].name == m.Type {
			name = keyTypes[i].member
			break
		}
	}
	switch name {
	case memberJWK:
		return name, string(m.Key.JWK())
	case memberBase58:
		return name, `"` + base58(m.Key) + `"`
	}
	return name, `"` + m.Key.Multikey() + `"`
}

// Allows tells whether the method stands in every relationship of p, and a JWK's own use, alg and key_ops agree.
func (m *VerificationMethod) Allows(p Purpose) bool {
	switch {
	case !m.Purposes.Has(p):
		return false
	case m.use == 0:
		return true
	}
	return (p&KeyAgreement == 0 || m.use&keys.UseAgreement != 0) && (p&^KeyAgreement == 0 || m.use&keys.UseSignature != 0)
}

// UsableAt tells whether the method has a key that is supported and, at this time, neither expired nor revoked.
func (m *VerificationMethod) UsableAt(t time.Time) bool {
	return !m.Key.IsZero() && (m.Expires.IsZero() || t.Before(m.Expires)) && (m.Revoked.IsZero() || t.Before(m.Revoked))
}
