package dataintegrity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// ECDSASD2023 is the cryptosuite ecdsa-sd-2023 (Data Integrity ECDSA Cryptosuites 1.0, section 3.6): the issuer signs every
// statement of a document on its own with a P-256 key made for that one proof, and its own P-256 key signs the statements
// that are mandatory and the first key. The holder chooses from the others.
//
// Signatures of one credential are the same in every presentation, and so are the labels of blank nodes: verifiers that compare
// what they got can link presentations.
//
// Checking needs no parameters: the zero value does.
type ECDSASD2023 struct {
	// Mandatory are JSON Pointers (RFC 6901) into the document: the holder cannot leave these values out, nor id and type of
	// the objects around them. [Issue] adds those of [AlwaysMandatory]. With [AddProof], none leaves every statement to the
	// holder's choice.
	Mandatory []string
}

var (
	_ CredentialSuite = ECDSASD2023{}
	_ MandatorySuite  = ECDSASD2023{}
)

const nameECDSASD2023 = "ecdsa-sd-2023"

// Name returns "ecdsa-sd-2023".
func (ECDSASD2023) Name() string { return nameECDSASD2023 }

// Algorithm returns P-256: the suite has no other.
func (ECDSASD2023) Algorithm(string) (keys.Algorithm, error) { return keys.P256, nil }

// ForCredential implements [CredentialSuite].
func (s ECDSASD2023) ForCredential(credential strictjson.Value) Cryptosuite {
	s.Mandatory = AlwaysMandatory(credential, s.Mandatory)
	return s
}

// WithMandatory implements [MandatorySuite].
func (s ECDSASD2023) WithMandatory(pointers []string) Cryptosuite {
	s.Mandatory = slices.Concat(s.Mandatory, pointers)
	return s
}

// hmacKeySize is the length of the key that makes labels, that of SHA-256.
const hmacKeySize = 32

// CreateProof makes a base proof. It is for the holder alone: it discloses every statement. Errors: a signer without a P-256
// key, a pointer to nothing ([sd.ErrPointer]), a part that is no statement of its own ([sd.ErrStatement]), those of packages
// jsonld and rdf, and those of signer.
func (s ECDSASD2023) CreateProof(ctx context.Context, in *Input, signer keys.Signer) (string, error) {
	hmacKey := make([]byte, hmacKeySize)
	rand.Read(hmacKey)
	defer clear(hmacKey)
	proofKey, err := keys.Generate(keys.P256)
	if err != nil {
		return "", err
	}
	defer proofKey.Wipe()
	return s.create(ctx, in, signer, hmacKey, proofKey)
}

// create makes the base proof with given secrets.
func (s ECDSASD2023) create(ctx context.Context, in *Input, signer keys.Signer, hmacKey []byte, proofKey keys.Signer) (string, error) {
	if signer.Public().Algorithm() != keys.P256 {
		return "", fmt.Errorf("dataintegrity: %s: the key is not P-256", nameECDSASD2023)
	}
	if err := in.RefuseChain(); err != nil {
		return "", err
	}
	d, err := sd.Canonicalize(in.Contexts, in.Document, sd.HMACLabels(hmacKey))
	if err != nil {
		return "", err
	}
	mandatory, err := d.Select(s.Mandatory)
	if err != nil {
		return "", err
	}
	base := ecdsaSDBase{
		publicKey: proofKey.Public().Multicodec(), hmacKey: hmacKey, mandatoryPointers: s.Mandatory,
	}
	for _, i := range sd.Without(mandatory.Indexes, len(d.Lines)) {
		sig, err := proofKey.Sign(ctx, d.Lines[i])
		if err != nil {
			return "", err
		}
		base.signatures = append(base.signatures, sig)
	}
	toSign, err := signedByBase(in, base.publicKey, d.Hash(mandatory.Indexes))
	if err != nil {
		return "", err
	}
	if base.baseSignature, err = signer.Sign(ctx, toSign); err != nil {
		return "", err
	}
	return base.encode(), nil
}

// signedByBase returns what the issuer's key signs (serializeSignData).
func signedByBase(in *Input, publicKey []byte, mandatory [sha256.Size]byte) ([]byte, error) {
	options, err := in.HashOptions()
	if err != nil {
		return nil, err
	}
	return slices.Concat(options[:], publicKey, mandatory[:]), nil
}
