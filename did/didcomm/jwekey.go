package didcomm

import (
	"crypto"
	"crypto/aes"
	_ "crypto/sha256" // for the key derivation
	"encoding/binary"
	"errors"

	josecipher "github.com/go-jose/go-jose/v4/cipher"

	"github.com/realdid/realdid/keys"
)

// Key agreement with key wrapping: how the content key reaches each recipient.
const (
	algAnoncrypt = "ECDH-ES+A256KW"  // RFC 7518, section 4.6
	algAuthcrypt = "ECDH-1PU+A256KW" // draft-madden-jose-ecdh-1pu-04
)

// agreement is what all recipients of one envelope derive their wrapping keys with. Tag is that of the content in authcrypt and
// nil in anoncrypt.
type agreement struct {
	alg           string
	apu, apv, tag []byte
}

var errUnwrap = errors.New("does not decrypt")

// wrap encrypts the content key for one recipient, given the shared secrets: that of the ephemeral key, followed in authcrypt by
// that of the sender's (ECDH-1PU, section 2.2). It clears z.
func (g *agreement) wrap(z, contentKey []byte) ([]byte, error) {
	kek := g.derive(z)
	defer clear(kek)
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	return josecipher.KeyWrap(block, contentKey)
}

// unwrap reverses wrap. The only error is errUnwrap. The caller clears the result.
func (g *agreement) unwrap(z, encryptedKey []byte) ([]byte, error) {
	kek := g.derive(z)
	defer clear(kek)
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, errUnwrap
	}
	contentKey, err := josecipher.KeyUnwrap(block, encryptedKey)
	if err != nil {
		return nil, errUnwrap
	}
	return contentKey, nil
}

// derive is the Concat KDF (RFC 7518, section 4.6.2) for a key of 256 bits. In authcrypt the tag of the content, preceded by its length
// in bytes as 32 bits, follows the length of the key (ECDH-1PU, section 2.3): the wrapped key commits to the content, so that no
// recipient can put other content under the keys that the sender wrapped for the others. It clears z.
func (g *agreement) derive(z []byte) []byte {
	defer clear(z)
	public := binary.BigEndian.AppendUint32(nil, 256)
	if g.alg == algAuthcrypt {
		public = append(public, lengthPrefixed(g.tag)...)
	}
	kdf := josecipher.NewConcatKDF(crypto.SHA256, z, lengthPrefixed([]byte(g.alg)), lengthPrefixed(g.apu), lengthPrefixed(g.apv), public, nil)
	kek := make([]byte, 32)
	kdf.Read(kek) // never fails
	return kek
}

func lengthPrefixed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(b)), uint32(len(b))), b...)
}

// sharedSecrets returns ECDH(own, first) followed by ECDH(own, second) unless second is zero. This is what a recipient computes;
// a sender has one own key for each.
func sharedSecrets(own *keys.PrivateKey, first, second keys.PublicKey) ([]byte, error) {
	z, err := own.ECDH(first)
	if err != nil || second.IsZero() {
		return z, err
	}
	return appendSecret(z, own, second)
}

// appendSecret appends ECDH(own, peer) to z, which it clears if that moves or fails.
func appendSecret(z []byte, own *keys.PrivateKey, peer keys.PublicKey) ([]byte, error) {
	defer clear(z)
	next, err := own.ECDH(peer)
	if err != nil {
		return nil, err
	}
	defer clear(next)
	both := make([]byte, 0, len(z)+len(next))
	return append(append(both, z...), next...), nil
}
