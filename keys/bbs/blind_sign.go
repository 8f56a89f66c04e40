package bbs

import (
	"context"
	"fmt"
)

// BlindSignMessages signs messages, which the signer knows, and what the prover committed to, after it has checked the proof in
// commitment. The signature has the form of [PrivateKey.SignMessages]'s and is worth nothing without the prover's secrets. The number of
// committed messages is the prover's choice: a signer that wants a certain one asks [CommitmentCount] before. A commitment is required,
// if only to nothing. Errors: that of ctx when it has ended; otherwise final, ErrInvalid for a wrong commitment or an exceeded limit.
func (k *PrivateKey) BlindSignMessages(ctx context.Context, s Ciphersuite, commitment, header []byte, messages [][]byte) ([]byte, error) {
	const what = "blind sign"
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	a, err := s.blind()
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	sig, err := k.signCommitment(a, commitment, header, messages, nil)
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	return sig, nil
}

// signCommitment checks commitment and signs B = P1 + domain·Q_1 + Σ messages·H + commitment, with entropy·J for the last generator J
// of the commitment if there is an entropy.
func (k *PrivateKey) signCommitment(a api, commitment, header []byte, messages [][]byte, entropy *scalar) (sig []byte, err error) {
	count, err := commitmentCount(commitment)
	if err != nil {
		return nil, err
	}
	if err := checkSizes(messages, header); err != nil {
		return nil, err
	}
	if err := checkTotal(len(messages) + 1 + count); err != nil {
		return nil, err
	}
	c, err := a.openCommitment(commitment, count)
	if err != nil {
		return nil, err
	}
	err = k.use(func(secret *scalar, public *PublicKey) error {
		ms := a.messageScalars(messages)
		defer wipe(ms)
		gens := a.committedGenerators(len(ms), count)
		domain := a.domain(public, gens, header)
		b := a.commitMessages(gens[:len(ms)+1], &domain, ms)
		committed := secretPoint(&c)
		b.add(&b, &committed)
		if entropy != nil {
			last := secretSum(gens[len(gens)-1:], []scalar{*entropy})
			b.add(&b, &last)
		}
		e := a.pointExponent(secret, &b)
		sig, err = signPoint(secret, &e, &b)
		return err
	})
	return sig, err
}

// checkTotal looks at the number of all scalars that a signature covers: messages, blind, committed messages and nyms.
func checkTotal(n int) error {
	if n > MaxMessages {
		return invalid("%d signed scalars, at most %d", n, MaxMessages)
	}
	return nil
}

// committedGenerators returns Q_1, a generator for each of the signer's messages, Q_2 for the blind, and one for each of count
// committed scalars.
func (a api) committedGenerators(messages, count int) []*generator {
	gens := make([]*generator, 0, messages+count+2)
	gens = append(gens, a.generators(messages+1)...)
	return append(gens, a.committing().generators(count+1)...)
}

// pointExponent returns e as the drafts on blind signatures have it: the signer does not know all messages, so it hashes the point that
// it signs.
func (a api) pointExponent(secret *scalar, b *point) scalar {
	encoded := encodePoints(*b)
	in := appendScalar(make([]byte, 0, scalarSize+pointSize), secret)
	defer clear(in)
	in = append(in, encoded[0][:]...)
	return a.hashToScalar(in)
}

// BlindVerify checks a blind signature as its prover does, who alone knows committed and blind. It takes constant time in them.
// Errors are final.
func (s Ciphersuite) BlindVerify(public *PublicKey, signature, header []byte, messages, committed [][]byte, blind *Blind) error {
	const what = "blind verify"
	a, err := s.blind()
	if err != nil {
		return fail(what, err)
	}
	h := holding{signature: signature, header: header, messages: messages, committed: committed, blind: blind}
	if err := h.verify(a, public); err != nil {
		return fail(what, err)
	}
	return nil
}

// holding is what a prover has: a signature with everything that it covers. header is what is signed, the number of nyms included.
type holding struct {
	signature, header   []byte
	messages, committed [][]byte
	blind               *Blind
	nyms                []scalar
}

// prepared is a holding that was read: every signed scalar in its place, and the generators.
type prepared struct {
	sig     signature
	gens    []*generator
	scalars []scalar // messages, blind, committed messages, nyms
	domain  scalar
}

func (p *prepared) wipe() { wipe(p.scalars) }

// prepare looks at the limits, those of headers as well, and reads h. The result has secrets, which the caller wipes.
func (h *holding) prepare(a api, public *PublicKey, headers ...[]byte) (*prepared, error) {
	if public.isZero() {
		return nil, errNoKey
	}
	if err := checkSizes(h.messages, headers...); err != nil {
		return nil, err
	}
	if err := checkSizes(h.committed); err != nil {
		return nil, err
	}
	count := len(h.committed) + len(h.nyms)
	if err := checkTotal(len(h.messages) + 1 + count); err != nil {
		return nil, err
	}
	sig, err := parseSignature(h.signature)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	blind, err := h.blind.get().scalars()
	if err != nil {
		return nil, fmt.Errorf("blind: %w", err)
	}
	defer wipe(blind)
	p := &prepared{sig: sig, gens: a.committedGenerators(len(h.messages), count)}
	p.domain = a.domain(public, p.gens, h.header)
	p.scalars = make([]scalar, 0, len(p.gens)-1)
	for _, part := range [][]scalar{a.messageScalars(h.messages), blind, a.messageScalars(h.committed)} {
		p.scalars = append(p.scalars, part...)
		wipe(part)
	}
	p.scalars = append(p.scalars, h.nyms...)
	return p, nil
}

// verify checks the signature in constant time, but for the signature itself: the pairing is computed of A and (secret key)·A.
func (h *holding) verify(a api, key *PublicKey) error {
	p, err := h.prepare(a, key, h.header)
	if err != nil {
		return err
	}
	defer p.wipe()
	b := a.commitMessages(p.gens, &p.domain, p.scalars)
	e := p.sig.e
	e.Neg()
	rest := secretMul([]point{secretPoint(&p.sig.a)}, []scalar{e})
	b.add(&b, &rest)
	right := public(b)
	if !pairingsMatch(key, &p.sig.a, &right[0]) {
		return errPairing
	}
	return nil
}
