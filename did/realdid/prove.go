package realdid

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// BundleOptions of Method.Bundle. The zero value carries the operations.
type BundleOptions struct {
	// WithoutOperations carries the state in place of the operations. Such a bundle is smaller once a history is long. It
	// counts only for a verifier who trusts auditors, and it shows the newest version alone.
	WithoutOperations bool
}

// Bundle makes a bundle about id. On a ledger that can prove what it says (ledger.Prover) it carries a proof, for which it
// waits until an epoch covers the newest operation; with Options.Trust, the proof carries exactly the signatures that the
// quorum needs. On another ledger it carries the operations alone. For a long form that the ledger does not have it proves
// just that. Errors are *did.Error: those of Resolve, and FEATURE_NOT_SUPPORTED where the ledger cannot prove what was asked
// for or the operations exceed MaxBundle.
func (m *Method) Bundle(ctx context.Context, d did.DID, opt *BundleOptions) (*Bundle, error) {
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	if id.Genesis != nil {
		if _, err := id.replayGenesis(nil); err != nil {
			return nil, &did.Error{Code: did.InvalidDID, Err: err}
		}
	}
	without := opt != nil && opt.WithoutOperations
	b, err := m.bundle(ctx, id, without)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, &did.Error{Code: did.NotFound, Err: ErrNotFound}
	case errors.Is(err, errCannotProve) || errors.Is(err, ErrBundle):
		return nil, &did.Error{Code: did.FeatureNotSupported, Err: err}
	case err != nil:
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	return b, nil
}

// Prove implements did.Prover: it returns a bundle from which a Verifier comes to the answer of Resolve. It carries the
// operations, unless they exceed MaxBundle and the newest version is asked for.
func (m *Method) Prove(ctx context.Context, d did.DID, opt *did.ResolveOptions) ([]byte, error) {
	return prove(ctx, m, d, opt)
}

// A bundler is a Method or Homes.
type bundler interface {
	did.Resolver
	Bundle(ctx context.Context, d did.DID, opt *BundleOptions) (*Bundle, error)
}

func prove(ctx context.Context, m bundler, d did.DID, opt *did.ResolveOptions) ([]byte, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	b, err := m.Bundle(ctx, d, nil)
	if errors.Is(err, ErrBundle) && opt.Newest() {
		b, err = m.Bundle(ctx, d, &BundleOptions{WithoutOperations: true})
	}
	if err != nil {
		return nil, err
	}
	if !opt.Newest() { // does the version exist
		if _, err := m.Resolve(ctx, d, opt); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

var errCannotProve = errors.New("realdid: the ledger cannot prove what it says")

// bundle makes the bundle; it reads the history again if operations come in while it waits for the proof.
func (m *Method) bundle(ctx context.Context, id Identifier, without bool) (*Bundle, error) {
	err := error(nil)
	for range looks {
		var r *replayed
		if r, err = m.history(ctx, id, nil); err != nil && (!errors.Is(err, ErrNotFound) || id.Genesis == nil) {
			return nil, err
		}
		home := m.net.Home
		if r == nil {
			home = genesisHome(id)
		}
		b := &Bundle{key: id.Key(), home: home}
		var record, state []byte
		if r != nil {
			if state, err = r.state.Portable(); err != nil {
				return nil, err
			}
			if record, err = r.state.headOf(state).Bytes(); err != nil {
				return nil, err
			}
		}
		var proven []byte
		if proven, err = m.attach(ctx, b, Network{id.Domain, home}, r.covering()); err != nil {
			return nil, err
		}
		if b.proves() && !bytes.Equal(proven, record) {
			err = fmt.Errorf("%w: its proof is not of its history", ErrContradiction)
			continue
		}
		switch {
		case without && !b.proves():
			return nil, errCannotProve
		case without:
			b.state = state
		case r != nil:
			b.operations = r.operations()
			if !b.proves() {
				b.head = record
			}
		}
		b, err = newBundle(b)
		return b, err
	}
	return nil, err
}

// proves tells whether b has a proof.
func (b *Bundle) proves() bool { return b.latest != nil || b.chain != nil }

// attach gives b the ledger's proof, unless the ledger is none that proves, or not the one of net. It returns the head record that
// is proven, nil if none is.
func (m *Method) attach(ctx context.Context, b *Bundle, net Network, entries uint64) (head []byte, err error) {
	p, ok := m.ledger.(ledger.Prover)
	if !ok || net != m.net {
		return nil, nil
	}
	raw, err := p.Prove(ctx, b.key, entries)
	if err != nil {
		return nil, fmt.Errorf("realdid: prove: %w", err)
	}
	if m.heads != nil {
		vh, err := verifyHead(m.heads, b.key, raw, m.clock())
		if err != nil {
			return nil, fmt.Errorf("realdid: prove: %w", err)
		}
		b.chain = raw
		return vh.Head, nil
	}
	if b.latest, err = proof.ParseLatest(raw); err != nil {
		return nil, fmt.Errorf("realdid: prove: %w", err)
	}
	if m.trust != nil {
		if b.latest.Checkpoint, err = m.recent.Select(m.trust, b.latest.Checkpoint, m.clock()); err != nil {
			return nil, fmt.Errorf("realdid: prove: %w", err)
		}
	}
	return b.latest.Head, nil
}
