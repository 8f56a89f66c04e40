package dataintegrity

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/keys"
)

const typeEd25519Signature2020 = "Ed25519Signature2020"

// ed25519Signature2020 checks proofs of the type from before there were cryptosuites (EdDSA Cryptosuites 1.0, appendix A.2.1). What is
// hashed is what eddsa-rdfc-2022 hashes: the proof configuration has the type in it, so that neither is ever valid as the other.
type ed25519Signature2020 struct{ EdDSARDFC2022 }

func (ed25519Signature2020) Name() string { return typeEd25519Signature2020 }

func (ed25519Signature2020) CreateProof(context.Context, *Input, keys.Signer) (string, error) {
	return "", fmt.Errorf("%s is read and not made: %w", typeEd25519Signature2020, keys.ErrUnsupported)
}
