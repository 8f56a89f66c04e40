package bbs

import (
	"errors"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

var errPairing = errors.New("the pairing equation does not hold")

// Verify checks a signature of messages, in their order, and header (section 3.5.2). It runs in variable time: the messages are
// as public as the signature. Errors are ErrInvalid.
func (s Ciphersuite) Verify(public *PublicKey, signature, header []byte, messages [][]byte) error {
	if len(signature) != SignatureSize {
		return fail("verify", invalid("got %d bytes, want %d", len(signature), SignatureSize))
	}
	a, err := s.core()
	if err != nil {
		return fail("verify", err)
	}
	if public.isZero() {
		return fail("verify", errNoKey)
	}
	if err := checkSizes(messages, header); err != nil {
		return fail("verify", err)
	}
	sig, err := parseSignature(signature)
	if err != nil {
		return fail("verify", err)
	}
	gens := a.generators(len(messages) + 1)
	domain := a.domain(public, gens, header)
	if err := a.verifyPoint(public, &sig, gens, &domain, a.messageScalars(messages)); err != nil {
		return fail("verify", err)
	}
	return nil
}

// verifyPoint checks e(A, W + e·BP2) = e(B, BP2), as e(A, W) = e(B - e·A, BP2): the points of G2 stay the same, so that their
// lines are computed once. gens is Q_1 followed by a generator for each message.
func (a api) verifyPoint(public *PublicKey, sig *signature, gens []*generator, domain *scalar, messages []scalar) error {
	k := make([]scalar, 0, len(messages)+1)
	k = append(k, *domain)
	k = append(k, messages...)
	q := publicSum(gens, k)
	q.AddMixed(&a.suite.basePoint().point)
	e := sig.e
	e.Neg()
	ea := publicMul([]publicPoint{sig.a}, []scalar{e})
	q.AddAssign(&ea)
	var right bls12381.G1Affine
	right.FromJacobian(&q)
	if !pairingsMatch(public, &sig.a, &right) {
		return errPairing
	}
	return nil
}
