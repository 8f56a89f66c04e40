package didcomm

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
)

// resolve returns the newest state of id.
func (a *Agent) resolve(ctx context.Context, id did.DID, noCache bool) (*did.Resolution, error) {
	if a.resolver == nil {
		return nil, &did.Error{Code: did.InternalError, Detail: "no resolver"}
	}
	var opt *did.ResolveOptions
	if noCache {
		opt = &did.ResolveOptions{NoCache: true}
	}
	res, err := a.resolver.Resolve(ctx, id, opt)
	if err != nil {
		return nil, did.AsError(err)
	}
	if res == nil || res.Document == nil || res.Document.ID != id {
		return nil, &did.Error{Code: did.InvalidDIDDocument, Detail: "the resolver answered with the document of another DID, or none"}
	}
	return res, nil
}

// keyOf returns the verification method that u names, which must stand in the document of u's own DID, now and for purpose p.
// With retired, one that was removed without being declared compromised serves as well. Errors are *did.Error.
func (a *Agent) keyOf(ctx context.Context, u did.URL, p did.Purpose, retired bool) (m *did.VerificationMethod, wasRetired bool, err error) {
	if !u.IsKeyReference() {
		return nil, false, &did.Error{Code: did.InvalidDIDURL, Detail: "a key is named by a DID with a fragment and nothing else"}
	}
	res, err := a.resolve(ctx, u.DID(), false)
	if err != nil {
		return nil, false, err
	}
	return a.keyIn(ctx, &answer{Resolution: res}, u, p, retired)
}

// keyIn is keyOf in an answer, which it renews if that knows nothing of the key.
func (a *Agent) keyIn(ctx context.Context, have *answer, u did.URL, p did.Purpose, retired bool) (m *did.VerificationMethod, wasRetired bool, err error) {
	now := a.clock()
	m, wasRetired, err = find(have.Resolution, u, p, retired, now)
	if !errors.Is(err, did.ErrKeyNotFound) {
		return m, wasRetired, err
	}
	renewed, newerErr := a.renew(ctx, have)
	switch {
	case renewed:
		return find(have.Resolution, u, p, retired, now)
	case newerErr == nil || errors.Is(newerErr, errAskedLately) && wasRemoved(have.Resolution, u):
		return nil, false, err
	}
	return nil, false, newerErr
}

// find looks for a key in one answer: one that stands or, if retired ones serve, stood.
func find(res *did.Resolution, u did.URL, p did.Purpose, retired bool, now time.Time) (m *did.VerificationMethod, wasRetired bool, err error) {
	m, err = standing(res, u, p, now)
	if err != nil && retired {
		if m := removed(res, u, p); m != nil {
			return m, true, nil
		}
	}
	return m, false, err
}

// wasRemoved tells whether the answer accounts for a method that does not stand in the document.
func wasRemoved(res *did.Resolution, u did.URL) bool {
	return slices.ContainsFunc(res.Removed, func(r did.RemovedMethod) bool { return r.ID == u })
}

// standing looks for a key in one answer.
func standing(res *did.Resolution, u did.URL, p did.Purpose, now time.Time) (*did.VerificationMethod, error) {
	for i := range res.Removed {
		if r := &res.Removed[i]; r.Compromised && r.ID == u {
			return nil, &did.Error{Code: did.InvalidVerificationMethod, Detail: "compromised", Err: did.ErrKeyTime}
		}
	}
	m, ok := res.Document.Method(u)
	switch {
	case res.Metadata.Deactivated:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Detail: "the DID is deactivated", Err: did.ErrKeyTime}
	case !ok:
		return nil, &did.Error{Code: did.NotFound, Err: did.ErrKeyNotFound}
	}
	if err := usable(m, res.Document.ID, p, now); err != nil {
		return nil, err
	}
	return m, nil
}

// removed returns the method of this id that once stood, unless any of this id was declared compromised.
func removed(res *did.Resolution, u did.URL, p did.Purpose) *did.VerificationMethod {
	var m *did.VerificationMethod
	for i := range res.Removed {
		r := &res.Removed[i]
		if r.ID != u {
			continue
		}
		if r.Compromised {
			return nil
		}
		if r.Controller == u.DID() && r.Allows(p) && !r.Key.IsZero() {
			m = &r.VerificationMethod
		}
	}
	return m
}

// usable tells why m, of the document of owner, may not serve it for purpose p at a time. A document may list methods of other DIDs, and
// name its own by any DID URL; one that is no key reference would be put into envelopes that every reader refuses.
func usable(m *did.VerificationMethod, owner did.DID, p did.Purpose, at time.Time) error {
	switch {
	case m.Controller != owner || m.ID.DID() != owner:
		return &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyController}
	case !m.ID.IsKeyReference():
		return &did.Error{Code: did.InvalidVerificationMethod, Detail: "its id is more or less than a DID with a fragment", Err: did.ErrKeyUnsupported}
	case m.Key.IsZero():
		return &did.Error{Code: did.InvalidVerificationMethod, Detail: m.Type, Err: did.ErrKeyUnsupported}
	case !m.Allows(p):
		return &did.Error{Code: did.InvalidRelationship, Detail: p.String(), Err: did.ErrKeyPurpose}
	case !m.UsableAt(at):
		return &did.Error{Code: did.InvalidVerificationMethod, Detail: "expired or revoked", Err: did.ErrKeyTime}
	}
	return nil
}
