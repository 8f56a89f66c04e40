package realdid

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A TrustedLedger says who vouches for one ledger: a Trust, or Heads for a ledger whose proofs have a format of their own.
type TrustedLedger struct {
	Network Network
	Trust   *proof.Trust
	Heads   HeadVerifier
	Final   *Final // of a ledger that has ended: nothing newer counts
}

// predecessor is what l vouches for when identifiers move on.
func (l *TrustedLedger) predecessor() Predecessor {
	return Predecessor{Home: l.Network.Home, Trust: l.Trust, Heads: l.Heads, Final: l.Final}
}

// VerifierOptions of NewVerifier. The zero value has the system clock and remembers nothing.
type VerifierOptions struct {
	Clock  func() time.Time
	Memory *Memory
	// Lag is how far behind the newest checkpoint that Memory has seen the checkpoint of a bundle may be. 0: not at all, which is
	// for bundles that come straight from a resolver; holders keep theirs for a while.
	Lag time.Duration
	// Former are further policies for ledgers from which identifiers came, by trust domain: those of the past, which still explain old
	// imports. The verifier's ledgers are predecessors of one another without being named here.
	Former map[string]Predecessors
}

// A Verifier checks bundles. It asks nobody, is safe for concurrent use and implements did.Verifier.
type Verifier struct {
	ledgers map[Network]TrustedLedger
	preds   map[string]Predecessors // by domain
	clock   func() time.Time
	memory  *Memory
	lag     time.Duration
}

// NewVerifier returns a verifier that trusts these ledgers' cosigners. Without any, it checks operations and no proofs, so that no
// answer is Latest. Errors are ErrIdentifier, for a network whose names are none, and proof.ErrTrust, for a Trust that is
// unusable or given beside Heads, and a network that is given twice.
func NewVerifier(ledgers []TrustedLedger, opt *VerifierOptions) (*Verifier, error) {
	v := &Verifier{ledgers: map[Network]TrustedLedger{}, preds: map[string]Predecessors{}, clock: time.Now}
	for _, l := range ledgers {
		net, err := l.Network.canonical()
		if err != nil {
			return nil, err
		}
		if l.Heads == nil {
			err = l.Trust.Check()
		} else {
			err = checkHeads(l.Trust, l.Heads)
		}
		if err != nil {
			return nil, err
		}
		if _, twice := v.ledgers[net]; twice {
			return nil, fmt.Errorf("%w: one network twice", proof.ErrTrust)
		}
		v.ledgers[net] = l
		v.preds[net.Domain] = append(v.preds[net.Domain], l.predecessor())
	}
	if opt != nil {
		if opt.Clock != nil {
			v.clock = opt.Clock
		}
		v.memory, v.lag = opt.Memory, opt.Lag
		for domain, preds := range opt.Former {
			net, err := Network{Domain: domain}.canonical()
			if err == nil {
				err = preds.Check()
			}
			if err != nil {
				return nil, err
			}
			v.preds[net.Domain] = append(v.preds[net.Domain], preds...)
		}
	}
	return v, nil
}

// Verify implements did.Verifier: it returns what the bundle proves about id, which is the short form or a long form of the
// bundle's identifier. Every byte counts: the operations are replayed and every signature in the bundle verified.
//
// Evidence is Replayed if the bundle carries the operations; Latest and Included, or Absent for a long form, if its proof
// holds under a quorum of witnesses and one of auditors, as of AsOf. A bundle with a state in place of operations is refused
// under any other quorum, and does not list what was anchored. One with operations and no proof shows the state right after
// them, and AsOf is zero: whoever made it could write any time, so for a policy that asks for an age it is too old.
//
// Errors are *did.Error. Those of Resolve; INVALID_DID_DOCUMENT, which is ErrBundle, if the bundle does not prove an answer;
// FEATURE_NOT_SUPPORTED if a past version is asked for and the bundle has no operations; NOT_FOUND if it proves that there is
// none; INTERNAL_ERROR with *MovedError if the identifier has departed, and with ErrPredecessor if it came from a ledger that is not trusted;
// INTERNAL_ERROR, to be asked again with another trust or bundle, if the ledger is not among those trusted or the
// checkpoint is older than Memory allows, for *EquivocationError, and for what a HeadVerifier could not check.
func (v *Verifier) Verify(ctx context.Context, d did.DID, bundle []byte, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	b, err := ParseBundle(bundle)
	if err != nil {
		return nil, final(err)
	}
	return v.verify(d, id, b, opt)
}

// final is an error about the bundle.
func final(err error) error {
	if !errors.Is(err, ErrBundle) {
		err = fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return &did.Error{Code: did.InvalidDIDDocument, Err: err}
}

func (v *Verifier) verify(d did.DID, id Identifier, b *Bundle, opt *did.ResolveOptions) (*did.Resolution, error) {
	if b.key != id.Key() {
		return nil, final(refuseBundle("it is about another identifier"))
	}
	var genesis *replayed
	if id.Genesis != nil {
		var err error
		if genesis, err = id.replayGenesis(wanted(opt)); err != nil {
			return nil, &did.Error{Code: did.InvalidDID, Err: err}
		}
		if genesis.state.net.Home != b.home && len(b.operations)+len(b.state) == 0 { // else it must have moved there
			return nil, final(refuseBundle("it is about another home ledger than the identifier names"))
		}
	}
	net := Network{id.Domain, b.home}
	vh, err := v.proven(net, b)
	if err != nil {
		return nil, err
	}
	switch {
	case len(b.operations) > 0:
		return v.replayed(d, id, rules{net, v.preds[net.Domain]}, b, vh, opt)
	case len(b.state) > 0:
		return v.stated(d, id, net, b, vh, opt)
	case genesis == nil:
		return nil, v.absent(net, vh)
	}
	ev := did.Evidence{Replayed: true, GenesisOnly: true, AsOf: v.clock().UTC().Truncate(time.Second)}
	if vh != nil {
		(*replayed)(nil).prove(&ev, vh)
	}
	return genesis.answer(d, id, opt, ev)
}

// proven verifies the proof of a bundle, if it has one.
func (v *Verifier) proven(net Network, b *Bundle) (*proof.VerifiedHead, error) {
	if !b.proves() {
		return nil, nil
	}
	l, ok := v.ledgers[net]
	var vh *proof.VerifiedHead
	var err error
	switch {
	case !ok:
		return nil, &did.Error{Code: did.InternalError, Detail: "no trust was given for the ledger of the bundle"}
	case (l.Heads != nil) != (b.chain != nil):
		return nil, final(refuseBundle("its proof is of another kind than the ledger's"))
	case l.Heads != nil:
		if vh, err = verifyHead(l.Heads, b.key, b.chain, v.clock()); err != nil && !errors.Is(err, proof.ErrInvalid) {
			return nil, &did.Error{Code: did.InternalError, Err: err}
		}
		if err == nil && (vh.Head != nil) != (len(b.operations)+len(b.state) > 0) {
			err = errHeadAlone
		}
	default:
		if vh, err = b.latest.Verify(l.Trust, b.key, v.clock()); errors.Is(err, proof.ErrTrust) {
			return nil, &did.Error{Code: did.InternalError, Err: err}
		}
	}
	if err != nil {
		return nil, final(err)
	}
	if f := l.Final; f != nil && f.cutsOff(vh) {
		return nil, &did.Error{Code: did.InternalError, Detail: "the bundle is of what a ledger says after it ended"}
	}
	if v.memory != nil && l.Trust != nil {
		if err := v.memory.See(vh.Checkpoint, vh.AsOf, v.lag); err != nil {
			return nil, &did.Error{Code: did.InternalError, Err: err}
		}
	}
	return vh, nil
}

// replayed answers from the operations.
func (v *Verifier) replayed(d did.DID, id Identifier, by rules, b *Bundle, vh *proof.VerifiedHead, opt *did.ResolveOptions) (*did.Resolution, error) {
	r, err := replayBundled(by, b.key, b.operations, wanted(opt))
	if err != nil {
		return nil, err
	}
	if r, err = r.joinFormer(b); err != nil {
		return nil, err
	}
	record := b.head
	ev := did.Evidence{Replayed: !r.partial(), OperatorTime: true, AsOf: b.operations[len(b.operations)-1].at.Time}
	if vh != nil {
		record = vh.Head
		if r.covering() > vh.Epoch.Entries {
			return nil, final(refuseBundle("the proof does not cover the last operation"))
		}
		ev.AsOf = vh.AsOf
		r.prove(&ev, vh)
	}
	if err := r.state.describedBy(record, nil); err != nil {
		return nil, err
	}
	r.advance(ev.AsOf)
	res, err := r.answer(d, id, opt, ev)
	if err == nil && vh == nil {
		// Whoever made the bundle wrote the anchors: a thief can write the present time over an old history.
		res.Evidence.AsOf = time.Time{}
	}
	return res, err
}

// stated answers from a state that auditors vouch for.
func (v *Verifier) stated(d did.DID, id Identifier, net Network, b *Bundle, vh *proof.VerifiedHead, opt *did.ResolveOptions) (*did.Resolution, error) {
	if !vh.Latest {
		return nil, final(refuseBundle("a state without operations, and no quorum of witnesses and auditors vouches for it"))
	}
	s, err := ParseState(b.state)
	if err != nil {
		return nil, final(err)
	}
	if s.Identifier().Key() != b.key || s.net != net || id.Genesis != nil && s.arrived == nil && genesisHome(id) != b.home {
		return nil, final(refuseBundle("the state is of another identifier or ledger"))
	}
	if err := s.describedBy(vh.Head, b.state); err != nil {
		return nil, err
	}
	r := &replayed{rules: rules{net: net}, key: b.key, want: wanted(opt), state: s}
	r.become(nil, s.version())
	r.advance(vh.AsOf)
	if !opt.Newest() && (r.past == nil || r.picked < len(r.versions)-1) {
		return nil, &did.Error{Code: did.FeatureNotSupported, Detail: "the bundle has no operations, and so no past versions"}
	}
	ev := did.Evidence{Included: true, Latest: true, AsOf: vh.AsOf, Cosigners: cosigners(vh)}
	return r.answer(d, id, opt, ev)
}

// absent is the answer for a short form that has no operation.
func (v *Verifier) absent(from Network, vh *proof.VerifiedHead) error {
	if vh == nil || !vh.Absent {
		return final(refuseBundle("nobody vouches that the identifier has no operation"))
	}
	for net, l := range v.ledgers {
		if net.Domain == from.Domain && net != from && (l.Trust == nil || l.Trust.Origin != vh.Checkpoint.Origin) {
			return &did.Error{Code: did.InternalError, Detail: "the identifier is absent from one of several ledgers of its trust domain"}
		}
	}
	return &did.Error{Code: did.NotFound, Detail: "proven absent as of " + vh.AsOf.Format(time.RFC3339), Err: ErrNotFound}
}

// describedBy compares the state with its head record. encoded are the state's bytes, if they are known.
func (s *State) describedBy(record, encoded []byte) error {
	h, err := ParseHead(record)
	if err != nil {
		return final(err)
	}
	if encoded == nil {
		if encoded, err = s.Portable(); err != nil {
			return final(err)
		}
	}
	if *s.headOf(encoded) != *h {
		return final(refuseBundle("the head record is not that of the operations or state"))
	}
	return nil
}

// Bundles returns a resolver that answers from these bundles and knows nothing else; a long form without a bundle is answered
// from itself, as genesis only. So keys are found, and credentials verified, with no network. Errors are ErrBundle, for one
// that is malformed and for two about one identifier.
func (v *Verifier) Bundles(bundles ...[]byte) (did.Resolver, error) {
	set := &bundleSet{v, map[string]*Bundle{}}
	for _, raw := range bundles {
		b, err := ParseBundle(raw)
		if err != nil {
			return nil, err
		}
		if set.bundles[b.key] != nil {
			return nil, refuseBundle("two about %s", b.DID())
		}
		set.bundles[b.key] = b
	}
	return set, nil
}

type bundleSet struct {
	v       *Verifier
	bundles map[string]*Bundle
}

// Resolve implements did.Resolver.
func (s *bundleSet) Resolve(_ context.Context, d did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	b := s.bundles[id.Key()]
	if b == nil && id.Genesis == nil {
		return nil, &did.Error{Code: did.InternalError, Detail: "no bundle about this DID, and nobody to ask"}
	}
	if b == nil {
		if b, err = newBundle(&Bundle{key: id.Key(), home: genesisHome(id)}); err != nil {
			return nil, final(err)
		}
	}
	return s.v.verify(d, id, b, opt)
}

// genesisHome returns the home ledger that a long form names; verify checks the rest.
func genesisHome(id Identifier) string {
	op, err := ParseOperation(id.Genesis)
	if err != nil {
		return ""
	}
	return op.wire.Home
}
