package bbs

import (
	"context"
	"errors"
	"fmt"
)

// SignatureSize is the length of a signature: a point of G1 and a scalar.
const SignatureSize = pointSize + scalarSize

// SignMessages signs messages, in their order, and header, which every verifier will see (Sign, section 3.5.1). The signature is
// the same each time. Errors: that of ctx when it has ended; otherwise final.
func (k *PrivateKey) SignMessages(ctx context.Context, s Ciphersuite, header []byte, messages [][]byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bbs: sign: %w", err)
	}
	a, err := s.core()
	if err != nil {
		return nil, fmt.Errorf("bbs: sign: %w", err)
	}
	if err := checkSizes(messages, header); err != nil {
		return nil, fmt.Errorf("bbs: sign: %w", err)
	}
	var sig []byte
	err = k.use(func(secret *scalar, public *PublicKey) error {
		ms := a.messageScalars(messages)
		defer wipe(ms)
		gens := a.generators(len(ms) + 1)
		domain := a.domain(public, gens, header)
		b := a.commitMessages(gens, &domain, ms)
		e := a.signatureExponent(secret, ms, &domain)
		sig, err = signPoint(secret, &e, &b)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("bbs: sign: %w", err)
	}
	return sig, nil
}

// domain is calculate_domain; gens is Q_1 followed by the generators of all messages.
func (a api) domain(public *PublicKey, gens []*generator, header []byte) scalar {
	b := make([]byte, 0, PublicKeySize+8+len(gens)*pointSize+len(a.id)+8)
	b = append(b, public.encoded[:]...)
	b = appendUint64(b, len(gens)-1)
	for _, g := range gens {
		b = append(b, g.encoded[:]...)
	}
	b = append(b, a.id...)
	b = appendUint64(b, len(header))
	return a.hashToScalar(b, header)
}

// commitMessages returns B = P1 + domain·Q_1 + Σ messages·H, in constant time. gens is Q_1 followed by a generator for each message.
func (a api) commitMessages(gens []*generator, domain *scalar, messages []scalar) point {
	k := make([]scalar, 0, len(messages)+1)
	k = append(k, *domain)
	k = append(k, messages...)
	defer wipe(k)
	b := secretSum(gens, k)
	p1 := secret(&a.suite.basePoint().point)
	b.addAffine(&b, &p1)
	return b
}

// signatureExponent returns e, the hash of the key and all that is signed.
func (a api) signatureExponent(secret *scalar, messages []scalar, domain *scalar) scalar {
	b := make([]byte, 0, (len(messages)+2)*scalarSize)
	defer clear(b[:cap(b)])
	b = appendScalar(b, secret)
	for i := range messages {
		b = appendScalar(b, &messages[i])
	}
	b = appendScalar(b, domain)
	return a.hashToScalar(b)
}

// signPoint returns the signature (B/(secret+e), e).
func signPoint(secret, e *scalar, b *point) ([]byte, error) {
	var sum scalar
	sum.Add(secret, e)
	inv := invert(&sum)
	defer func() { sum, inv = scalar{}, scalar{} }()
	if sum.IsZero()|e.IsZero()|b.isIdentity() == 1 {
		return nil, errors.New("these messages have no signature under this key") // one in 2^254
	}
	p := secretMul([]point{*b}, []scalar{inv})
	a := encodePoints(p)
	return appendScalar(a[0][:], e), nil
}

// A signature is a parsed signature: A is not the identity, e is not zero.
type signature struct {
	a publicPoint
	e scalar
}

// parseSignature is octets_to_signature.
func parseSignature(b []byte) (sig signature, err error) {
	if len(b) != SignatureSize {
		return sig, invalid("got %d bytes, want %d", len(b), SignatureSize)
	}
	if sig.a, err = parsePoint(b[:pointSize]); err != nil {
		return sig, invalid("A: %w", err)
	}
	if sig.e, err = parseNonzeroScalar(b[pointSize:]); err != nil {
		return sig, invalid("e: %w", err)
	}
	return sig, nil
}

// checkIndexes looks whether indexes ascend and are below n.
func checkIndexes(indexes []int, n int) error {
	last := -1
	for _, i := range indexes {
		if i <= last || i >= n {
			return invalid("disclosed indexes do not ascend, or exceed the %d messages", n)
		}
		last = i
	}
	return nil
}

// hiddenIndexes returns what is below n and not in disclosed, ascending.
func hiddenIndexes(disclosed []int, n int) []int {
	hidden := make([]int, 0, max(0, n-len(disclosed)))
	for i := range n {
		if len(disclosed) > 0 && disclosed[0] == i {
			disclosed = disclosed[1:]
			continue
		}
		hidden = append(hidden, i)
	}
	return hidden
}
