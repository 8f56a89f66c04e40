package vc

import (
	"errors"
	"time"

	"github.com/realdid/realdid/did"
)

// keyFaults are the codes for a key that cannot be had, of the issuer or of the holder.
type keyFaults struct {
	notFound, purpose, time, unsupported, refused, unavailable string
	noEvidence, genesisOnly, stale, notLatest, operatorTime    string
}

var issuerFaults = keyFaults{
	notFound:    "vc.issuer.key.notfound",
	purpose:     "vc.issuer.key.purpose",
	time:        "vc.issuer.key.time",
	unsupported: "vc.issuer.key.unsupported",
	refused:     "vc.issuer.key.refused",
	unavailable: "vc.issuer.key.unavailable",
	noEvidence:  "vc.issuer.evidence.none",
	genesisOnly: "vc.issuer.evidence.genesis",
	stale:       "vc.issuer.evidence.stale",

	notLatest:    "vc.issuer.evidence.notlatest",
	operatorTime: "vc.issuer.evidence.operatortime",
}

var holderFaults = keyFaults{
	notFound:    "vc.holder.key.notfound",
	purpose:     "vc.holder.key.purpose",
	time:        "vc.holder.key.time",
	unsupported: "vc.holder.key.unsupported",
	refused:     "vc.holder.key.refused",
	unavailable: "vc.holder.key.unavailable",
	noEvidence:  "vc.holder.evidence.none",
	genesisOnly: "vc.holder.evidence.genesis",
	stale:       "vc.holder.evidence.stale",

	notLatest:    "vc.holder.evidence.notlatest",
	operatorTime: "vc.holder.evidence.operatortime",
}

// parseKeyID reads the DID URL of a key: absolute, with a fragment and nothing else.
func parseKeyID(s, code string) (did.URL, error) {
	u, err := did.ParseURL(s)
	if err != nil {
		return did.URL{}, InvalidBecause(code, err)
	}
	if !u.IsKeyReference() {
		return did.URL{}, Invalid(code, "not a DID with a fragment and nothing else")
	}
	return u, nil
}

// lookup asks for a key and does not trust the answer to be about the question.
func (r *run) lookup(u did.URL, p did.Purpose, at time.Time, f *keyFaults) (*did.ResolvedKey, error) {
	if r.v.keys == nil { // of a holder, under a policy without DIDs
		return nil, Invalid(f.unsupported, "the verifier has nothing to resolve DIDs with")
	}
	if err := r.ctx.Err(); err != nil {
		return nil, UnknownBecause(f.unavailable, err)
	}
	k, err := r.v.keys.Key(r.ctx, u, p, at)
	if err != nil {
		return nil, lookupFault(err, f)
	}
	switch {
	case k == nil || k.Method.ID != u:
		return nil, Invalid(f.notFound, "the look-up returned another key than the one asked for")
	case k.Method.Controller != u.DID():
		return nil, Invalid(f.refused, "the key is under the control of another DID")
	case !k.Method.Allows(p):
		return nil, Invalid(f.purpose, "the key is not for this purpose")
	case k.Status != did.KeyCompromised && !stood(k, at):
		return nil, Invalid(f.time, "the key was not in service at this time")
	}
	return r.applyEnd(k, at, f)
}

// stood tells whether the key stood in the document at a time, or for a zero time stands there now.
func stood(k *did.ResolvedKey, at time.Time) bool {
	if at.IsZero() {
		return !k.Deactivated && k.Removed.IsZero()
	}
	return !at.Before(k.Added) && (k.Removed.IsZero() || at.Before(k.Removed))
}

// applyEnd heeds the dates in the verification method itself (Controlled Identifiers 1.0, section 2.2): from revoked or expires on
// nothing new is signed, and what is older then counts like that of a retired key.
func (r *run) applyEnd(k *did.ResolvedKey, at time.Time, f *keyFaults) (*did.ResolvedKey, error) {
	if at.IsZero() {
		at = r.now
	}
	for _, end := range [...]time.Time{k.Method.Expires, k.Method.Revoked} {
		if end.IsZero() {
			continue
		}
		if !at.Before(end) {
			return nil, Invalid(f.time, "the verification method had ended before")
		}
		if !r.now.Before(end) && k.Status == did.KeyActive {
			retired := *k // the answer is shared
			retired.Status = did.KeyRetired
			k = &retired
		}
	}
	return k, nil
}

func lookupFault(err error, f *keyFaults) error {
	switch e := did.AsError(err); {
	case e.Temporary():
		return UnknownBecause(f.unavailable, err)
	case errors.Is(err, did.ErrKeyNotFound), e.Code == did.NotFound:
		return InvalidBecause(f.notFound, err)
	case errors.Is(err, did.ErrKeyPurpose):
		return InvalidBecause(f.purpose, err)
	case errors.Is(err, did.ErrKeyTime):
		return InvalidBecause(f.time, err)
	case errors.Is(err, did.ErrKeyUnsupported), e.Code == did.MethodNotSupported, e.Code == did.FeatureNotSupported:
		return InvalidBecause(f.unsupported, err)
	}
	return InvalidBecause(f.refused, err)
}

var (
	errStale        = errors.New("what is known of the DID is older than the policy allows")
	errNotLatest    = errors.New("nothing proves that the state of the DID is the newest")
	errOperatorTime = errors.New("the times in the DID's history are the word of its ledger's operator")
)

// checkEvidence asks how the state of a DID is known. An answer that rests on nothing is refused, and one that only shows
// the beginning unless the policy takes it; an old answer may be replaced by a fresh one, and one that is not proven to be the
// newest by a proven one.
func (r *run) checkEvidence(e did.Evidence, maxAge time.Duration, needs EvidenceNeeds, f *keyFaults) error {
	switch {
	case e.GenesisOnly && !e.Absent && !r.expect.InsecureGenesisOnly:
		return Invalid(f.genesisOnly, "only the first state of the DID is known")
	case !e.Replayed && !e.GenesisOnly && !(e.Latest && needs.TrustAuditors):
		return Invalid(f.noEvidence, "the resolver's answer rests on nothing that was checked")
	case needs.Latest && !e.Latest && !e.Absent:
		return UnknownBecause(f.notLatest, errNotLatest)
	case needs.NoOperatorTime && e.OperatorTime:
		return UnknownBecause(f.operatorTime, errOperatorTime)
	case r.now.Sub(e.AsOf) > maxAge:
		return UnknownBecause(f.stale, errStale)
	}
	return nil
}
