package realdid

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// A MigrateRequest announces that an identifier moves.
type MigrateRequest struct {
	To           string           // home ledger of the same trust domain
	Reveal       []keys.PublicKey // of the keys committed to, enough to reach their threshold
	Next         Commitments      // to keys never shown before
	SingleSecret bool
}

// Migrate announces that the identifier moves to another ledger, signed by the revealed next keys. Until its notice is over
// (State.Migration) everything goes on here, and a recovery, or a cancel by the next keys, withdraws it; then Depart completes it.
func (m *Method) Migrate(ctx context.Context, id did.DID, req *MigrateRequest, signers ...keys.Signer) (*Result, error) {
	return m.draft(ctx, id, signers, func(s *State) (*Draft, error) {
		return s.DraftMigrate(req.To, req.Reveal, req.Next, req.SingleSecret)
	})
}

// Depart completes the migration to that ledger, signed by the control keys. Nothing follows here; the ledger's proof of it (Bundle) is
// what the other one imports.
func (m *Method) Depart(ctx context.Context, id did.DID, to string, signers ...keys.Signer) (*Result, error) {
	return m.draft(ctx, id, signers, func(s *State) (*Draft, error) { return s.DraftDepart(to) })
}

// Import brings an identifier to the ledger of m. b is a bundle of its former home, from after it departed or, if that ledger has
// ended, with the final checkpoint; it carries a proof and, because an import has no room for histories, better a state
// (BundleOptions.WithoutOperations). Nobody signs. Importing again succeeds, whoever did it first. Errors: ErrBundle, for a bundle without proof;
// those of Submit: ErrOperation, for one over MaxImport bytes, too.
func (m *Method) Import(ctx context.Context, b *Bundle) (*Result, error) {
	state := b.state
	if len(state) == 0 {
		r, err := replayBundled(rules{b.Network(), m.preds}, b.key, b.operations, nil)
		if err != nil {
			return nil, err
		}
		if r.state == nil {
			return nil, refuseBundle("it carries neither operations nor a state")
		}
		if state, err = r.state.Bytes(); err != nil {
			return nil, err
		}
	}
	proof := b.chain
	if b.latest != nil {
		var err error
		if proof, err = b.latest.Bytes(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrBundle, err)
		}
	}
	if len(proof) == 0 {
		return nil, refuseBundle("it carries no proof, and nobody takes over what nobody vouches for")
	}
	op, err := NewImport(m.net.Home, state, proof)
	if err != nil {
		return nil, err
	}
	return m.Submit(ctx, op)
}
