package resolver

import (
	"context"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
)

// refreshAfter is the age from which an answer that lacks the method is asked for again at the source, so that a key is
// found soon after it was added, and the source is asked for unknown keys of a DID only this often: as far as the age is known,
// see age.
const refreshAfter = 5 * time.Second

// ager is a resolver that keeps account of how long ago the source was asked for the answer that it has in memory, and whether
// it was asked since, shortly enough ago not to be asked again, and has not answered; false if it has no answer.
type ager interface {
	age(id did.DID) (age time.Duration, unanswered, ok bool)
}

// age returns how long ago the source of an answer was asked: by the account of the Cache, if Resolver is one or a Mux of such;
// otherwise by the answer's evidence, which for a proof tells an older time, so that another cache in front of proofs lets
// every look-up of an absent key through.
func (k Keys) age(res *did.Resolution, now time.Time) (age time.Duration, unanswered bool) {
	if c, ok := k.Resolver.(ager); ok {
		if age, unanswered, ok := c.age(res.Document.ID); ok {
			return age, unanswered
		}
	}
	return now.Sub(res.Evidence.AsOf), false
}

// Keys finds public keys. The zero Keys finds none.
type Keys struct {
	Resolver did.Resolver     // required
	Now      func() time.Time // nil: time.Now
}

// Key returns the verification method that u names, if it may serve purpose p at a time. u is a DID with a fragment and
// nothing else; it is compared exactly. The method must be that of u's own DID: one that the DID's document holds under
// another DID's name or controller is refused.
//
// If at is zero, the method must stand in the newest document now. Otherwise it must have stood there at that time, as far
// as the DID method tells when methods were added: a method that was removed later is returned with status KeyRetired, and one
// that was declared compromised with KeyCompromised, whatever at is, for the caller to refuse or to weigh. Methods that
// expired or were revoked by then, and methods of a deactivated document, are refused. A method keeps its purposes for life.
//
// An answer that lacks the method is asked for again at the source if it is older than 5 seconds; one that is younger may not know
// of a key that was added since, and the answer is final all the same. The age is that of the Cache, if Resolver is one or a Mux
// of Caches, and otherwise that of the Evidence.
//
// Errors are *did.Error: those of resolution, and, all final, NOT_FOUND (ErrKeyNotFound),
// INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD (ErrKeyPurpose) and INVALID_VERIFICATION_METHOD (ErrKeyTime,
// ErrKeyUnsupported, ErrKeyController).
func (k Keys) Key(ctx context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	if !u.IsKeyReference() {
		return nil, &did.Error{Code: did.InvalidDIDURL, Detail: "a key is named by a DID with a fragment and nothing else"}
	}
	if k.Resolver == nil {
		return nil, &did.Error{Code: did.InternalError, Detail: "no resolver"}
	}
	res, err := k.resolve(ctx, u.DID(), nil)
	if err != nil {
		return nil, err
	}
	now := k.now()
	key, err := find(res, u, p, at, now)
	missing := errors.Is(err, did.ErrKeyNotFound) || errors.Is(err, did.ErrKeyTime)
	if !missing || res.Evidence.AsOf.IsZero() {
		return key, err
	}
	switch age, unanswered := k.age(res, now); {
	case unanswered:
		return nil, &did.Error{Code: did.InternalError, Detail: "the answer lacks the key, and the source, asked for another a moment ago, gave none"}
	case age > refreshAfter:
		fresh, freshErr := k.resolve(ctx, u.DID(), &did.ResolveOptions{NoCache: true})
		if freshErr != nil {
			if did.AsError(freshErr).Code == did.FeatureNotSupported {
				return nil, err
			}
			return nil, freshErr
		}
		return find(fresh, u, p, at, now)
	}
	return key, err
}

func (k Keys) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

func (k Keys) resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	res, err := k.Resolver.Resolve(ctx, id, opt)
	if err != nil {
		return nil, did.AsError(err)
	}
	if err := checkAnswer(id, res); err != nil {
		return nil, err
	}
	return res, nil
}

// find looks in one answer.
func find(res *did.Resolution, u did.URL, p did.Purpose, at, now time.Time) (*did.ResolvedKey, error) {
	key, err := candidate(res, u, at)
	if err != nil {
		return nil, err
	}
	if at.IsZero() {
		at = now
	}
	m := &key.Method
	switch {
	case m.ID.DID() != m.Controller:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyController}
	case m.Key.IsZero():
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Detail: m.Type, Err: did.ErrKeyUnsupported}
	case !m.Allows(p):
		return nil, &did.Error{Code: did.InvalidRelationship, Detail: p.String(), Err: did.ErrKeyPurpose}
	case key.Status != did.KeyCompromised && !m.UsableAt(at):
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Detail: "expired or revoked", Err: did.ErrKeyTime}
	}
	return key, nil
}

// candidate returns the method of this id that stood at the time, whatever it is for.
func candidate(res *did.Resolution, u did.URL, at time.Time) (*did.ResolvedKey, error) {
	key := &did.ResolvedKey{
		VersionID: res.Metadata.VersionID, Deactivated: res.Metadata.Deactivated, Anchored: res.Anchored,
		Evidence: res.Evidence,
	}
	var removed, retired *did.RemovedMethod
	for i := range res.Removed {
		r := &res.Removed[i]
		if r.ID != u {
			continue
		}
		if removed == nil || r.Compromised {
			removed = r // a compromise outweighs every other time that the method stood
		}
		if !at.IsZero() && !at.Before(r.Added) && at.Before(r.Removed) {
			retired = r
		}
	}
	standing, ok := res.Document.Method(u)
	switch {
	case removed != nil && removed.Compromised && !at.IsZero():
		key.Method, key.Status = removed.VerificationMethod, did.KeyCompromised
		key.Removed, key.CompromisedSince = removed.Removed, removed.CompromisedSince
	case removed != nil && removed.Compromised:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Detail: "compromised", Err: did.ErrKeyTime}
	case ok && !res.Metadata.Deactivated && (at.IsZero() || !at.Before(standing.Added)):
		key.Method, key.Status = *standing, did.KeyActive
	case retired != nil:
		key.Method, key.Status, key.Removed = retired.VerificationMethod, did.KeyRetired, retired.Removed
	case ok || removed != nil:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyTime}
	default:
		return nil, &did.Error{Code: did.NotFound, Err: did.ErrKeyNotFound}
	}
	key.Added = key.Method.Added
	return key, nil
}
