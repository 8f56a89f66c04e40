package realperson

import (
	"context"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
)

// CitizenPolicy is what an authority must know of the DID of a person who asks. What is proven there is that nobody has rotated the key
// away: MaxAge bounds how long a thief's request still counts.
type CitizenPolicy struct {
	MaxAge   time.Duration    // of what is known of the DID; 0 means DefaultCitizenAge
	Evidence vc.EvidenceNeeds // beyond a history that was replayed from its beginning
}

// DefaultCitizenAge is how old the knowledge of a person's DID may be.
const DefaultCitizenAge = 5 * time.Minute

// ErrCitizen says that a request is not signed by a key that the person's DID has now for authentication.
var ErrCitizen = errors.New("realperson: citizen")

// verifyCitizen checks the signature of a request with a key that stands in the DID's newest document. Errors are ErrSignature and
// ErrCitizen, or a *vc.Fault that is vc.ErrUnknown if that could not be found out.
func verifyCitizen(ctx context.Context, k vc.Keys, policy *CitizenPolicy, t *jws.Token, method did.URL, now time.Time) error {
	key, err := k.Key(ctx, method, did.Authentication, time.Time{})
	if err != nil {
		if e := did.AsError(err); ctx.Err() != nil || e.Temporary() {
			return vc.UnknownBecause("realperson.citizen.unavailable", err)
		}
		return errors.Join(refuse(ErrCitizen, "the key that signed is not in the document of the DID, or not for this"), err)
	}
	if err := currentKey(key, method, now); err != nil {
		return err
	}
	if err := policy.check(key.Evidence, now); err != nil {
		return err
	}
	if err := t.Verify(key.Method.Key); err != nil {
		return refuse(ErrSignature, "not that of the key")
	}
	return nil
}

// currentKey does not trust that an answer is about the question.
func currentKey(key *did.ResolvedKey, method did.URL, now time.Time) error {
	switch {
	case key == nil || key.Method.ID != method || key.Method.Controller != method.DID():
		return refuse(ErrCitizen, "the key that was found is not the one that was asked for")
	case !key.Method.Allows(did.Authentication):
		return refuse(ErrCitizen, "the key is not for authentication")
	case key.Status != did.KeyActive || !key.Removed.IsZero() || key.Deactivated || !key.Method.UsableAt(now):
		return refuse(ErrCitizen, "the key is not in service any more")
	}
	return nil
}

var (
	errStaleDID     = errors.New("what is known of the DID is older than the policy allows")
	errNotLatest    = errors.New("nothing proves that the state of the DID is the newest")
	errOperatorTime = errors.New("the times in the DID's history are the word of its ledger's operator")
)

// check asks how the state of the DID is known. A DID that no ledger holds cannot be rotated, so it does not serve.
func (p *CitizenPolicy) check(e did.Evidence, now time.Time) error {
	age := p.MaxAge
	if age == 0 {
		age = DefaultCitizenAge
	}
	switch {
	case e.GenesisOnly || e.Absent:
		return refuse(ErrCitizen, "the DID is not registered")
	case !e.Replayed && !(e.Latest && p.Evidence.TrustAuditors):
		return refuse(ErrCitizen, "what is known of the DID rests on nothing that was checked")
	case p.Evidence.Latest && !e.Latest:
		return vc.UnknownBecause("realperson.citizen.notlatest", errNotLatest)
	case p.Evidence.NoOperatorTime && e.OperatorTime:
		return vc.UnknownBecause("realperson.citizen.operatortime", errOperatorTime)
	case now.Sub(e.AsOf) > age:
		return vc.UnknownBecause("realperson.citizen.stale", errStaleDID)
	}
	return nil
}
