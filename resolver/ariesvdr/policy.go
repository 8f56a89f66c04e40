package ariesvdr

import (
	"errors"
	"time"

	"github.com/realdid/realdid/did"
)

// DefaultMaxAge is how old an answer may be under a policy that does not say.
const DefaultMaxAge = 10 * time.Minute

// A Policy says what the answer of the resolver must rest on. Aries knows no such thing: what Read returns it believes. The
// zero Policy wants the history replayed from the genesis that the identifier names, as it was at most DefaultMaxAge ago.
type Policy struct {
	Latest        bool          // proof that no newer state existed, or that the ledger holds nothing of the identifier
	TrustAuditors bool          // in place of a replay, a state that auditors replayed and that is proven to be the latest
	MaxAge        time.Duration // since the time that the answer is about (did.Evidence.AsOf); 0: DefaultMaxAge

	InsecureGenesisOnly bool // takes a long form that nobody proved not to be rotated since
	InsecureNoEvidence  bool // takes answers that rest on nothing, as those of other methods do, also of unknown age
}

var (
	errNoEvidence  = errors.New("the answer rests on nothing that was checked")
	errGenesisOnly = errors.New("only the first state is known")
	errNotLatest   = errors.New("nothing proves that the state is the newest")
	errTooOld      = errors.New("the answer is too old")
)

// check returns a *did.Error. That of an answer which a later one may make good is Temporary.
func (p Policy) check(e did.Evidence, now time.Time) error {
	maxAge := p.MaxAge
	if maxAge <= 0 {
		maxAge = DefaultMaxAge
	}
	switch {
	case e.GenesisOnly && !e.Absent && !p.InsecureGenesisOnly:
		return &did.Error{Code: did.InvalidOptions, Detail: "policy", Err: errGenesisOnly}
	case !e.Replayed && !e.GenesisOnly && !(e.Latest && p.TrustAuditors) && !p.InsecureNoEvidence:
		return &did.Error{Code: did.InvalidOptions, Detail: "policy", Err: errNoEvidence}
	case p.Latest && !e.Latest && !e.Absent:
		return &did.Error{Code: did.InternalError, Detail: "policy", Err: errNotLatest}
	case e.AsOf.IsZero() && p.InsecureNoEvidence:
	case now.Sub(e.AsOf) > maxAge:
		return &did.Error{Code: did.InternalError, Detail: "policy", Err: errTooOld}
	}
	return nil
}
