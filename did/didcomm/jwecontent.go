package didcomm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// contentCipher is one way to encrypt content under a fresh key. Sizes are in bytes.
type contentCipher struct {
	name                   ContentEncryption
	keySize, ivSize, tagSz int
	aead                   func(key []byte) (cipher.AEAD, error) // nil: CBC with HMAC
}

var contentCiphers = [...]contentCipher{
	{A256CBCHS512, 64, aes.BlockSize, 32, nil},
	{A256GCM, 32, 12, 16, newGCM},
	{XC20P, chacha20poly1305.KeySize, chacha20poly1305.NonceSizeX, chacha20poly1305.Overhead, chacha20poly1305.NewX},
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// cipherByName returns the content encryption of this name, nil if there is none.
func cipherByName(name ContentEncryption) *contentCipher {
	for i := range contentCiphers {
		if contentCiphers[i].name == name {
			return &contentCiphers[i]
		}
	}
	return nil
}

// grow is the number of bytes by which the ciphertext and the tag exceed the content at most.
const grow = aes.BlockSize + 32

// seal encrypts content where it stands, and beyond its end if its capacity allows. Key and iv have the cipher's sizes.
func (c *contentCipher) seal(key, iv, content, additional []byte) (ciphertext, tag []byte, err error) {
	if c.aead == nil {
		return sealCBC(key, iv, content, additional)
	}
	a, err := c.aead(key)
	if err != nil {
		return nil, nil, err
	}
	out := a.Seal(content[:0], iv, content, additional)
	return out[:len(content)], out[len(content):], nil
}

// open decrypts ciphertext where it stands. The only error is errUnwrap, and the ciphertext is destroyed then.
func (c *contentCipher) open(key, iv, ciphertext, tag, additional []byte) ([]byte, error) {
	if len(key) != c.keySize || len(iv) != c.ivSize || len(tag) != c.tagSz {
		return nil, errUnwrap
	}
	if c.aead == nil {
		return openCBC(key, iv, ciphertext, tag, additional)
	}
	a, err := c.aead(key)
	if err != nil {
		return nil, errUnwrap
	}
	content, err := a.Open(ciphertext[:0], iv, append(ciphertext, tag...), additional)
	if err != nil {
		return nil, errUnwrap
	}
	return content, nil
}

// AES-256-CBC with HMAC-SHA-512 (RFC 7518, section 5.2.5), here and not by another package because content can be large: nothing
// is copied, and each piece is authenticated while it is in the processor's cache. The first half of the key authenticates, the
// second encrypts; the first half of the code is the tag.
const cbcPiece = 16 << 10

func sealCBC(key, iv, content, additional []byte) (ciphertext, tag []byte, err error) {
	block, err := aes.NewCipher(key[32:])
	if err != nil {
		return nil, nil, err
	}
	pad := aes.BlockSize - len(content)%aes.BlockSize
	for range pad {
		content = append(content, byte(pad))
	}
	mac := newTag(key, iv, additional)
	enc := cipher.NewCBCEncrypter(block, iv)
	for rest := content; len(rest) > 0; {
		piece := rest[:min(len(rest), cbcPiece)]
		enc.CryptBlocks(piece, piece)
		mac.Write(piece)
		rest = rest[len(piece):]
	}
	return content, finishTag(mac, additional), nil
}

func newTag(key, iv, additional []byte) hash.Hash {
	mac := hmac.New(sha512.New, key[:32])
	mac.Write(additional)
	mac.Write(iv)
	return mac
}

func finishTag(mac hash.Hash, additional []byte) []byte {
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(additional))*8))
	return mac.Sum(nil)[:32]
}

func openCBC(key, iv, ciphertext, tag, additional []byte) ([]byte, error) {
	if len(ciphertext) == 0 || len(ciphertext)%aes.BlockSize != 0 {
		return nil, errUnwrap
	}
	mac := newTag(key, iv, additional)
	mac.Write(ciphertext)
	if subtle.ConstantTimeCompare(finishTag(mac, additional), tag) != 1 {
		return nil, errUnwrap
	}
	block, err := aes.NewCipher(key[32:])
	if err != nil {
		return nil, errUnwrap
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(ciphertext, ciphertext)
	// The padding is the sender's own word by now: what it looks like tells nobody anything.
	pad := int(ciphertext[len(ciphertext)-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, errUnwrap
	}
	content := ciphertext[:len(ciphertext)-pad]
	for _, b := range ciphertext[len(content):] {
		if int(b) != pad {
			return nil, errUnwrap
		}
	}
	return content, nil
}
