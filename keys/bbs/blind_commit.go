package bbs

import "fmt"

// BlindDraft is the text that blind signatures follow, and the date of the fixtures that come out byte for byte. The text of that
// date is ahead of its fixtures (it adds disclosure by commitment and moves the blind to the end) and differs from them in what e is
// hashed from; the fixtures count.
const BlindDraft = "draft-irtf-cfrg-bbs-blind-signatures, editor's copy after -02 (fixtures of 2026-06-11)"

// commitmentFloor is the length of a commitment to nothing: the point, the scalar of the blind and the challenge.
const commitmentFloor = pointSize + 2*scalarSize

// Commit commits to messages that the signer is not to see, and proves knowledge of them. It returns what goes to the signer (a
// compressed point of 48 bytes, then, of 32 bytes each, a scalar for the blind, one for each message, and the challenge) and the
// scalar that hides it, which [Ciphersuite.BlindVerify] and [Ciphersuite.BlindProofGen] need and nobody else may know. An empty list
// is valid. The commitment hides perfectly: whatever its receiver can compute, every list of that length is as likely as before.
// The proof names no context: whoever sees a commitment can show it again, and then holds a signature that is of no use to them.
func (s Ciphersuite) Commit(messages [][]byte) (commitment []byte, blind *Blind, err error) {
	const what = "commit"
	a, err := s.blind()
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	if err := checkSizes(messages); err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	if err := checkTotal(len(messages) + 1); err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	commitment, blind, err = a.commit(a.messageScalars(messages), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	return commitment, blind, nil
}

// CommitmentCount returns how many scalars a commitment with proof commits to, by its length alone: messages, and nyms for one of
// [Ciphersuite.NymCommit]. Errors: the length is none of a commitment, or more than MaxMessages.
func CommitmentCount(commitment []byte) (int, error) {
	n, err := commitmentCount(commitment)
	if err != nil {
		return 0, fail("commitment", err)
	}
	return n, nil
}

func commitmentCount(commitment []byte) (int, error) {
	rest := len(commitment) - commitmentFloor
	if rest < 0 || rest%scalarSize != 0 {
		return 0, invalid("%d bytes", len(commitment))
	}
	return rest / scalarSize, checkTotal(rest/scalarSize + 1)
}

// blind returns the interface of the draft on blind signatures.
func (s Ciphersuite) blind() (api, error) { return s.api("BLIND_H2G_HM2S_") }

// committing returns the interface whose generators commitments use.
func (a api) committing() api { return api{a.suite, "BLIND_" + a.id} }

// commit is CoreCommit: it commits to scalars, which it wipes, with random scalars from src.
func (a api) commit(scalars []scalar, src scalarSource) ([]byte, *Blind, error) {
	defer wipe(scalars)
	m := len(scalars)
	gens := a.committing().generators(m + 1)
	drawn := src.draw(m + 2)
	defer wipe(drawn)
	secret := append([]scalar{drawn[0]}, scalars...)
	defer wipe(secret)
	tildes := drawn[1:]
	points := encodePoints(secretSum(gens, secret), secretSum(gens, tildes))
	c := a.commitChallenge(gens, &points[0], &points[1])
	out := append(make([]byte, 0, commitmentFloor+m*scalarSize), points[0][:]...)
	out = appendResponses(out, tildes, secret, &c)
	out = appendScalar(out, &c)
	b := scalarBytes(&secret[0])
	defer clear(b[:])
	blind, err := BlindFromSecret(b[:])
	if err != nil {
		return nil, nil, err // one in 2^255
	}
	return out, blind, nil
}

// appendResponses appends tilde + secret·c for each.
func appendResponses(out []byte, tildes, secrets []scalar, c *scalar) []byte {
	for i := range secrets {
		var hat scalar
		hat.Mul(&secrets[i], c)
		hat.Add(&hat, &tildes[i])
		out = appendScalar(out, &hat)
	}
	return out
}

// commitChallenge is calculate_blind_challenge.
func (a api) commitChallenge(gens []*generator, commitment, bar *encodedPoint) scalar {
	in := appendUint64(make([]byte, 0, 8+(len(gens)+2)*pointSize), len(gens)-1)
	for _, g := range gens {
		in = append(in, g.encoded[:]...)
	}
	in = append(in, commitment[:]...)
	in = append(in, bar[:]...)
	return a.hashToScalar(in)
}

// openCommitment reads a commitment with proof to m scalars (commitmentCount) and checks the proof (CoreCommitVerify): whoever made
// it knows the scalars and the blind.
func (a api) openCommitment(b []byte, m int) (publicPoint, error) {
	p, err := parsePoint(b[:pointSize])
	if err != nil {
		return publicPoint{}, invalid("the commitment: %w", err)
	}
	hats := make([]scalar, m+2) // the challenge is the last
	for i := range hats {
		at := pointSize + i*scalarSize
		if hats[i], err = parseNonzeroScalar(b[at : at+scalarSize]); err != nil {
			return publicPoint{}, invalid("scalar %d of the proof: %w", i, err)
		}
	}
	c := hats[m+1]
	gens := a.committing().generators(m + 1)
	minus := c
	minus.Neg()
	bar := publicSum(gens, hats[:m+1])
	rest := publicMul([]publicPoint{p}, []scalar{minus})
	bar.AddAssign(&rest)
	encoded := encodedPoint(b[:pointSize])
	want := a.commitChallenge(gens, &encoded, &encodeJacobian(bar)[0])
	if want.IsEqual(&c) != 1 {
		return publicPoint{}, invalid("the proof is not of this commitment")
	}
	return p, nil
}
