package realdid

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// Key returns the ledger key at which the descriptor's chain is kept. No identifier has such a key, and nobody can put another
// chain there, because the first descriptor hashes to it.
func (d *Descriptor) Key() string { return d.ChainID() + descriptorKeySuffix }

// Successor returns a body that follows d and says the same, for the caller to change and sign.
func (d *Descriptor) Successor() *DescriptorBody {
	b := d.DescriptorBody
	b.Sequence, b.ID, b.Previous = d.Sequence+1, d.ChainID(), versionID(d.digest)
	b.Roots.Keys = slices.Clone(b.Roots.Keys)
	b.Cosigners = slices.Clone(b.Cosigners)
	b.Ledgers = slices.Clone(b.Ledgers)
	for i := range b.Ledgers {
		b.Ledgers[i].URLs = slices.Clone(b.Ledgers[i].URLs)
		if f := b.Ledgers[i].Final; f != nil {
			again := *f
			b.Ledgers[i].Final = &again
		}
	}
	return &b
}

// follows returns nil if d may follow prev: it names it, belongs to its domain and chain, prev's root keys signed it up to their
// threshold, and nobody else did but its own; and what prev says about ledgers for good, it says again.
func (d *Descriptor) follows(prev *Descriptor) error {
	if d.Sequence != prev.Sequence+1 || d.Previous != versionID(prev.digest) || d.ID != prev.ChainID() || d.Domain != prev.Domain {
		return refuseDescriptor("it does not follow number %d of its chain", prev.Sequence)
	}
	for _, s := range d.signatures {
		if !slices.Contains(prev.Roots.Keys, s.Key) && !slices.Contains(d.Roots.Keys, s.Key) {
			return refuseDescriptor("signed by a key that is no root key")
		}
	}
	if err := d.keepsLedgers(prev); err != nil {
		return err
	}
	return d.SignedBy(prev.rootSet())
}

// keepsLedgers returns nil if d has every ledger of prev, on the same log, and every end and successor that prev names. With another log
// under an old name, or another successor, a state that has been imported once could be imported again, and live a second time.
// Nor may anything that has ended succeed a ledger from now on: it can import nothing.
func (d *Descriptor) keepsLedgers(prev *Descriptor) error {
	ended := func(home string) bool { return d.Final(home) != nil }
	var before []LedgerEntry
	if prev != nil {
		before = prev.Ledgers
	}
	for i := range before {
		was, is := &before[i], d.ledger(before[i].Home)
		switch {
		case is == nil:
			return refuseDescriptor("ledger %q: left out; what has a name keeps it", was.Home)
		case is.Origin != was.Origin || is.Log.String() != was.Log.String():
			return refuseDescriptor("ledger %q: another origin or log key than before", was.Home)
		case was.Final != nil && (is.Final == nil || *is.Final != *was.Final):
			return refuseDescriptor("ledger %q: another end than before, or none", was.Home)
		case was.Successor != "" && is.Successor != was.Successor:
			return refuseDescriptor("ledger %q: another successor than before, or none", was.Home)
		}
	}
	for i := range d.Ledgers {
		l := &d.Ledgers[i]
		named := slices.ContainsFunc(before, func(was LedgerEntry) bool { return was.Home == l.Home && was.Successor != "" })
		if l.Successor != "" && !named && ended(l.Successor) {
			return refuseDescriptor("ledger %q: the successor has ended", l.Home)
		}
	}
	return nil
}

// first returns nil if d begins a chain: nobody signed it but its own root keys, and no successor has ended.
func (d *Descriptor) first() error {
	if d.Sequence != 0 {
		return refuseDescriptor("number %d of a chain that is not there", d.Sequence)
	}
	for _, s := range d.signatures {
		if !slices.Contains(d.Roots.Keys, s.Key) {
			return refuseDescriptor("signed by a key that is no root key")
		}
	}
	return d.keepsLedgers(nil)
}

// Next checks one step of a rotation: file follows d, and logged proves (proof.Latest) that it stands on the first ledger of d,
// vouched for by the cosigners of d. So root keys cannot name new cosigners in secret, even if they are stolen. Errors are ErrDescriptor.
func (d *Descriptor) Next(file, logged []byte, now time.Time) (*Descriptor, error) {
	next, _, err := d.next(file, logged, now)
	return next, err
}

// next is Next, with the anchor time of the descriptor that it returns.
func (d *Descriptor) next(file, logged []byte, now time.Time) (*Descriptor, time.Time, error) {
	next, err := ParseDescriptor(file)
	if err != nil {
		return nil, time.Time{}, err
	}
	if err := next.follows(d); err != nil {
		return nil, time.Time{}, err
	}
	h, _, err := d.logged(next, logged, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	return next, h.Time, nil
}

// Current returns the time as of which latest (proof.Latest) proves that d is the newest of its chain, on d's first ledger and under
// d's own cosigners.
// Whether that is fresh enough, Limits.MaxAge says. Errors are ErrDescriptor.
func (d *Descriptor) Current(latest []byte, now time.Time) (asOf time.Time, err error) {
	_, asOf, err = d.logged(d, latest, now)
	return asOf, err
}

// logged checks a proof under d's trust that next is the newest of the chain, and returns its head record and as of when it is that. Only the first ledger of d counts: on any other one
// the chain may end earlier, which its cosigners prove in good faith, and whoever stole root keys that were replaced since could go on from there.
func (d *Descriptor) logged(next *Descriptor, latest []byte, now time.Time) (*Head, time.Time, error) {
	l, err := proof.ParseLatest(latest)
	if err != nil {
		return nil, time.Time{}, refuseDescriptor("%w", err)
	}
	vh, err := l.Verify(d.trust(&d.Ledgers[0]), d.Key(), now)
	if err != nil {
		return nil, time.Time{}, refuseDescriptor("%w", err)
	}
	h, err := ParseHead(vh.Head)
	if err != nil || !vh.Latest {
		return nil, time.Time{}, refuseDescriptor("the ledger has no descriptor of this chain (%v)", err)
	}
	if h.Seq != next.Sequence || h.Operation != next.digest {
		return nil, time.Time{}, refuseDescriptor("the newest on the ledger is number %d, and another", h.Seq)
	}
	return h, vh.AsOf, nil
}

// descriptorState is the state of a chain on a ledger.
type descriptorState struct {
	Version uint64 `cbor:"0,keyasint"`
	History []byte `cbor:"1,keyasint"`
	Time    int64  `cbor:"2,keyasint"`
	File    []byte `cbor:"3,keyasint"`
}

func isDescriptorKey(key string) bool { return strings.HasSuffix(key, descriptorKeySuffix) }

// applyDescriptor is Apply for chains of descriptors.
func (n Network) applyDescriptor(s *descriptorState, key string, file []byte, at ledger.Anchor) (*descriptorState, error) {
	d, err := ParseDescriptor(file)
	if err != nil {
		return nil, err
	}
	domain := n.Domain
	if domain == "" {
		domain = defaultLabel
	}
	if d.Key() != key || d.Domain != domain {
		return nil, refuseDescriptor("of another chain or trust domain")
	}
	var root Digest
	if s == nil {
		err = d.first()
	} else {
		root = Digest(s.History)
		var prev *Descriptor
		if prev, err = ParseDescriptor(s.File); err == nil {
			err = d.follows(prev)
		}
		if at.Time.Unix() < s.Time {
			err = refuseDescriptor("anchored before its predecessor")
		}
	}
	if err != nil {
		return nil, err
	}
	history := SHA256.foldHistory(root, d.digest, at)
	return &descriptorState{Version: descriptorVersion, History: history[:], Time: at.Time.Unix(), File: file}, nil
}

func parseDescriptorState(b []byte) (*descriptorState, error) {
	var s descriptorState
	if err := decode(b, &s); err != nil {
		return nil, refuseDescriptor("state: %w", err)
	}
	if s.Version != descriptorVersion || len(s.History) != len(Digest{}) {
		return nil, refuseDescriptor("state: members")
	}
	return &s, nil
}

func (n Network) reduceDescriptor(key string, state, file []byte, at ledger.Anchor) ([]byte, error) {
	var s *descriptorState
	var err error
	if state != nil {
		if s, err = parseDescriptorState(state); err != nil {
			return nil, err
		}
	}
	if s, err = n.applyDescriptor(s, key, file, at); err != nil {
		return nil, err
	}
	return encode(s)
}

// descriptorHead is the head record of a chain: as that of an identifier, with digests of descriptors in place of operation IDs.
func descriptorHead(key string, state []byte) (*Head, error) {
	s, err := parseDescriptorState(state)
	if err != nil {
		return nil, err
	}
	d, err := ParseDescriptor(s.File)
	if err != nil {
		return nil, err
	}
	if d.Key() != key {
		return nil, refuseDescriptor("state: of another chain")
	}
	return &Head{
		Seq: d.Sequence, Operation: d.digest, State: SHA256.hash(stateLabel, state), History: Digest(s.History),
		Status: StatusActive, Time: time.Unix(s.Time, 0).UTC(),
	}, nil
}

// Publish puts the descriptor on a ledger, after those before it in its chain. Publishing it again succeeds. Errors: ErrDescriptor, if
// the ledger holds another one at its place or a chain that it does not follow; else the ledger's.
func (d *Descriptor) Publish(ctx context.Context, lg ledger.Ledger) (ledger.Entry, error) {
	e, err := lg.Append(ctx, d.Key(), d.Sequence, d.raw)
	if conflict, ok := errors.AsType[*ledger.ConflictError](err); ok {
		if stands, perr := ParseDescriptor(conflict.Entry.Op); perr == nil && stands.digest == d.digest {
			return conflict.Entry, nil
		}
		return ledger.Entry{}, refuseDescriptor("publish: %w", err)
	}
	if err != nil {
		return ledger.Entry{}, fmt.Errorf("realdid: descriptor: publish: %w", err)
	}
	return e, nil
}

// Logged waits until the ledger proves that d is the newest of its chain, and returns that proof for Next and Current. Keep it
// beside the file: once another follows, no ledger can prove it again.
func (d *Descriptor) Logged(ctx context.Context, p ledger.Prover, published ledger.Entry) ([]byte, error) {
	b, err := p.Prove(ctx, d.Key(), published.Anchor.Index+1)
	if err != nil {
		return nil, fmt.Errorf("realdid: descriptor: prove: %w", err)
	}
	return b, nil
}
