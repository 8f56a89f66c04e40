package bbs2023

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// CreateProof makes a base proof. It is for the holder alone: it discloses every statement, and whoever has it can derive from it, but for one
// with HolderBinding or a Commitment. signer must be a
// [Signer], with HolderBinding a [BlindSigner], with a Commitment a [NymSigner]. Errors: another signer or key, a commitment whose
// proof does not hold, a pointer to nothing (sd.ErrPointer), a part that is no statement of its own (sd.ErrStatement), those of packages jsonld
// and rdf, and those of signer.
func (s Suite) CreateProof(ctx context.Context, in *dataintegrity.Input, signer keys.Signer) (string, error) {
	b := &base{hmacKey: make([]byte, hmacKeySize)}
	rand.Read(b.hmacKey)
	defer clear(b.hmacKey)
	return s.create(ctx, in, signer, b)
}

// create makes the base proof with a given HMAC key.
func (s Suite) create(ctx context.Context, in *dataintegrity.Input, signer keys.Signer, b *base) (string, error) {
	public := signer.Public()
	if public.Algorithm() != keys.BLS12381G2 {
		return "", errors.New("bbs2023: the key is not one of BLS12-381 G2")
	}
	b.publicKey = public.Bytes()
	b.mandatoryPointers = s.Mandatory
	b.option = s.issuing()
	messages, err := s.transform(in, b)
	if err != nil {
		return "", err
	}
	if b.signature, err = s.sign(ctx, signer, b, messages); err != nil {
		return "", err
	}
	if len(b.signature) != signatureSize {
		return "", fmt.Errorf("bbs2023: the signer returned %d bytes, want %d", len(b.signature), signatureSize)
	}
	return b.encode()
}

// transform sets the header, and the labels where no HMAC key makes them, and returns the messages (baseProofTransformation and hashing).
func (s Suite) transform(in *dataintegrity.Input, b *base) ([][]byte, error) {
	if err := in.RefuseChain(); err != nil {
		return nil, err
	}
	labels := sd.ShuffledLabels(b.hmacKey)
	if b.option == pseudonym {
		labels = sd.OrderedLabels(&b.labels)
	}
	d, err := sd.Canonicalize(in.Contexts, in.Document, labels)
	if err != nil {
		return nil, err
	}
	mandatory, err := d.Select(b.mandatoryPointers)
	if err != nil {
		return nil, err
	}
	if b.header, err = bbsHeader(in, d.Hash(mandatory.Indexes)); err != nil {
		return nil, err
	}
	return pick(d, sd.Without(mandatory.Indexes, len(d.Lines))), nil
}

func (s Suite) sign(ctx context.Context, signer keys.Signer, b *base, messages [][]byte) ([]byte, error) {
	switch b.option {
	case holderBinding:
		own, ok := signer.(BlindSigner)
		if !ok {
			return nil, errors.New("bbs2023: the signer does not sign blindly")
		}
		if err := checkCommitment(s.HolderBinding.Commitment, 1); err != nil {
			return nil, err
		}
		return own.BlindSignMessages(ctx, ciphersuite, s.HolderBinding.Commitment, b.header, messages)
	case pseudonym:
		own, ok := signer.(NymSigner)
		if !ok {
			return nil, errors.New("bbs2023: the signer does not sign for pseudonyms")
		}
		if err := checkCommitment(s.Commitment.WithProof, s.Commitment.N); err != nil {
			return nil, err
		}
		b.n = s.Commitment.N
		if b.entropy = slices.Clone(s.Commitment.Entropy); b.entropy == nil {
			b.entropy = bbs.NewNymEntropy()
		}
		return own.NymSignMessages(ctx, ciphersuite, s.Commitment.WithProof, b.n, b.entropy, b.header, messages)
	}
	own, ok := signer.(Signer)
	if !ok {
		return nil, errors.New("bbs2023: the signer does not sign lists of messages")
	}
	return own.SignMessages(ctx, ciphersuite, b.header, messages)
}

// checkCommitment refuses a commitment to another number of scalars: what a holder commits to beside them would be signed, too.
func checkCommitment(withProof []byte, want int) error {
	n, err := bbs.CommitmentCount(withProof)
	switch {
	case err != nil:
		return err
	case n != want:
		return fmt.Errorf("bbs2023: the commitment is to %d scalars, want %d", n, want)
	}
	return nil
}
