package bbs

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/hash_to_curve"
)

// expand is expand_message of RFC 9380 (5.3.1 with SHA-256, 5.3.2 with SHAKE-256) over the parts of a message: it fills out, at
// most 255·32 bytes. dst has at most 255 bytes; all of them are constants of this package or checked before.
func (s Ciphersuite) expand(out []byte, dst string, parts ...[]byte) {
	if len(dst) > 255 || len(out) > 255*sha256.Size {
		panic("bbs: domain separation tag or output is too long")
	}
	length := [2]byte{byte(len(out) >> 8), byte(len(out))}
	tag := append([]byte(dst), byte(len(dst)))
	if s == SHAKE256 {
		h := sha3.NewSHAKE256()
		for _, p := range parts {
			h.Write(p)
		}
		h.Write(length[:])
		h.Write(tag)
		h.Read(out)
		return
	}
	h := sha256.New()
	var pad [sha256.BlockSize]byte
	h.Write(pad[:])
	for _, p := range parts {
		h.Write(p)
	}
	h.Write(length[:])
	h.Write([]byte{0})
	h.Write(tag)
	var b0, bi [sha256.Size]byte
	h.Sum(b0[:0])
	for i := byte(1); len(out) > 0; i++ {
		for j := range bi {
			bi[j] ^= b0[j]
		}
		h.Reset()
		h.Write(bi[:])
		h.Write([]byte{i})
		h.Write(tag)
		h.Sum(bi[:0])
		out = out[copy(out, bi[:]):]
	}
}

// hashToScalar is hash_to_scalar: the parts are one message.
func (s Ciphersuite) hashToScalar(dst string, parts ...[]byte) scalar {
	var b [48]byte
	s.expand(b[:], dst, parts...)
	k := reduce(b[:])
	clear(b[:])
	return k
}

// hashToScalar hashes with the tag that the drafts use wherever they name no other.
func (a api) hashToScalar(parts ...[]byte) scalar {
	return a.suite.hashToScalar(a.id+"H2S_", parts...)
}

// messageScalars is messages_to_scalars.
func (a api) messageScalars(messages [][]byte) []scalar {
	ks := make([]scalar, len(messages))
	dst := a.id + "MAP_MSG_TO_SCALAR_AS_HASH_"
	for i, m := range messages {
		ks[i] = a.suite.hashToScalar(dst, m)
	}
	return ks
}

// hashToCurve is hash_to_curve of RFC 9380 for G1 (section 8.8.1, with the expansion of the ciphersuite). The message must be public.
func (s Ciphersuite) hashToCurve(dst string, parts ...[]byte) bls12381.G1Affine {
	var b [128]byte
	s.expand(b[:], dst, parts...)
	var sum bls12381.G1Jac
	for i := range 2 {
		var u fp.Element
		u.SetBytes(b[64*i : 64*i+64]) // modulo p
		q := bls12381.MapToCurve1(&u)
		hash_to_curve.G1Isogeny(&q.X, &q.Y)
		sum.AddMixed(&q)
	}
	sum.ClearCofactor(&sum)
	var out bls12381.G1Affine
	out.FromJacobian(&sum)
	return out
}

// appendUint64 appends I2OSP(n, 8).
func appendUint64(b []byte, n int) []byte { return binary.BigEndian.AppendUint64(b, uint64(n)) }
