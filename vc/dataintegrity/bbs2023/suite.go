package bbs2023

import (
	"context"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// Suite is the cryptosuite bbs-2023. It is used in dataintegrity.IssueOptions, DeriveOptions and Options; each step reads the fields that
// it says it reads, and the zero value issues, derives and verifies the baseline feature option. A Suite is not changed by being used and is safe
// for concurrent use.
type Suite struct {
	// Mandatory are JSON Pointers (RFC 6901) into the document, for issuing: the holder cannot leave these values out, nor id and type of the
	// objects around them. dataintegrity.Issue adds those of dataintegrity.AlwaysMandatory.
	Mandatory []string

	// PresentationHeader is what the holder binds a derived proof to, such as a hash of who asks, when and why. It stands in the proof.
	//
	// When verifying, a baseline proof must have just this header, and nil accepts any: the proof then says nothing of when and for whom
	// it was made. A proof with a pseudonym must always have just this header, of which nil is the empty one.
	PresentationHeader []byte

	// HolderBinding binds a base proof to a secret of the holder's, and makes Derive and VerifyBase use it. When verifying, it makes
	// VerifyProof accept proofs that are bound, and no others; without it, both.
	HolderBinding *HolderBinding

	// Commitment makes CreateProof sign for a holder with pseudonyms.
	Commitment *Commitment
	// Holder makes Derive add a pseudonym, and is needed to check a base proof that is for pseudonyms.
	Holder *Holder
	// Verifier makes VerifyProof accept proofs with a pseudonym, and no others.
	Verifier *Verifier
}

// HolderBinding is W3C's feature option anonymous_holder_binding: who has the base proof and not the holder's secret derives nothing from it.
// For verifying the zero value is enough.
type HolderBinding struct {
	// Commitment is commitment_with_proof as the holder sent it, for issuing: to the secret, as its one message (bbs.Commit). It is checked.
	Commitment []byte
	// Secret is the holder's, for deriving: at least 32 random bytes.
	Secret []byte
	// Blind is that of the commitment, for deriving.
	Blind *bbs.Blind
}

// Commitment is what an issuer needs to know to sign for a holder with pseudonyms.
type Commitment struct {
	// WithProof is commitment_with_proof as the holder sent it (bbs.NymCommit, without committed messages). It is checked.
	WithProof []byte
	// N is how many nym secrets are committed to. It is bound into the signature; the same for everybody, or it identifies.
	N int
	// Entropy is what the issuer adds to the nym secrets (signer_nym_entropy; bbs.NewNymEntropy). The same for the same secrets gives the
	// same pseudonyms again. nil draws it; [EntropyOf] then says which.
	Entropy []byte
}

// Holder is what a holder needs to know to derive with a pseudonym.
type Holder struct {
	// Nyms are the final nym secrets, which hold the issuer's entropy: see [Finalize].
	Nyms *bbs.NymSecrets
	// Blind is that of the commitment which the issuer signed.
	Blind *bbs.Blind
	// ContextID is for what the pseudonym is. One context, one pseudonym: compute it of who the verifier has proven to be, and never take it
	// from a request.
	ContextID []byte
}

// Verifier is what a verifier needs to know to accept a pseudonym.
type Verifier struct {
	// ContextID is for what the pseudonym is.
	ContextID []byte
	// N is how many nym secrets holders have.
	N int
}

// Signer is who issues: keys/bbs.PrivateKey, or what stands for one in a hardware module.
type Signer interface {
	keys.Signer
	// SignMessages returns a signature of 80 bytes (Sign of draft-irtf-cfrg-bbs-signatures).
	SignMessages(ctx context.Context, s bbs.Ciphersuite, header []byte, messages [][]byte) ([]byte, error)
}

// BlindSigner is who issues with holder binding.
type BlindSigner interface {
	keys.Signer
	// BlindSignMessages returns a signature of 80 bytes over messages and what is committed to.
	BlindSignMessages(ctx context.Context, s bbs.Ciphersuite, commitment, header []byte, messages [][]byte) ([]byte, error)
}

// NymSigner is who issues to holders with pseudonyms.
type NymSigner interface {
	keys.Signer
	// NymSignMessages returns a signature of 80 bytes over messages and what is committed to.
	NymSignMessages(ctx context.Context, s bbs.Ciphersuite, commitment []byte, n int, entropy, header []byte, messages [][]byte) ([]byte, error)
}

var (
	_ dataintegrity.CredentialSuite = Suite{}
	_ dataintegrity.MandatorySuite  = Suite{}
	_ dataintegrity.BaseVerifier    = Suite{}
	_ dataintegrity.Unlinkable      = Suite{}
	_ Signer                        = (*bbs.PrivateKey)(nil)
	_ BlindSigner                   = (*bbs.PrivateKey)(nil)
	_ NymSigner                     = (*bbs.PrivateKey)(nil)
)

// Name is the value of cryptosuite, of both feature options.
const Name = "bbs-2023"

// ciphersuite is the one that the W3C recommends, and that its vectors are of (section 3).
const ciphersuite = bbs.SHA256

// Name returns "bbs-2023".
func (Suite) Name() string { return Name }

// Algorithm returns keys.BLS12381G2: the suite has no other.
func (Suite) Algorithm(string) (keys.Algorithm, error) { return keys.BLS12381G2, nil }

// Unlinkable implements dataintegrity.Unlinkable.
func (Suite) Unlinkable() {}

// ForCredential implements dataintegrity.CredentialSuite.
func (s Suite) ForCredential(credential strictjson.Value) dataintegrity.Cryptosuite {
	s.Mandatory = dataintegrity.AlwaysMandatory(credential, s.Mandatory)
	return s
}

// WithMandatory implements dataintegrity.MandatorySuite.
func (s Suite) WithMandatory(pointers []string) dataintegrity.Cryptosuite {
	s.Mandatory = slices.Concat(s.Mandatory, pointers)
	return s
}
