package ariesvdr

import (
	"context"
	"fmt"

	"github.com/hyperledger/aries-framework-go/pkg/crypto"
	"github.com/hyperledger/aries-framework-go/pkg/kms"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// Signers answer for the keys that control identifiers, of which Aries knows nothing. [Keyring] is one in memory; an agent
// whose identifiers must outlive its process keeps the keys elsewhere and has Signers of its own. Their errors are could-not-checks
// unless they wrap a *did.Error that is final.
type Signers interface {
	// Begin starts a change. What it returns is for this change alone, and forgotten if the change comes to nothing.
	Begin(ctx context.Context, c *did.Change) (Signing, error)
}

// A Signing is the part of the Signers in one change. Its methods are called one at a time, in the order that they have here.
type Signing interface {
	// Options returns the registrar's options for the change: for a create who will control the identifier, for a rotation and
	// a deactivation which keys are revealed. Those of the caller, in Change.Options, are part of the result; nil if there are none.
	Options() []byte

	// Sign answers the requests of the change, or those of them that it has the keys for, by SigningRequest.ID. What has to
	// survive must be stored when it returns: the change may be registered from then on.
	Sign(ctx context.Context, p *did.Preparation) (map[string][]byte, error)

	// Registered says that the change stands. It is called until it succeeds, before anything else is done to the identifier.
	Registered(ctx context.Context, r *did.Registered) error
}

// kmsSigner signs with a key of Aries' key manager.
type kmsSigner struct {
	crypto crypto.Crypto
	handle any
	public keys.PublicKey
}

// NewKMSSigner returns a signer for an Ed25519 key that rests in the key manager of an agent: a control key that the agent
// holds as it holds its other keys. keyID is the manager's name of it. Other kinds are refused, because Aries' signatures with
// them have no one form.
func NewKMSSigner(k kms.KeyManager, c crypto.Crypto, keyID string) (keys.Signer, error) {
	if k == nil || c == nil {
		return nil, fmt.Errorf("ariesvdr: signer: no key manager")
	}
	raw, kind, err := k.ExportPubKeyBytes(keyID)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: signer: %w", err)
	}
	if kind != kms.ED25519Type {
		return nil, fmt.Errorf("ariesvdr: signer: a key of type %q, want %q", kind, kms.ED25519Type)
	}
	public, err := keys.NewPublicKey(keys.Ed25519, raw)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: signer: %w", err)
	}
	handle, err := k.Get(keyID)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: signer: %w", err)
	}
	return &kmsSigner{crypto: c, handle: handle, public: public}, nil
}

func (s *kmsSigner) Public() keys.PublicKey { return s.public }

func (s *kmsSigner) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ariesvdr: signer: %w", err)
	}
	sig, err := s.crypto.Sign(msg, s.handle)
	if err != nil {
		return nil, fmt.Errorf("ariesvdr: signer: %w", err)
	}
	return sig, nil
}
