package bbs

import (
	"context"
	"fmt"
)

// NymDraft is the text that pseudonyms follow, and the date of the fixtures that come out byte for byte. Where the text contradicts
// itself the fixtures count: the signed header ends with the number of nyms, in 8 bytes; z is hashed with the tag api_id ||
// "VECT_NYM_SECRETS"; the challenge takes the context at its end, with its length, in place of the point that it hashes to.
const NymDraft = "draft-irtf-cfrg-bbs-per-verifier-linkability, editor's copy for -03 (fixtures of 2026-06-29)"

// nym returns the interface of the draft on pseudonyms.
func (s Ciphersuite) nym() (api, error) { return s.api("H2G_HM2S_PSEUDONYM_") }

// NewNymEntropy draws the scalar that a signer adds to a prover's secrets (signer_nym_entropy of the draft): 32 bytes, big endian. The
// signer stores it with the commitment: signing again for the same prover with the same entropy keeps the prover's pseudonyms.
func NewNymEntropy() []byte {
	for {
		if s, err := randomSecretScalars(1); err == nil {
			return s.bytes
		}
	}
}

func parseEntropy(b []byte) (scalar, error) {
	e, err := parseNonzeroScalar(b)
	if err != nil {
		return e, invalid("entropy: %w", err)
	}
	return e, nil
}

// NymCommit is [Ciphersuite.Commit] for messages followed by the prover's nym secrets. Neither stands in the commitment for anybody to
// find, and the same nyms committed to again look like any others.
func (s Ciphersuite) NymCommit(messages [][]byte, nyms *NymSecrets) (commitment []byte, blind *Blind, err error) {
	return s.nymCommit(messages, nyms, nil)
}

func (s Ciphersuite) nymCommit(messages [][]byte, nyms *NymSecrets, random scalarSource) ([]byte, *Blind, error) {
	const what = "nym commit"
	a, err := s.nym()
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	if err := checkSizes(messages); err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	secrets, err := nyms.get().scalars()
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: nyms: %w", what, err)
	}
	defer wipe(secrets)
	if err := checkTotal(len(messages) + len(secrets) + 1); err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	hidden := a.messageScalars(messages)
	defer wipe(hidden)
	all := append(append(make([]scalar, 0, len(hidden)+len(secrets)), hidden...), secrets...)
	commitment, blind, err := a.commit(all, random)
	if err != nil {
		return nil, nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	return commitment, blind, nil
}

// NymSignMessages signs messages and what the prover committed to, of which the last n scalars are nym secrets, and adds entropy
// ([NewNymEntropy]) to the last of them, after it has checked the proof in commitment.
//
// n must be the signer's rule, the same for everybody, and not the prover's wish: the signature binds it, verifiers demand it, and a
// prover with another number would stand out. What the commitment has beside the nyms are messages of the prover's choice; a signer that wants
// none refuses a [CommitmentCount] other than n. Errors: that of ctx when it has ended; otherwise final, ErrInvalid for a wrong
// commitment or entropy or an exceeded limit.
func (k *PrivateKey) NymSignMessages(ctx context.Context, s Ciphersuite, commitment []byte, n int, entropy, header []byte, messages [][]byte) ([]byte, error) {
	const what = "nym sign"
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	sig, err := k.nymSign(s, commitment, n, entropy, header, messages)
	if err != nil {
		return nil, fmt.Errorf("bbs: %s: %w", what, err)
	}
	return sig, nil
}

func (k *PrivateKey) nymSign(s Ciphersuite, commitment []byte, n int, entropy, header []byte, messages [][]byte) ([]byte, error) {
	a, err := s.nym()
	if err != nil {
		return nil, err
	}
	count, err := commitmentCount(commitment)
	if err != nil {
		return nil, err
	}
	if err := checkNymCount(n); err != nil {
		return nil, err
	}
	if count < n {
		return nil, invalid("a commitment to %d scalars has no %d nyms", count, n)
	}
	e, err := parseEntropy(entropy)
	if err != nil {
		return nil, err
	}
	return k.signCommitment(a, commitment, nymHeader(header, n), messages, &e)
}

func checkNymCount(n int) error {
	if n < 1 || n > MaxNyms {
		return invalid("%d nyms, want 1 to %d", n, MaxNyms)
	}
	return nil
}

// nymHeader returns what is signed as header: the number of nyms follows it, so that no part of a vector is used for a pseudonym. A
// header may therefore have 8 bytes less than MaxHeaderSize.
func nymHeader(header []byte, n int) []byte {
	return appendUint64(append(make([]byte, 0, len(header)+8), header...), n)
}

// NymFinalize checks a signature of [PrivateKey.NymSignMessages] as its prover does, who alone knows committed, nyms and blind, and
// returns the secrets that pseudonyms come from: nyms with entropy added to the last. It takes constant time in what is secret. nyms
// and blind stay as they are: a renewal commits to the same nyms again. Errors are ErrInvalid.
func (s Ciphersuite) NymFinalize(public *PublicKey, signature, header []byte, messages, committed [][]byte, nyms *NymSecrets, entropy []byte, blind *Blind) (*NymSecrets, error) {
	const what = "nym finalize"
	a, err := s.nym()
	if err != nil {
		return nil, fail(what, err)
	}
	e, err := parseEntropy(entropy)
	if err != nil {
		return nil, fail(what, err)
	}
	secrets, err := nyms.get().scalars()
	if err != nil {
		return nil, fail(what, fmt.Errorf("nyms: %w", err))
	}
	defer wipe(secrets)
	last := &secrets[len(secrets)-1]
	last.Add(last, &e)
	h := holding{
		signature: signature, header: nymHeader(header, len(secrets)), messages: messages, committed: committed, blind: blind, nyms: secrets,
	}
	if err := h.verify(a, public); err != nil {
		return nil, fail(what, err)
	}
	b := make([]byte, 0, len(secrets)*scalarSize)
	defer clear(b[:cap(b)])
	for i := range secrets {
		b = appendScalar(b, &secrets[i])
	}
	final, err := newSecretScalars(b)
	if err != nil {
		return nil, fail(what, err)
	}
	return newNymSecrets(final), nil
}
