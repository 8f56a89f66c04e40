package vc

import (
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
)

// route is one way from what a presentation says of its issuer to the issuer's key.
type route interface {
	// accept tells whether the policy accepts the issuer and returns the name under which it does.
	accept(r *run) (issuer string, err error)
	// key finds the issuer's key.
	key(r *run) (Basis, string, error)
}

// checkIssuer chooses the route and asks the policy. A presentation that could take two routes is refused: two verifiers could
// choose differently.
func (r *run) checkIssuer() (detail string, err error) {
	o := &r.origin
	isDID := strings.HasPrefix(o.Issuer, "did:")
	switch {
	case len(o.Chain) > 0 && isDID && r.expect.Certificates == nil:
		return "", Invalid("vc.issuer.ambiguous", "the issuer is a DID and comes with certificates")
	case len(o.Chain) > 0:
		r.route = new(certificateRoute)
	case o.Issuer == "":
		return "", Invalid("vc.issuer.missing", "the presentation names no issuer")
	case isDID:
		r.route = new(didRoute)
	case len(r.expect.PinnedKeys) > 0:
		r.route = pinnedRoute{}
	default:
		// JWT VC Issuer Metadata (SD-JWT VC, section 4) has the key behind this URL, chosen by whoever made the presentation.
		return "", Invalid("vc.issuer.metadata", "the key would have to be fetched from the issuer's metadata, which this library does not do; pin it")
	}
	for i := range r.origins {
		if r.origins[i].Issuer != o.Issuer {
			return "", Invalid("vc.issuer.ambiguous", "two signatures name different issuers")
		}
		if i > 0 && len(r.origins[i].Chain)+len(o.Chain) > 0 {
			return "", Invalid("vc.issuer.ambiguous", "several signatures, with certificates")
		}
	}
	r.issuer, err = r.route.accept(r)
	return "", err
}

func (r *run) checkIssuerKey() (detail string, err error) {
	all := r.one.key[:]
	if len(r.origins) > 1 {
		all = make([]Basis, len(r.origins))
	}
	for i := range r.origins {
		r.origin = r.origins[i]
		var said string
		if all[i], said, err = r.route.key(r); err != nil {
			return "", err
		}
		if all[i].Key.Algorithm() != r.origin.Algorithm {
			return "", Invalid("vc.issuer.key.algorithm", "the signature's algorithm is not that of the key")
		}
		if said != "" {
			detail = said
		}
	}
	r.issuerKey = all[0]
	r.report.Issuer, r.report.IssuerKeys = &r.issuerKey, all
	return detail, nil
}

// didRoute is for an issuer that is a DID: kid names a key of that DID for assertions.
type didRoute struct{ id did.DID }

func (d *didRoute) accept(r *run) (string, error) {
	id, err := did.Parse(r.origin.Issuer)
	if err != nil {
		return "", InvalidBecause("vc.issuer.did.invalid", err)
	}
	if !r.expect.InsecureAnyIssuer && !slices.Contains(r.expect.Issuers, id) {
		return "", Invalid("vc.issuer.notaccepted", "the policy does not accept this issuer")
	}
	d.id = id
	return id.String(), nil
}

func (d *didRoute) key(r *run) (Basis, string, error) {
	o := &r.origin
	if o.KeyID == "" {
		return Basis{}, "", Invalid("vc.issuer.kid.missing", "the signature does not name its key")
	}
	u, err := parseKeyID(o.KeyID, "vc.issuer.kid.invalid")
	if err != nil {
		return Basis{}, "", err
	}
	if u.DID() != d.id {
		return Basis{}, "", Invalid("vc.issuer.kid.foreign", "the key belongs to another DID than the issuer's")
	}
	if o.IssuedAt.IsZero() && !o.Undated {
		return Basis{}, "", Invalid("vc.issuer.iat.missing", "without the time of issuance in the clear it is not known which key counts")
	}
	if r.now.Add(r.expect.skew()).Before(o.IssuedAt) {
		return Basis{}, "", Invalid("vc.time.future", "the credential was issued in the future")
	}
	k, err := r.lookup(u, did.AssertionMethod, o.IssuedAt, &issuerFaults)
	if err != nil {
		return Basis{}, "", err
	}
	maxAge := orDefault(r.expect.MaxIssuerEvidenceAge, DefaultMaxIssuerEvidenceAge)
	if err := r.checkEvidence(k.Evidence, maxAge, r.expect.IssuerEvidence, &issuerFaults); err != nil {
		return Basis{}, "", err
	}
	if o.IssuedAt.IsZero() && k.Status != did.KeyActive {
		return Basis{}, "", Invalid("vc.issuer.key.undated", "the key is no longer in service, and the signature does not say when it was made")
	}
	detail, err := r.checkKeyStatus(k)
	if err != nil {
		return Basis{}, "", err
	}
	return basisOf(k, u), detail, nil
}

// checkKeyStatus decides what a signature counts whose key is no longer in service.
func (r *run) checkKeyStatus(k *did.ResolvedKey) (detail string, err error) {
	switch {
	case k.Status == did.KeyActive:
		return "", nil
	case k.Status == did.KeyRetired && r.expect.RetiredKeys == AcceptRetiredKeys:
		return "the key is retired; that the signature is older is the signer's word", nil
	case k.Status == did.KeyRetired && r.expect.RetiredKeys != RetiredKeysWithReceipt:
		return "", Invalid("vc.issuer.key.retired", "the key is retired, and that the signature is older is the signer's word")
	case k.Status != did.KeyRetired && k.Status != did.KeyCompromised:
		return "", Invalid("vc.issuer.key.compromised", "the look-up says neither that the key counts nor that it did")
	}
	a, fault := r.anchored(k)
	switch {
	case fault == nil:
		return "the key is " + k.Status.String() + "; the issuer's history committed to the credential on " + a.Time.UTC().Format(time.DateOnly), nil
	case k.Status == did.KeyCompromised && fault.Code == "vc.receipt.missing":
		return "", Invalid("vc.issuer.key.compromised", "the issuer declared the key compromised, and nothing shows that the signature is older")
	}
	return "", fault
}

func basisOf(k *did.ResolvedKey, u did.URL) Basis {
	return Basis{
		Kind: FromDID, KeyID: u.String(), Key: k.Method.Key, Status: k.Status, VersionID: k.VersionID, Evidence: k.Evidence,
		Rotatable: rotatable(u.DID()),
	}
}

// rotatable is false for the methods whose identifier is the key.
func rotatable(d did.DID) bool { return d.Method() != "key" && d.Method() != "jwk" }

// pinnedRoute is for an issuer whose key the policy holds.
type pinnedRoute struct{}

func (pinnedRoute) accept(r *run) (string, error) {
	for i := range r.expect.PinnedKeys {
		if r.expect.PinnedKeys[i].Issuer == r.origin.Issuer {
			return r.origin.Issuer, nil
		}
	}
	return "", Invalid("vc.issuer.notaccepted", "the policy does not accept this issuer")
}

func (pinnedRoute) key(r *run) (Basis, string, error) {
	for i := range r.expect.PinnedKeys {
		p := &r.expect.PinnedKeys[i]
		if p.Issuer == r.origin.Issuer && (p.KeyID == "" || p.KeyID == r.origin.KeyID) {
			return Basis{Kind: FromPolicy, KeyID: p.KeyID, Key: p.Key, Status: did.KeyActive, Rotatable: true}, "", nil
		}
	}
	return Basis{}, "", Invalid(issuerFaults.notFound, "the policy pins no key of this name for the issuer")
}
