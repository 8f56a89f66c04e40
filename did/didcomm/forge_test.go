package didcomm_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/keys"
)

// forge makes envelopes step by step from the texts of RFC 7516, 7518, 3394 and draft-madden-jose-ecdh-1pu-04, sharing no code with the package, so
// that one step can be done wrong. Nothing in it is random: what it makes is the same every time.
type forge struct {
	enc        string
	ephemeral  *keys.PrivateKey
	sender     *keys.PrivateKey // nil: anoncrypt
	skid       string
	recipients []forgedRecipient
	content    string

	header   func(h map[string]any)        // changes the protected header before it is encoded
	encode   func(h map[string]any) string // writes the protected header, in the place of JSON in order of names
	secrets  func(ze, zs []byte) []byte    // joins the shared secrets
	kdf      func(in *kdfInput)            // changes what the wrapping keys derive from
	pad      func(content []byte) []byte   // pads for CBC
	envelope func(e map[string]any)        // changes the finished envelope
}

type forgedRecipient struct {
	kid string
	key keys.PublicKey
}

// kdfInput is the other information of the Concat KDF (RFC 7518, section 4.6.2), without its length prefixes; commitment is the tag with its prefix.
type kdfInput struct {
	alg, apu, apv string
	commitment    []byte
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (f *forge) alg() string {
	if f.sender == nil {
		return "ECDH-ES+A256KW"
	}
	return "ECDH-1PU+A256KW"
}

func partyV(kids ...string) string {
	slices.Sort(kids)
	sum := sha256.Sum256([]byte(strings.Join(kids, ".")))
	return string(sum[:])
}

func (f *forge) make(tb testing.TB) string {
	tb.Helper()
	var kids []string
	for _, r := range f.recipients {
		kids = append(kids, r.kid)
	}
	in := kdfInput{alg: f.alg(), apv: partyV(kids...)}
	h := map[string]any{
		"typ": didcomm.MediaTypeEncrypted, "alg": f.alg(), "enc": f.enc, "apv": b64([]byte(in.apv)),
		"epk": json.RawMessage(f.ephemeral.Public().JWK()),
	}
	if f.sender != nil {
		in.apu = f.skid
		h["skid"], h["apu"] = f.skid, b64([]byte(f.skid))
	}
	if f.header != nil {
		f.header(h)
	}
	text := ""
	if f.encode != nil {
		text = f.encode(h)
	} else {
		text = string(toJSON(tb, h))
	}
	protected := b64([]byte(text))
	contentKey := sha512.Sum512([]byte("content key" + f.enc))
	iv := sha256.Sum256([]byte("iv"))
	e := map[string]any{"protected": protected}
	key, nonce, ciphertext, tag := f.seal(tb, contentKey[:], iv[:], []byte(protected))
	e["iv"], e["ciphertext"], e["tag"] = b64(nonce), b64(ciphertext), b64(tag)
	if f.sender != nil {
		in.commitment = prefixed(tag)
	}
	if f.kdf != nil {
		f.kdf(&in)
	}
	var rs []any
	for _, r := range f.recipients {
		z := ecdh(tb, f.ephemeral, r.key)
		if f.sender != nil {
			zs := ecdh(tb, f.sender, r.key)
			if f.secrets != nil {
				z = f.secrets(z, zs)
			} else {
				z = slices.Concat(z, zs)
			}
		}
		rs = append(rs, map[string]any{"header": map[string]any{"kid": r.kid}, "encrypted_key": b64(wrapKey(tb, in.key(z), key))})
	}
	e["recipients"] = rs
	if f.envelope != nil {
		f.envelope(e)
	}
	return string(toJSON(tb, e))
}

func toJSON(tb testing.TB, v any) []byte {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func ecdh(tb testing.TB, k *keys.PrivateKey, peer keys.PublicKey) []byte {
	tb.Helper()
	if k.Algorithm() != peer.Algorithm() {
		return make([]byte, 32) // of a forgery whose curves differ
	}
	return ok(tb)(k.ECDH(peer))
}

func prefixed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func (in *kdfInput) key(z []byte) []byte {
	other := slices.Concat(
		[]byte{0, 0, 0, 1}, z,
		prefixed([]byte(in.alg)), prefixed([]byte(in.apu)), prefixed([]byte(in.apv)),
		[]byte{0, 0, 1, 0}, in.commitment)
	sum := sha256.Sum256(other)
	return sum[:]
}

// wrapKey is RFC 3394, section 2.2.1.
func wrapKey(tb testing.TB, kek, key []byte) []byte {
	tb.Helper()
	block := aesOf(tb, kek)
	a := bytes.Repeat([]byte{0xa6}, 8)
	r := bytes.Clone(key)
	n := len(r) / 8
	for j := range 6 {
		for i := range n {
			b := slices.Concat(a, r[8*i:8*i+8])
			block.Encrypt(b, b)
			t := uint64(n*j + i + 1)
			a = binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(b[:8])^t)
			copy(r[8*i:], b[8:])
		}
	}
	return append(a, r...)
}

func aesOf(tb testing.TB, key []byte) cipher.Block {
	tb.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	return block
}

func pkcs7(b []byte) []byte {
	n := 16 - len(b)%16
	return append(bytes.Clone(b), bytes.Repeat([]byte{byte(n)}, n)...)
}

func (f *forge) seal(tb testing.TB, key, iv, additional []byte) (used, nonce, ciphertext, tag []byte) {
	tb.Helper()
	switch f.enc {
	case "A256GCM":
		a, err := cipher.NewGCM(aesOf(tb, key[:32]))
		if err != nil {
			tb.Fatal(err)
		}
		out := a.Seal(nil, iv[:12], []byte(f.content), additional)
		return key[:32], iv[:12], out[:len(out)-16], out[len(out)-16:]
	case "XC20P":
		a, err := chacha20poly1305.NewX(key[:32])
		if err != nil {
			tb.Fatal(err)
		}
		out := a.Seal(nil, iv[:24], []byte(f.content), additional)
		return key[:32], iv[:24], out[:len(out)-16], out[len(out)-16:]
	}
	ciphertext = pkcs7([]byte(f.content))
	if f.pad != nil {
		ciphertext = f.pad([]byte(f.content))
	}
	cipher.NewCBCEncrypter(aesOf(tb, key[32:]), iv[:16]).CryptBlocks(ciphertext, ciphertext)
	return key, iv[:16], ciphertext, cbcTag(key, iv[:16], ciphertext, additional)
}

// cbcTag is RFC 7518, section 5.2.2.1, with HMAC-SHA-512.
func cbcTag(key, iv, ciphertext, additional []byte) []byte {
	mac := hmac.New(sha512.New, key[:32])
	mac.Write(slices.Concat(additional, iv, ciphertext, binary.BigEndian.AppendUint64(nil, uint64(8*len(additional)))))
	return mac.Sum(nil)[:32]
}

// forgedJWS makes signed messages, likewise.
type forgedJWS struct {
	by      *keys.PrivateKey
	kid     string
	header  map[string]any // protected; nil: typ and alg
	own     map[string]any // not protected; nil: kid
	payload string
	finish  func(s map[string]any)
}

func (f *forgedJWS) make(tb testing.TB) string {
	tb.Helper()
	if f.header == nil {
		alg, _ := f.by.Algorithm().JOSE()
		f.header = map[string]any{"typ": didcomm.MediaTypeSigned, "alg": alg}
	}
	if f.own == nil {
		f.own = map[string]any{"kid": f.kid}
	}
	protected := b64(toJSON(tb, f.header))
	payload := b64([]byte(f.payload))
	sig := ok(tb)(f.by.Sign(tb.Context(), []byte(protected+"."+payload)))
	one := map[string]any{"protected": protected, "signature": b64(sig)}
	if len(f.own) > 0 {
		one["header"] = f.own
	}
	s := map[string]any{"payload": payload, "signatures": []any{one}}
	if f.finish != nil {
		f.finish(s)
	}
	return string(toJSON(tb, s))
}
