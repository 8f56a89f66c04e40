package bbs

import (
	"bytes"
	"errors"
	"fmt"
)

// sameNymsSize is the length of a proof that two commitments commit to the same: the challenge and one answer.
const sameNymsSize = 2 * scalarSize

var errSameBlind = errors.New("the two commitments are one")

// NymRecommit makes a fresh commitment to what old commits to, and the proof of [Ciphersuite.ProveSameNyms] that it does. messages,
// nyms (the prover's own part, as for [Ciphersuite.NymCommit]) and oldBlind must open old, which is checked. The fresh commitment is
// uniform among all points whatever old is: nobody but who has seen the proof finds out that the two belong together. Errors are final.
func (s Ciphersuite) NymRecommit(old []byte, oldBlind *Blind, messages [][]byte, nyms *NymSecrets, context []byte) (commitment []byte, blind *Blind, same []byte, err error) {
	const what = "nym recommit"
	if err := s.nymOpens(old, oldBlind, messages, nyms); err != nil {
		return nil, nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	commitment, blind, err = s.NymCommit(messages, nyms)
	if err != nil {
		return nil, nil, nil, err
	}
	same, err = s.ProveSameNyms(old, commitment, oldBlind, blind, context)
	if err != nil {
		return nil, nil, nil, err
	}
	return commitment, blind, same, nil
}

// nymOpens checks that old is a commitment to messages and nyms, hidden by blind.
func (s Ciphersuite) nymOpens(old []byte, blind *Blind, messages [][]byte, nyms *NymSecrets) error {
	a, err := s.nym()
	if err != nil {
		return err
	}
	count, err := commitmentCount(old)
	if err != nil {
		return err
	}
	if err := checkSizes(messages); err != nil {
		return err
	}
	ks, err := blind.get().scalars()
	if err != nil {
		return fmt.Errorf("blind: %w", err)
	}
	secrets, err := nyms.get().scalars()
	if err != nil {
		return fmt.Errorf("nyms: %w", err)
	}
	hidden := a.messageScalars(messages)
	all := append(append(append(make([]scalar, 0, 1+len(hidden)+len(secrets)), ks...), hidden...), secrets...)
	defer wipe(all)
	wipe(ks)
	wipe(secrets)
	wipe(hidden)
	if len(all) != count+1 {
		return invalid("a commitment to %d scalars, want %d", count, len(all)-1)
	}
	p := encodePoints(secretSum(a.committing().generators(count+1), all))
	if !bytes.Equal(p[0][:], old[:pointSize]) {
		return invalid("the commitment is not to these messages and nyms")
	}
	return nil
}

// ProveSameNyms proves to a signer who has old that renewed commits to the same messages and nyms in the same places, without
// showing any. Both are commitments with proof of [Ciphersuite.NymCommit]; they must differ. The proof, 64 bytes, is bound to context, which is
// not empty: name the signer, its nonce and the request there. It is our own, no draft has it.
//
// With Q the generator of blinds, old = V + b·Q and renewed = V' + b'·Q, where V and V' are sums over the other generators. The proof is
// Schnorr's, of a d with renewed - old = d·Q, made non-interactive: T = t·Q, c = hash(Q, number of scalars, old, renewed, T, context), c
// and t + c·d. Whoever makes it knows d. Whoever made the proof in renewed knows an opening (v', b') of it, and the one who made the proof
// in old an opening (v, b), so that (v, b+d) opens renewed too. Two different openings of one point give a relation between generators
// of which nobody knows the logarithms; so v' = v. Both proofs of opening and equal counts are needed for that, and
// [Ciphersuite.VerifySameNyms] checks them. The proof tells nothing but that V = V': for every c and answer there is a T.
func (s Ciphersuite) ProveSameNyms(old, renewed []byte, oldBlind, renewedBlind *Blind, context []byte) ([]byte, error) {
	const what = "prove same nyms"
	a, err := s.nym()
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	st, err := a.sameNyms(old, renewed, context)
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	from, err := oldBlind.get().scalars()
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: blind: %w", what, err)
	}
	defer wipe(from)
	to, err := renewedBlind.get().scalars()
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: blind: %w", what, err)
	}
	defer wipe(to)
	return st.prove(&from[0], &to[0], nil), nil
}

// VerifySameNyms checks a proof of [Ciphersuite.ProveSameNyms], and the proofs of opening in both commitments; that of old too, so
// that nothing rests on what happened when it was stored. It does not look at which scalars are nyms: sign both with the same n.
// Errors are ErrInvalid.
func (s Ciphersuite) VerifySameNyms(old, renewed, same, context []byte) error {
	const what = "verify same nyms"
	a, err := s.nym()
	if err != nil {
		return fail(what, err)
	}
	if err := a.verifySameNyms(old, renewed, same, context); err != nil {
		return fail(what, err)
	}
	return nil
}

func (a api) verifySameNyms(old, renewed, same, context []byte) error {
	if len(same) != sameNymsSize {
		return invalid("a proof of %d bytes, want %d", len(same), sameNymsSize)
	}
	st, err := a.sameNyms(old, renewed, context)
	if err != nil {
		return err
	}
	c, err := parseNonzeroScalar(same[:scalarSize])
	if err != nil {
		return fmt.Errorf("challenge: %w", err)
	}
	answer, err := parseNonzeroScalar(same[scalarSize:])
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	p, err := a.openCommitment(old, st.count)
	if err != nil {
		return fmt.Errorf("old commitment: %w", err)
	}
	q, err := a.openCommitment(renewed, st.count)
	if err != nil {
		return fmt.Errorf("renewed commitment: %w", err)
	}
	minus := c
	minus.Neg()
	// T = answer·Q - c·(renewed - old)
	bar := encodeJacobian(publicMul([]publicPoint{st.base[0].point, q, p}, []scalar{answer, minus, c}))
	want := st.challenge(&bar[0])
	if want.IsEqual(&c) != 1 {
		return errors.New("the proof is not of these commitments and this context")
	}
	return nil
}

// A sameStatement is what the challenge of such a proof is computed of.
type sameStatement struct {
	suite Ciphersuite
	count int          // of the scalars in each commitment
	base  []*generator // Q
	in    []byte
}

// sameNyms checks the forms of both commitments and collects the statement. It opens neither.
func (a api) sameNyms(old, renewed, context []byte) (*sameStatement, error) {
	before, err := commitmentCount(old)
	if err != nil {
		return nil, fmt.Errorf("old commitment: %w", err)
	}
	after, err := commitmentCount(renewed)
	if err != nil {
		return nil, fmt.Errorf("renewed commitment: %w", err)
	}
	// Unequal counts would let a vector move by one place, with a zero behind it.
	if before != after {
		return nil, invalid("%d scalars before, %d after", before, after)
	}
	if len(context) == 0 {
		return nil, errContext
	}
	if err := checkSizes(nil, context); err != nil {
		return nil, err
	}
	// Of one point everybody proves that it equals itself.
	if bytes.Equal(old[:pointSize], renewed[:pointSize]) {
		return nil, errSameBlind
	}
	return a.sameStatement(before, old, renewed, context), nil
}

// sameStatement puts together the statement of commitments to count scalars.
func (a api) sameStatement(count int, old, renewed, context []byte) *sameStatement {
	st := &sameStatement{suite: a.suite, count: count, base: a.committing().generators(1)}
	st.in = append(st.in, st.base[0].encoded[:]...)
	st.in = appendUint64(st.in, count)
	st.in = append(st.in, old[:pointSize]...)
	st.in = append(st.in, renewed[:pointSize]...)
	st.in = appendUint64(st.in, len(context))
	st.in = append(st.in, context...)
	return st
}

// prove makes the proof for the blinds of both commitments.
func (st *sameStatement) prove(from, to *scalar, random scalarSource) []byte {
	d, t := make([]scalar, 1), random.draw(1)
	defer wipe(d)
	defer wipe(t)
	d[0].Sub(to, from)
	bar := encodePoints(secretSum(st.base, t))
	c := st.challenge(&bar[0])
	return appendResponses(appendScalar(make([]byte, 0, sameNymsSize), &c), t, d, &c)
}

func (st *sameStatement) challenge(bar *encodedPoint) scalar {
	return st.suite.hashToScalar(st.suite.ID()+"REALDID_SAME_NYMS_V1_", st.in, bar[:])
}
