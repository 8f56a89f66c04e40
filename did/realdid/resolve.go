package realdid

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
)

// Resolve implements did.Resolver by replaying the whole history from the genesis that the DID names, every signature
// checked (SPEC.md section 7); with Options.KeepBytes, what this process has checked before is not checked again. A long form that the ledger does not hold is answered from the operation that it carries,
// and marked GenesisOnly. VersionID is an operation's ID; a VersionTime later than the evidence is answered only while no
// recovery is pending that could be cancelled until then.
//
// With Options.Trust, on a ledger that proves what it says, the proof is checked against the history and the evidence is
// Latest and Included, or Absent, as of the time that the cosigners vouch for, and so is the state that is shown. An answer
// whose newest operation no proof covers yet has neither; NoCache waits for one. A ledger whose history and proofs differ
// gives no answer.
//
// An identifier that has departed to another ledger is *MovedError, as INTERNAL_ERROR; Homes follows it. One that came from another
// ledger is resolved with Options.Predecessors, and is not Replayed.
func (m *Method) Resolve(ctx context.Context, d did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	id, err := ParseIdentifier(d)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	var genesis *replayed
	if id.Genesis != nil {
		if genesis, err = id.replayGenesis(wanted(opt)); err != nil {
			return nil, &did.Error{Code: did.InvalidDID, Err: err}
		}
	}
	r, evidence, err := m.look(ctx, id, wanted(opt), genesis, opt != nil && opt.NoCache)
	if errors.Is(err, ErrNotFound) {
		return nil, &did.Error{Code: did.NotFound, Err: ErrNotFound}
	} else if moved, ok := errors.AsType[*MovedError](err); ok {
		return nil, movedAway(moved)
	} else if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	return r.answer(d, id, opt, evidence)
}

// answer shows the version that the options ask for. r has been advanced to the time that the evidence is about.
// What has departed answers no more: which keys count and which were compromised, the ledger says that it went to.
func (r *replayed) answer(d did.DID, id Identifier, opt *did.ResolveOptions, ev did.Evidence) (*did.Resolution, error) {
	if moved := r.state.moved(); moved != nil {
		return nil, movedAway(moved)
	}
	return r.show(d, id, opt, ev)
}

func movedAway(err *MovedError) error {
	return &did.Error{Code: did.InternalError, Detail: "the identifier has moved to the ledger " + err.To, Err: err}
}

func (r *replayed) show(d did.DID, id Identifier, opt *did.ResolveOptions, ev did.Evidence) (*did.Resolution, error) {
	i, shown, err := r.find(opt, ev)
	if err != nil {
		return nil, err
	}
	if i < len(r.versions)-1 {
		ev.Latest = false // the history is the newest, and what is shown of it is not
	}
	return r.resolution(d, id, i, shown, ev)
}

// wanted picks the version that the options ask for: the last one that it holds for. It is nil for the newest.
func wanted(opt *did.ResolveOptions) func(version) bool {
	switch {
	case opt.Newest():
		return nil
	case opt.VersionID != "":
		return func(v version) bool { return v.id() == opt.VersionID }
	}
	t := opt.VersionTime.Unix()
	return func(v version) bool { return v.at <= t }
}

// find returns the version that the options ask for, and its state.
func (r *replayed) find(opt *did.ResolveOptions, ev did.Evidence) (int, *State, error) {
	last := len(r.versions) - 1
	switch {
	case opt.Newest():
		return last, r.state, nil
	case r.past == nil && r.partial():
		return 0, nil, &did.Error{Code: did.FeatureNotSupported, Detail: "versions from before the identifier came to this ledger are not known to it"}
	case r.past != nil && opt.VersionID == "" && r.away(opt.VersionTime):
		return 0, nil, &did.Error{Code: did.FeatureNotSupported, Detail: "the identifier was on another ledger at that time"}
	case opt.VersionID != "" && r.past == nil:
		return 0, nil, &did.Error{Code: did.NotFound, Detail: "no version has this id, or it has not taken effect"}
	case opt.VersionID == "" && ev.GenesisOnly:
		return 0, nil, &did.Error{Code: did.NotFound, Detail: "a genesis alone has no time"}
	case opt.VersionID == "" && opt.VersionTime.After(ev.AsOf) && r.state.pending != nil:
		return 0, nil, &did.Error{Code: did.InternalError, Detail: "a recovery is pending that may be cancelled before that time"}
	case r.past == nil:
		return 0, nil, &did.Error{Code: did.NotFound, Detail: "created after that time"}
	case r.picked == last: // what is pending or has been replaced belongs to the present
		return last, r.state, nil
	}
	return r.picked, r.past, nil
}

// away tells whether the version that was picked for a time is one from before a departure, and the time is not before that.
func (r *replayed) away(t time.Time) bool {
	return slices.ContainsFunc(r.absences, func(a absence) bool { return r.picked < a.first && t.Unix() >= a.left })
}

func (r *replayed) resolution(d did.DID, id Identifier, i int, shown *State, ev did.Evidence) (*did.Resolution, error) {
	v, now := r.versions[i], r.state
	doc, err := shown.document(d)
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	meta := did.DocumentMetadata{
		Created: unixTime(now.created), Deactivated: now.deactivate != nil, VersionID: v.id(),
		Extra: map[string]any{"realdid": shown.Facts()},
	}
	if v.seq != 0 {
		meta.Updated = unixTime(v.at)
	}
	if i+1 < len(r.versions) && !slices.ContainsFunc(r.absences, func(a absence) bool { return a.first == i+1 }) {
		meta.NextUpdate, meta.NextVersionID = unixTime(r.versions[i+1].at), r.versions[i+1].id()
	}
	if short := id.Short(); short != d {
		meta.CanonicalID, meta.EquivalentID = short.String(), []string{short.String()}
	} else {
		meta.CanonicalID = short.String()
	}
	return &did.Resolution{Document: doc, Metadata: meta, Removed: shown.removedPublic(d), Anchored: r.anchored, Evidence: ev}, nil
}

// replayGenesis checks the operation that a long form carries: it is the genesis that the SCID names, and the DID is its
// one long form.
func (id Identifier) replayGenesis(want func(version) bool) (*replayed, error) {
	op, err := ParseOperation(id.Genesis)
	if err != nil {
		return nil, err
	}
	if n, err := op.longFormSigners(); err != nil {
		return nil, err
	} else if n != len(op.signatures) {
		return nil, refuse("long form: carries more signatures than the threshold needs")
	}
	if op.scid != id.SCID || op.wire.Domain != id.Domain {
		return nil, refuse("long form: carries the genesis of another identifier")
	}
	r := &replayed{want: want}
	return r, r.apply(op, ledger.Anchor{Time: time.Unix(0, 0)})
}
