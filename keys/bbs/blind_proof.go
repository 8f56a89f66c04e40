package bbs

import "fmt"

// BlindSigned is what a prover holds of a blind signature.
type BlindSigned struct {
	Signature []byte
	Header    []byte
	Messages  [][]byte // those that the signer knows
	Committed [][]byte // those that the prover committed to
	Blind     *Blind   // of the commitment that was signed
}

// Disclose says which messages a proof shows: indexes into Messages and into Committed, each ascending from 0. Nil shows none.
type Disclose struct {
	Messages, Committed []int
}

// BlindStatement is what a proof of a blind signature proves. All of it is what the verifier expects: nothing is learnt from the proof.
type BlindStatement struct {
	Header             []byte
	PresentationHeader []byte
	MessageCount       int      // how many messages the signer knows (L of the draft)
	CommittedCount     int      // how many messages are committed to (M)
	Disclosed          []int    // indexes of the signer's messages that are shown, ascending
	Messages           [][]byte // those messages
	DisclosedCommitted []int    // the same for the committed messages
	Committed          [][]byte
}

// BlindProofGen proves possession of a blind signature under public and shows the messages that show names. presentationHeader is
// bound to the proof: name the verifier and its nonce there. Every proof is new, and two proofs of one signature have nothing in common.
// The signature is not verified: of a wrong one comes a proof that does not verify. Errors are final; ErrInvalid if the signature is
// not well formed or a limit is exceeded.
func (s Ciphersuite) BlindProofGen(public *PublicKey, held *BlindSigned, presentationHeader []byte, show *Disclose) ([]byte, error) {
	return s.blindProofGen(public, held, presentationHeader, show, nil)
}

func (s Ciphersuite) blindProofGen(public *PublicKey, held *BlindSigned, presentationHeader []byte, show *Disclose, random scalarSource) ([]byte, error) {
	const what = "blind proof"
	a, err := s.blind()
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	if held == nil {
		return nil, fmt.Errorf("bbs: %s: no signature", what)
	}
	h := holding{
		signature: held.Signature, header: held.Header, messages: held.Messages, committed: held.Committed, blind: held.Blind,
	}
	out, err := h.prove(a, public, presentationHeader, show, nil, random)
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	return out, nil
}

// A proofPart is what an extension adds to a proof and its check: points that follow T2 in the challenge, and octets at its end.
type proofPart struct {
	points []encodedPoint
	octets []byte
}

// prove makes a proof of the signature. extra, if there is one, is given the nyms and the random scalars that hide them in the proof.
func (h *holding) prove(a api, public *PublicKey, presentationHeader []byte, show *Disclose, extra func(nyms, tildes []scalar) (*proofPart, error), random scalarSource) ([]byte, error) {
	if show == nil {
		show = &Disclose{}
	}
	disclosed, err := joinIndexes(show.Messages, len(h.messages), show.Committed, len(h.committed))
	if err != nil {
		return nil, err
	}
	p, err := h.prepare(a, public, h.header, presentationHeader)
	if err != nil {
		return nil, err
	}
	defer p.wipe()
	hidden := hiddenIndexes(disclosed, len(p.scalars))
	drawn := random.draw(proofScalars + len(hidden))
	state, err := a.proofInit(&p.sig, p.gens, &p.domain, p.scalars, hidden, drawn)
	if err != nil {
		return nil, err
	}
	defer state.wipe()
	part := new(proofPart)
	if extra != nil {
		n := len(h.nyms)
		if part, err = extra(p.scalars[len(p.scalars)-n:], drawn[len(drawn)-n:]); err != nil {
			return nil, err
		}
	}
	c := a.challenge(disclosed, pick(p.scalars, disclosed), &state.commitments, part.points, &p.domain, presentationHeader, part.octets...)
	return state.finalize(&c, &p.sig.e, pick(p.scalars, hidden)), nil
}

// joinIndexes returns the indexes among all signed scalars: first the signer's messages, then the blind, which is never shown, then
// the committed messages; nyms follow, and no index reaches them.
func joinIndexes(messages []int, messageCount int, committed []int, committedCount int) ([]int, error) {
	if err := checkIndexes(messages, messageCount); err != nil {
		return nil, err
	}
	if err := checkIndexes(committed, committedCount); err != nil {
		return nil, fmt.Errorf("committed: %w", err)
	}
	out := append(make([]int, 0, len(messages)+len(committed)), messages...)
	for _, i := range committed {
		out = append(out, messageCount+1+i)
	}
	return out, nil
}

// BlindProofVerify checks a proof of [Ciphersuite.BlindProofGen] under public. Errors are ErrInvalid.
func (s Ciphersuite) BlindProofVerify(public *PublicKey, proof []byte, says *BlindStatement) error {
	const what = "blind proof"
	a, err := s.blind()
	if err != nil {
		return fail(what, err)
	}
	if says == nil {
		return fail(what, invalid("no statement"))
	}
	if err := says.verify(a, public, proof, says.Header, 0, nil); err != nil {
		return fail(what, err)
	}
	return nil
}

// verify checks a proof over header, of a signature that covers nyms scalars beside what the statement names. extra, if there is one, is
// given the answers for the nyms and the challenge.
func (says *BlindStatement) verify(a api, public *PublicKey, b, header []byte, nyms int, extra func(hats []scalar, c *scalar) (*proofPart, error)) error {
	if public.isZero() {
		return errNoKey
	}
	if says.MessageCount < 0 || says.CommittedCount < 0 || says.MessageCount > MaxMessages || says.CommittedCount > MaxMessages {
		return invalid("%d and %d messages, want 0 to %d", says.MessageCount, says.CommittedCount, MaxMessages)
	}
	count := says.CommittedCount + nyms
	total := says.MessageCount + 1 + count
	if err := checkTotal(total); err != nil {
		return err
	}
	if len(says.Disclosed) != len(says.Messages) || len(says.DisclosedCommitted) != len(says.Committed) {
		return invalid("%d and %d indexes of %d and %d messages", len(says.Disclosed), len(says.DisclosedCommitted), len(says.Messages), len(says.Committed))
	}
	disclosed, err := joinIndexes(says.Disclosed, says.MessageCount, says.DisclosedCommitted, says.CommittedCount)
	if err != nil {
		return err
	}
	if want := ProofSize(total - len(disclosed)); len(b) != want {
		return invalid("a proof of %d bytes, want %d", len(b), want)
	}
	if err := checkSizes(says.Messages, header, says.PresentationHeader); err != nil {
		return err
	}
	if err := checkSizes(says.Committed); err != nil {
		return err
	}
	p, err := parseProof(b)
	if err != nil {
		return err
	}
	part := new(proofPart)
	if extra != nil {
		if part, err = extra(p.mHat[len(p.mHat)-nyms:], &p.c); err != nil {
			return err
		}
	}
	gens := a.committedGenerators(says.MessageCount, count)
	domain := a.domain(public, gens, header)
	ms := append(a.messageScalars(says.Messages), a.messageScalars(says.Committed)...)
	a.proofVerifyInit(p, gens, &domain, disclosed, ms)
	c := a.challenge(disclosed, ms, &p.encoded, part.points, &domain, says.PresentationHeader, part.octets...)
	return p.check(public, &c)
}
