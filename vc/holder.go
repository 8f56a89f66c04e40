package vc

import (
	"slices"
	"time"

	"github.com/realdid/realdid/did"
)

// checkHolder checks that the presentation was made by the holder, for this verifier, for this request, just now.
func (r *run) checkHolder() (string, error) {
	r.binding = r.parsed.Binding()
	b := &r.binding
	if r.expect.InsecureNoHolderBinding {
		if b.Present {
			return "", Invalid("vc.holder.unexpected", "the presentation has a holder's signature that this policy would not check")
		}
		return "not asked for, as the policy says", nil
	}
	if !b.Present {
		return "", Invalid("vc.holder.missing", "the presentation has no holder's signature")
	}
	key, detail, err := r.holderKey()
	if err != nil {
		return "", err
	}
	if key.Key.Algorithm() != b.Algorithm {
		return "", Invalid("vc.holder.key.algorithm", "the holder's signature has another algorithm than the holder's key")
	}
	r.report.Holder = &key
	if err := r.parsed.CheckBinding(key.Key); err != nil {
		return "", err
	}
	if err := r.checkBindingClaims(); err != nil {
		return "", err
	}
	// RFC 7519, section 4.1.3.
	if a := r.disclosed.Audience; len(a) > 0 && !slices.Contains(a, r.expect.Audience) {
		return "", Invalid("vc.audience", "the credential was issued for another audience")
	}
	return detail, nil
}

// holderKey finds the key that the credential is bound to. A DID URL is resolved now, not at the time of issuance, so that
// a rotation takes the key from whoever stole it.
func (r *run) holderKey() (Basis, string, error) {
	d := &r.disclosed
	switch {
	case d.HolderKeyID != "":
		return r.resolvedHolderKey()
	case d.HolderKey.IsZero():
		return Basis{}, "", Invalid("vc.holder.unbound", "the credential is not bound to a holder")
	case !r.expect.InsecureUnrotatableHolderKey:
		return Basis{}, "", Invalid("vc.holder.unrotatable", "the holder's key stands in the credential and cannot be rotated")
	}
	return Basis{Kind: FromCredential, Key: d.HolderKey, Status: did.KeyActive}, "not rotatable: the key stands in the credential", nil
}

func (r *run) resolvedHolderKey() (Basis, string, error) {
	u, err := r.holderKeyID()
	if err != nil {
		return Basis{}, "", err
	}
	k, err := r.lookup(u, did.Authentication, time.Time{}, &holderFaults)
	if err != nil {
		return Basis{}, "", err
	}
	if k.Status != did.KeyActive {
		return Basis{}, "", Invalid("vc.holder.key.inactive", "the holder's key is no longer in service")
	}
	maxAge := orDefault(r.expect.MaxEvidenceAge, DefaultMaxEvidenceAge)
	if err := r.checkEvidence(k.Evidence, maxAge, r.expect.HolderEvidence, &holderFaults); err != nil {
		return Basis{}, "", err
	}
	b := basisOf(k, u)
	if b.Rotatable {
		return b, "", nil
	}
	if !r.expect.InsecureUnrotatableHolderKey {
		return Basis{}, "", Invalid("vc.holder.unrotatable", "the holder's DID is a key and cannot be rotated")
	}
	return b, "not rotatable: the holder's DID is the key", nil
}

// holderKeyID decides which key must have signed. A credential that is bound to one key says so itself; one that is bound to a DID
// leaves it to the presentation to name a key of that DID, so that it outlives the holder's devices.
func (r *run) holderKeyID() (did.URL, error) {
	bound, err := did.ParseURL(r.disclosed.HolderKeyID)
	if err != nil {
		return did.URL{}, InvalidBecause("vc.holder.kid.invalid", err)
	}
	signed := r.binding.KeyID
	switch {
	case bound.IsKeyReference():
		if signed != "" && signed != r.disclosed.HolderKeyID {
			return did.URL{}, Invalid("vc.holder.kid.foreign", "the holder signed with another key than the credential is bound to")
		}
		return bound, nil
	case bound != bound.DID().URL():
		return did.URL{}, Invalid("vc.holder.kid.invalid", "neither a DID nor a DID with a fragment")
	case signed == "":
		return did.URL{}, Invalid("vc.holder.kid.missing", "the credential is bound to a DID and the holder's signature names no key")
	}
	u, err := parseKeyID(signed, "vc.holder.kid.invalid")
	if err != nil {
		return did.URL{}, err
	}
	if u.DID() != bound.DID() {
		return did.URL{}, Invalid("vc.holder.kid.foreign", "the holder signed with a key of another DID than the credential is bound to")
	}
	return u, nil
}

func (r *run) checkBindingClaims() error {
	b, skew := &r.binding, r.expect.skew()
	switch {
	case b.Audience != r.expect.Audience:
		return Invalid("vc.holder.audience", "the presentation was made for another audience")
	case b.Nonce != r.expect.Nonce:
		return Invalid("vc.holder.nonce", "the presentation was made for another request")
	case b.IssuedAt.IsZero():
		return Invalid("vc.holder.time.missing", "the holder's signature has no time")
	case r.now.Add(skew).Before(b.IssuedAt):
		return Invalid("vc.holder.time.future", "the presentation was made in the future")
	case r.now.Sub(b.IssuedAt) > orDefault(r.expect.MaxPresentationAge, DefaultMaxPresentationAge):
		return Invalid("vc.holder.time.old", "the presentation is too old")
	case !b.Expires.IsZero() && !r.now.Before(b.Expires):
		return Invalid("vc.holder.time.expired", "the presentation has expired")
	case !b.NotBefore.IsZero() && r.now.Add(skew).Before(b.NotBefore):
		return Invalid("vc.holder.time.notyet", "the presentation is not valid yet")
	}
	return nil
}
