package bbs

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"hash"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/hash_to_curve"
)

// An expander is expand_message of RFC 9380 (5.3.1 with SHA-256, 5.3.2 with SHAKE-256) under one domain separation tag.
type expander struct {
	suite  Ciphersuite
	tag    []byte // with its length at the end
	sha256 hash.Hash
	shake  *sha3.SHAKE
	pad    [sha256.BlockSize]byte // zero
	b0, bi [sha256.Size]byte
	small  [2]byte
}

// expander returns an expander with a tag of 1 to 255 bytes.
func (s Ciphersuite) expander(dst string) *expander {
	if len(dst) == 0 || len(dst) > 255 {
		panic("bbs: domain separation tag is empty or too long")
	}
	e := &expander{suite: s, tag: append([]byte(dst), byte(len(dst)))}
	if s == SHAKE256 {
		e.shake = sha3.NewSHAKE256()
	} else {
		e.sha256 = sha256.New()
	}
	return e
}

// expand fills out, at most 255·32 bytes, with the expansion of the parts, which are one message.
func (e *expander) expand(out []byte, parts ...[]byte) {
	if len(out) > 255*sha256.Size {
		panic("bbs: output is too long")
	}
	e.small = [2]byte{byte(len(out) >> 8), byte(len(out))}
	if e.suite == SHAKE256 {
		h := e.shake
		h.Reset()
		for _, p := range parts {
			h.Write(p)
		}
		h.Write(e.small[:])
		h.Write(e.tag)
		h.Read(out)
		return
	}
	h := e.sha256
	h.Reset()
	h.Write(e.pad[:])
	for _, p := range parts {
		h.Write(p)
	}
	h.Write(e.small[:])
	h.Write(e.pad[:1])
	h.Write(e.tag)
	h.Sum(e.b0[:0])
	clear(e.bi[:])
	for i := byte(1); len(out) > 0; i++ {
		for j := range e.bi {
			e.bi[j] ^= e.b0[j]
		}
		h.Reset()
		h.Write(e.bi[:])
		e.small[0] = i
		h.Write(e.small[:1])
		h.Write(e.tag)
		h.Sum(e.bi[:0])
		out = out[copy(out, e.bi[:]):]
	}
}

// scalar is hash_to_scalar.
func (e *expander) scalar(parts ...[]byte) scalar {
	var b [48]byte
	e.expand(b[:], parts...)
	k := reduce(b[:])
	clear(b[:])
	return k
}

// wipe overwrites what is left of the last message.
func (e *expander) wipe() {
	clear(e.b0[:])
	clear(e.bi[:])
	if e.suite == SHAKE256 {
		e.shake.Reset()
	} else {
		e.sha256.Reset()
	}
}

// expand is expander.expand for one message.
func (s Ciphersuite) expand(out []byte, dst string, parts ...[]byte) {
	s.expander(dst).expand(out, parts...)
}

// hashToScalar is hash_to_scalar: the parts are one message.
func (s Ciphersuite) hashToScalar(dst string, parts ...[]byte) scalar {
	e := s.expander(dst)
	defer e.wipe()
	return e.scalar(parts...)
}

// hashToScalar hashes with the tag that the drafts use wherever they name no other.
func (a api) hashToScalar(parts ...[]byte) scalar {
	return a.suite.hashToScalar(a.id+"H2S_", parts...)
}

// messageScalars is messages_to_scalars.
func (a api) messageScalars(messages [][]byte) []scalar {
	ks := make([]scalar, len(messages))
	e := a.suite.expander(a.id + "MAP_MSG_TO_SCALAR_AS_HASH_")
	defer e.wipe()
	for i, m := range messages {
		ks[i] = e.scalar(m)
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
