package bbs

import "errors"

// A proof is a parsed proof: no point is the identity, no scalar zero.
type proof struct {
	aBar, bBar, d         publicPoint
	encoded               commitments // t1 and t2 are filled by proofVerifyInit
	eHat, r1Hat, r3Hat, c scalar
	mHat                  []scalar
}

// hiddenIn returns the number of messages that a proof of the given length hides. It is ErrInvalid if no proof has that length.
func hiddenIn(length int) (int, error) {
	if length < proofFixedSize || length > maxProofSize || (length-proofFixedSize)%scalarSize != 0 {
		return 0, invalid("a proof of %d bytes, want %d and a multiple of %d, at most %d", length, proofFixedSize, scalarSize, maxProofSize)
	}
	return (length - proofFixedSize) / scalarSize, nil
}

// parseProof is octets_to_proof (section 4.2.4.5).
func parseProof(b []byte) (*proof, error) {
	n, err := hiddenIn(len(b))
	if err != nil {
		return nil, err
	}
	p := &proof{mHat: make([]scalar, n)}
	scalars := b[3*pointSize:]
	next := func(k *scalar) error {
		var err error
		*k, err = parseNonzeroScalar(scalars[:scalarSize])
		scalars = scalars[scalarSize:]
		return err
	}
	// Scalars first: they are cheap to refuse.
	for _, k := range []*scalar{&p.eHat, &p.r1Hat, &p.r3Hat} {
		if err := next(k); err != nil {
			return nil, invalid("%w", err)
		}
	}
	for i := range p.mHat {
		if err := next(&p.mHat[i]); err != nil {
			return nil, invalid("%w", err)
		}
	}
	if err := next(&p.c); err != nil {
		return nil, invalid("%w", err)
	}
	for i, q := range [...]*publicPoint{&p.aBar, &p.bBar, &p.d} {
		if *q, err = parsePoint(b[i*pointSize : (i+1)*pointSize]); err != nil {
			return nil, invalid("%w", err)
		}
	}
	p.encoded.aBar = encodedPoint(b[:pointSize])
	p.encoded.bBar = encodedPoint(b[pointSize : 2*pointSize])
	p.encoded.d = encodedPoint(b[2*pointSize : 3*pointSize])
	return p, nil
}

// ProofVerify checks a proof: that the prover has a signature under public of header and of a list of messages in which those at
// the ascending indexes disclosed are messages, and that the proof was made for presentationHeader (section 3.6.2). The number of all
// messages follows from the length of the proof, so that whoever sends one decides how long this takes: a third of a second for
// [MaxMessages]. A verifier that knows the number refuses every length but [ProofSize] of what is hidden. Errors are ErrInvalid.
func (s Ciphersuite) ProofVerify(public *PublicKey, proof, header, presentationHeader []byte, disclosed []int, messages [][]byte) error {
	hidden, err := hiddenIn(len(proof))
	if err != nil {
		return fail("proof", err)
	}
	a, err := s.core()
	if err != nil {
		return fail("proof", err)
	}
	if public.isZero() {
		return fail("proof", errNoKey)
	}
	if len(disclosed) != len(messages) {
		return fail("proof", invalid("%d indexes of %d messages", len(disclosed), len(messages)))
	}
	if err := checkSizes(messages, header, presentationHeader); err != nil {
		return fail("proof", err)
	}
	n := hidden + len(disclosed)
	if n > MaxMessages {
		return fail("proof", invalid("%d messages, at most %d", n, MaxMessages))
	}
	if err := checkIndexes(disclosed, n); err != nil {
		return fail("proof", err)
	}
	p, err := parseProof(proof)
	if err != nil {
		return fail("proof", err)
	}
	gens := a.generators(n + 1)
	domain := a.domain(public, gens, header)
	ms := a.messageScalars(messages)
	a.proofVerifyInit(p, gens, &domain, disclosed, ms)
	c := a.challenge(disclosed, ms, &p.encoded, nil, &domain, presentationHeader)
	if err := p.check(public, &c); err != nil {
		return fail("proof", err)
	}
	return nil
}

// proofVerifyInit is ProofVerifyInit (section 3.7.3): it computes T1 and T2. gens is Q_1 followed by a generator for each message, the
// hidden ones too; len(gens)-1 = len(disclosed) + len(p.mHat).
func (a api) proofVerifyInit(p *proof, gens []*generator, domain *scalar, disclosed []int, messages []scalar) {
	t1 := publicMul([]publicPoint{p.bBar, p.aBar, p.d}, []scalar{p.c, p.eHat, p.r1Hat})
	// T2 = c·(P1 + domain·Q_1 + Σ messages·H) + r3^·D + Σ m^·H
	bases := append(gens[:len(gens):len(gens)], a.suite.basePoint())
	k := make([]scalar, len(bases))
	k[0].Mul(domain, &p.c)
	k[len(gens)] = p.c
	for i, j := range disclosed {
		k[j+1].Mul(&messages[i], &p.c)
	}
	for i, j := range hiddenIndexes(disclosed, len(gens)-1) {
		k[j+1] = p.mHat[i]
	}
	t2 := publicSum(bases, k)
	rest := publicMul([]publicPoint{p.d}, []scalar{p.r3Hat})
	t2.AddAssign(&rest)
	e := encodeJacobian(t1, t2)
	p.encoded.t1, p.encoded.t2 = e[0], e[1]
}

// check compares the challenge with c, which was computed of the commitments, and checks e(Abar, W) = e(Bbar, BP2).
func (p *proof) check(public *PublicKey, c *scalar) error {
	if p.c.IsEqual(c) != 1 {
		return errors.New("the challenge does not match")
	}
	if !pairingsMatch(public, &p.aBar, &p.bBar) {
		return errPairing
	}
	return nil
}
