package bbs

import (
	"errors"
	"fmt"
)

// Sizes of a proof: three points, e^, r1^, r3^ and the challenge, and a scalar for each hidden message.
const (
	proofFixedSize = 3*pointSize + 4*scalarSize
	maxProofSize   = proofFixedSize + MaxMessages*scalarSize
)

// ProofSize returns the length of a proof that hides n messages.
func ProofSize(n int) int { return proofFixedSize + n*scalarSize }

// ProofGen proves possession of a signature of messages and header under public, and shows only the messages with the indexes
// disclosed, which ascend from 0 (section 3.6.1). presentationHeader is bound to the proof: name the verifier and its nonce there.
// Every proof is new, and two proofs of one signature have nothing in common. ProofGen does not verify the signature: of a wrong one
// it makes a proof that does not verify. Errors are final; ErrInvalid if the signature is not well formed or a limit is exceeded.
func (s Ciphersuite) ProofGen(public *PublicKey, signature, header, presentationHeader []byte, messages [][]byte, disclosed []int) ([]byte, error) {
	return s.proofGen(public, signature, header, presentationHeader, messages, disclosed, nil)
}

func (s Ciphersuite) proofGen(public *PublicKey, signature, header, presentationHeader []byte, messages [][]byte, disclosed []int, random scalarSource) ([]byte, error) {
	a, err := s.core()
	if err != nil {
		return nil, fmt.Errorf("bbs: proof: %w", err)
	}
	if public.isZero() {
		return nil, fmt.Errorf("bbs: proof: %w", errNoKey)
	}
	if err := checkSizes(messages, header, presentationHeader); err != nil {
		return nil, fmt.Errorf("bbs: proof: %w", err)
	}
	if err := checkIndexes(disclosed, len(messages)); err != nil {
		return nil, fmt.Errorf("bbs: proof: %w", err)
	}
	sig, err := parseSignature(signature)
	if err != nil {
		return nil, fmt.Errorf("bbs: proof: signature: %w", err)
	}
	ms := a.messageScalars(messages)
	defer wipe(ms)
	gens := a.generators(len(ms) + 1)
	domain := a.domain(public, gens, header)
	hidden := hiddenIndexes(disclosed, len(ms))
	p, err := a.proofInit(&sig, gens, &domain, ms, hidden, random.draw(proofScalars+len(hidden)))
	if err != nil {
		return nil, fmt.Errorf("bbs: proof: %w", err)
	}
	defer p.wipe()
	c := a.challenge(disclosed, pick(ms, disclosed), &p.commitments, nil, &domain, presentationHeader)
	return p.finalize(&c, &sig.e, pick(ms, hidden)), nil
}

// proofScalars is the number of random scalars of a proof that hides nothing: r1, r2, e~, r1~, r3~; the m~ follow.
const proofScalars = 5

// commitments are the points of a proof that its challenge is computed of, compressed: the first three stand in the proof.
type commitments struct{ aBar, bBar, d, t1, t2 encodedPoint }

// A proofState is what a prover keeps between ProofInit and ProofFinalize. Its random scalars are secret and serve once.
type proofState struct {
	commitments
	random []scalar // r1, r2, e~, r1~, r3~, m~ of each hidden message
}

func (p *proofState) wipe() { wipe(p.random) }

// proofInit is ProofInit (section 3.7.1). gens is Q_1 followed by a generator for each message; hidden are the ascending indexes of
// messages that stay hidden; random are proofScalars+len(hidden) scalars, which it keeps.
func (a api) proofInit(sig *signature, gens []*generator, domain *scalar, messages []scalar, hidden []int, random []scalar) (*proofState, error) {
	if len(gens) != len(messages)+1 || len(random) != proofScalars+len(hidden) {
		return nil, errors.New("generators, messages and random scalars do not match")
	}
	if random[0].IsZero()|random[1].IsZero() == 1 {
		return nil, errors.New("a random scalar is zero")
	}
	b := a.commitMessages(gens, domain, messages)
	points := proofPoints(sig, &b, random)
	hiddenGens := make([]*generator, len(hidden))
	for i, j := range hidden {
		hiddenGens[i] = gens[j+1]
	}
	t2 := secretSum(hiddenGens, random[proofScalars:])
	points[4].add(&points[4], &t2)
	e := encodePoints(points[:]...)
	return &proofState{commitments{e[0], e[1], e[2], e[3], e[4]}, random}, nil
}

// proofPoints returns Abar, Bbar, D, T1 and the part r3~·D of T2. Each is written as a sum over A and B, whose multiples are computed
// once: D = r2·B, Abar = r1·r2·A, Bbar = r1·D - e·Abar, T1 = e~·Abar + r1~·D.
func proofPoints(sig *signature, b *point, random []scalar) (out [5]point) {
	r1, r2, eTilde, r1Tilde, r3Tilde := &random[0], &random[1], &random[2], &random[3], &random[4]
	var r1r2, onA, onB scalar
	r1r2.Mul(r1, r2)
	sa := secretPoint(&sig.a)
	var ms [2]pointMultiples
	defer clear(ms[:])
	ms[0].fill(&sa)
	ms[1].fill(b)
	ma, mb := []*pointMultiples{&ms[0]}, []*pointMultiples{&ms[1]}
	both := []*pointMultiples{&ms[0], &ms[1]}
	k := make([]scalar, 2)
	defer wipe(k)
	out[0] = mulMultiples(ma, []scalar{r1r2})
	onA.Mul(&r1r2, &sig.e)
	onA.Neg()
	k[0], k[1] = onA, r1r2
	out[1] = mulMultiples(both, k)
	out[2] = mulMultiples(mb, []scalar{*r2})
	onA.Mul(&r1r2, eTilde)
	onB.Mul(r2, r1Tilde)
	k[0], k[1] = onA, onB
	out[3] = mulMultiples(both, k)
	k[0].Mul(r2, r3Tilde)
	out[4] = mulMultiples(mb, k[:1])
	r1r2, onA, onB = scalar{}, scalar{}, scalar{}
	return out
}

// challenge is ProofChallengeCalculate (section 3.7.4). The points of extra follow T2, and tail follows everything, as the extensions
// of BBS want it.
func (a api) challenge(disclosed []int, messages []scalar, c *commitments, extra []encodedPoint, domain *scalar, presentationHeader []byte, tail ...byte) scalar {
	b := make([]byte, 0, 16+len(disclosed)*(8+scalarSize)+(5+len(extra))*pointSize+scalarSize)
	b = appendUint64(b, len(disclosed))
	for i, j := range disclosed {
		b = appendUint64(b, j)
		b = appendScalar(b, &messages[i])
	}
	for _, p := range [...]*encodedPoint{&c.aBar, &c.bBar, &c.d, &c.t1, &c.t2} {
		b = append(b, p[:]...)
	}
	for i := range extra {
		b = append(b, extra[i][:]...)
	}
	b = appendScalar(b, domain)
	b = appendUint64(b, len(presentationHeader))
	return a.hashToScalar(b, presentationHeader, tail)
}

// finalize is ProofFinalize (section 3.7.2): it answers the challenge c with the scalar e of the signature and the hidden messages.
func (p *proofState) finalize(c, e *scalar, hidden []scalar) []byte {
	defer wipe(hidden)
	out := make([]byte, 0, ProofSize(len(hidden)))
	out = append(out, p.aBar[:]...)
	out = append(out, p.bBar[:]...)
	out = append(out, p.d[:]...)
	r3 := invert(&p.random[1])
	defer func() { r3 = scalar{} }()
	minus := *c
	minus.Neg()
	answer := func(tilde, c, secret *scalar) {
		var k scalar
		k.Mul(c, secret)
		k.Add(&k, tilde)
		out = appendScalar(out, &k)
	}
	answer(&p.random[2], c, e)
	answer(&p.random[3], &minus, &p.random[0])
	answer(&p.random[4], &minus, &r3)
	for i := range hidden {
		answer(&p.random[proofScalars+i], c, &hidden[i])
	}
	return appendScalar(out, c)
}

// pick returns the scalars with the given indexes.
func pick(ks []scalar, indexes []int) []scalar {
	out := make([]scalar, len(indexes))
	for i, j := range indexes {
		out[i] = ks[j]
	}
	return out
}
