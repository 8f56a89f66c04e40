package bbs

import (
	"errors"
	"fmt"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// PseudonymSize is the length of a pseudonym, a compressed point of G1.
const PseudonymSize = pointSize

// NymSigned is what a prover holds of a signature over nym secrets.
type NymSigned struct {
	Signature []byte
	Header    []byte
	Messages  [][]byte    // those that the signer knows
	Committed [][]byte    // those that the prover committed to, without the nyms
	Blind     *Blind      // of the commitment that was signed
	Nyms      *NymSecrets // what NymFinalize returned
}

// NymStatement is what a proof with a pseudonym proves. All of it is what the verifier expects: nothing is learnt from the proof.
type NymStatement struct {
	Header             []byte
	PresentationHeader []byte
	ContextID          []byte   // the context that the verifier stands for, not empty
	NymCount           int      // how many nyms the signer demands (N of the draft)
	MessageCount       int      // how many messages the signer knows (L)
	CommittedCount     int      // how many messages are committed to, without the nyms (M)
	Disclosed          []int    // indexes of the signer's messages that are shown, ascending
	Messages           [][]byte // those messages
	DisclosedCommitted []int    // the same for the committed messages; nyms are never shown
	Committed          [][]byte
}

var (
	errContext   = errors.New("the context is empty")
	errPseudonym = errors.New("the pseudonym is the identity or the base point")
)

// nymPoint returns the point OP and the scalar z that contextID stands for; both are public.
func (a api) nymPoint(contextID []byte) (publicPoint, scalar, error) {
	if len(contextID) == 0 {
		return publicPoint{}, scalar{}, errContext
	}
	if err := checkSizes(nil, contextID); err != nil {
		return publicPoint{}, scalar{}, err
	}
	return a.suite.hashToCurve(a.id, contextID), a.suite.hashToScalar(a.id+"VECT_NYM_SECRETS", contextID), nil
}

// polynomial returns Σ ks[i]·z^i by Horner's rule, in a time that depends on the number of scalars only.
func polynomial(ks []scalar, z *scalar) (sum scalar) {
	for i := len(ks) - 1; i >= 0; i-- {
		sum.Mul(&sum, z)
		sum.Add(&sum, &ks[i])
	}
	return sum
}

// checkPseudonym refuses the two points of the draft.
func checkPseudonym(p *publicPoint) error {
	_, _, base, _ := bls12381.Generators()
	if p.IsInfinity() || p.Equal(&base) {
		return errPseudonym
	}
	return nil
}

// Pseudonym returns the pseudonym of nyms, as [Ciphersuite.NymFinalize] returned them, at contextID, which is not empty: a
// compressed point of 48 bytes. It is the same at each call, and another under the other ciphersuite. It takes constant time in nyms.
func (s Ciphersuite) Pseudonym(contextID []byte, nyms *NymSecrets) ([]byte, error) {
	const what = "pseudonym"
	a, err := s.nym()
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	secrets, err := nyms.get().scalars()
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: nyms: %w", what, err)
	}
	defer wipe(secrets)
	part, err := a.nymPart(contextID, secrets)
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	return part.points[0][:], nil
}

// nymPart is PseudonymProofInit: the points OP·Σ v[i]·z^i for each vector v, none of them the identity or the base point, and the octets
// that name the context.
func (a api) nymPart(contextID []byte, vectors ...[]scalar) (*proofPart, error) {
	op, z, err := a.nymPoint(contextID)
	if err != nil {
		return nil, err
	}
	base := secretPoint(&op)
	var multiples pointMultiples
	multiples.fill(&base)
	points := make([]point, len(vectors))
	k := make([]scalar, 1)
	defer wipe(k)
	for i, v := range vectors {
		k[0] = polynomial(v, &z)
		points[i] = mulMultiples([]*pointMultiples{&multiples}, k)
	}
	part := &proofPart{octets: contextOctets(contextID)}
	for _, p := range public(points...) {
		if err := checkPseudonym(&p); err != nil {
			return nil, err // one in 2^254
		}
		part.points = append(part.points, p.Bytes())
	}
	return part, nil
}

func contextOctets(contextID []byte) []byte {
	return append(appendUint64(make([]byte, 0, 8+len(contextID)), len(contextID)), contextID...)
}

// NymProofGen proves possession of a signature under public, shows the messages that show names, and proves that pseudonym, which it
// returns, is that of the signed nyms at contextID. The context must come from who the verifier is, not from what it says: another's
// context gives it another's pseudonym. presentationHeader is bound to the proof: name the verifier and its nonce there. Apart from the
// pseudonym, two proofs of one signature have nothing in common. The signature is not verified: of a wrong one, or of nyms that are not
// the signed ones, comes a proof that does not verify. Errors are final; ErrInvalid if the signature is not well formed or a limit
// is exceeded.
func (s Ciphersuite) NymProofGen(public *PublicKey, held *NymSigned, contextID, presentationHeader []byte, show *Disclose) (proof, pseudonym []byte, err error) {
	return s.nymProofGen(public, held, contextID, presentationHeader, show, nil)
}

func (s Ciphersuite) nymProofGen(public *PublicKey, held *NymSigned, contextID, presentationHeader []byte, show *Disclose, random scalarSource) (proof, pseudonym []byte, err error) {
	const what = "nym proof"
	a, err := s.nym()
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	if held == nil {
		return nil, nil, fmt.Errorf("bbs: %s: no signature", what)
	}
	secrets, err := held.Nyms.get().scalars()
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: nyms: %w", what, err)
	}
	defer wipe(secrets)
	h := holding{
		signature: held.Signature, header: nymHeader(held.Header, len(secrets)), messages: held.Messages, committed: held.Committed,
		blind: held.Blind, nyms: secrets,
	}
	proof, err = h.prove(a, public, presentationHeader, show, func(nyms, tildes []scalar) (*proofPart, error) {
		part, err := a.nymPart(contextID, nyms, tildes)
		if err == nil {
			pseudonym = append([]byte(nil), part.points[0][:]...)
		}
		return part, err
	}, random)
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	return proof, pseudonym, nil
}

// NymProofVerify checks a proof of [Ciphersuite.NymProofGen] under public, and that pseudonym is the one and only pseudonym of the nyms
// in that signature at says.ContextID. Errors are ErrInvalid.
//
// Why there is one: the signed header names N and the signed generators fix L, M+N and which of them are the prover's, so that the last N
// answers of the proof are those for the nyms; one answer serves both for the signature and for the pseudonym.
func (s Ciphersuite) NymProofVerify(public *PublicKey, proof, pseudonym []byte, says *NymStatement) error {
	const what = "nym proof"
	a, err := s.nym()
	if err != nil {
		return fail(what, err)
	}
	if says == nil {
		return fail(what, invalid("no statement"))
	}
	if err := says.verify(a, public, proof, pseudonym); err != nil {
		return fail(what, err)
	}
	return nil
}

func (says *NymStatement) verify(a api, public *PublicKey, proof, pseudonym []byte) error {
	if err := checkNymCount(says.NymCount); err != nil {
		return err
	}
	if len(pseudonym) != PseudonymSize {
		return invalid("a pseudonym of %d bytes, want %d", len(pseudonym), PseudonymSize)
	}
	blind := BlindStatement{
		PresentationHeader: says.PresentationHeader,
		MessageCount:       says.MessageCount, CommittedCount: says.CommittedCount,
		Disclosed: says.Disclosed, Messages: says.Messages,
		DisclosedCommitted: says.DisclosedCommitted, Committed: says.Committed,
	}
	return blind.verify(a, public, proof, nymHeader(says.Header, says.NymCount), says.NymCount, func(hats []scalar, c *scalar) (*proofPart, error) {
		return a.nymVerifyPart(says.ContextID, pseudonym, hats, c)
	})
}

// nymVerifyPart is PseudonymProofVerifyInit.
func (a api) nymVerifyPart(contextID, pseudonym []byte, hats []scalar, c *scalar) (*proofPart, error) {
	op, z, err := a.nymPoint(contextID)
	if err != nil {
		return nil, err
	}
	nym, err := parsePoint(pseudonym)
	if err != nil {
		return nil, fmt.Errorf("pseudonym: %w", err)
	}
	if err := checkPseudonym(&nym); err != nil {
		return nil, err
	}
	minus := *c
	minus.Neg()
	u := publicMul([]publicPoint{op, nym}, []scalar{polynomial(hats, &z), minus})
	if u.Z.IsZero() {
		return nil, errors.New("the commitment to the pseudonym is the identity")
	}
	return &proofPart{points: []encodedPoint{encodedPoint(pseudonym), encodeJacobian(u)[0]}, octets: contextOctets(contextID)}, nil
}
