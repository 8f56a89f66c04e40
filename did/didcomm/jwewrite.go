package didcomm

import (
	"crypto/rand"
	"encoding/base64"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// target is a key to encrypt to.
type target struct {
	kid did.URL
	key keys.PublicKey
}

// sender is the key that authcrypt proves.
type sender struct {
	kid did.URL
	key *keys.PrivateKey
}

// sealEnvelope encrypts content, which it destroys, to all targets, whose keys lie on one curve, and for authcrypt that of from. from
// is nil in anoncrypt. Errors are final.
func sealEnvelope(c *contentCipher, from *sender, targets []target, content []byte) ([]byte, error) {
	rs := make([]recipient, len(targets))
	for i, t := range targets {
		rs[i].kid = t.kid
	}
	g := agreement{alg: algAnoncrypt, apv: partyV(rs)}
	if from != nil {
		g.alg, g.apu = algAuthcrypt, []byte(from.kid.String())
	}
	ephemeral, err := keys.Generate(targets[0].key.Algorithm())
	if err != nil {
		return nil, err
	}
	defer ephemeral.Wipe()
	protected := base64.RawURLEncoding.AppendEncode(nil, g.header(c, ephemeral.Public()))

	contentKey := make([]byte, c.keySize)
	defer clear(contentKey)
	rand.Read(contentKey) // never fails
	iv := make([]byte, c.ivSize)
	rand.Read(iv)
	ciphertext, tag, err := c.seal(contentKey, iv, content, protected)
	if err != nil {
		return nil, err
	}
	if from != nil {
		g.tag = tag
	}
	for i, t := range targets {
		z, err := ephemeral.ECDH(t.key)
		if err == nil && from != nil {
			z, err = appendSecret(z, from.key, t.key)
		}
		if err != nil {
			return nil, err
		}
		if rs[i].encryptedKey, err = g.wrap(z, contentKey); err != nil {
			return nil, err
		}
	}
	return appendEnvelope(protected, rs, iv, ciphertext, tag)
}

// header returns the JSON of the protected header.
func (g *agreement) header(c *contentCipher, ephemeral keys.PublicKey) []byte {
	h := append([]byte(`{"epk":`), ephemeral.JWK()...)
	h = append(h, `,"apv":"`...)
	h = base64.RawURLEncoding.AppendEncode(h, g.apv)
	if g.alg == algAuthcrypt {
		h = append(h, `","skid":`...)
		h = strictjson.AppendString(h, string(g.apu))
		h = append(h, `,"apu":"`...)
		h = base64.RawURLEncoding.AppendEncode(h, g.apu)
	}
	h = append(h, `","typ":"`+MediaTypeEncrypted+`","enc":"`...)
	h = append(h, c.name...)
	h = append(h, `","alg":"`...)
	h = append(h, g.alg...)
	return append(h, `"}`...)
}

// appendEnvelope writes the general JSON serialization.
func appendEnvelope(protected []byte, rs []recipient, iv, ciphertext, tag []byte) ([]byte, error) {
	enc := base64.RawURLEncoding
	size := 256 + len(protected) + enc.EncodedLen(len(ciphertext))
	for _, r := range rs {
		size += 64 + len(r.kid.String()) + enc.EncodedLen(len(r.encryptedKey))
	}
	b := append(make([]byte, 0, size), `{"protected":"`...)
	b = append(b, protected...)
	b = append(b, `","recipients":[`...)
	for i, r := range rs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"header":{"kid":`...)
		b = strictjson.AppendString(b, r.kid.String())
		b = append(b, `},"encrypted_key":"`...)
		b = enc.AppendEncode(b, r.encryptedKey)
		b = append(b, `"}`...)
	}
	b = append(b, `],"iv":"`...)
	b = enc.AppendEncode(b, iv)
	b = append(b, `","ciphertext":"`...)
	b = enc.AppendEncode(b, ciphertext)
	b = append(b, `","tag":"`...)
	b = enc.AppendEncode(b, tag)
	b = append(b, `"}`...)
	if len(b) > MaxMessage {
		return nil, errTooLarge
	}
	return b, nil
}
