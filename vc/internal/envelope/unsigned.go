package envelope

import (
	"crypto/x509"
	"errors"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/vcdm"
)

// UnsignedCredential reads a credential that is to be signed.
func (f *Format) UnsignedCredential(b []byte) (strictjson.Value, *vcdm.Credential, error) {
	v, err := strictjson.Parse(b, f.Limits)
	if err != nil {
		return v, nil, err
	}
	c, err := vcdm.ParseCredential(v)
	if err != nil {
		return v, nil, err
	}
	if c.Version != vcdm.V2 {
		return v, nil, errors.New("the credential is not one of the data model 2.0")
	}
	return v, c, nil
}

// Issuer is who signs a credential, with the fields that the Issuer of each format has.
type Issuer struct {
	Signer keys.Signer
	Method did.URL
	KeyID  string
	Chain  []*x509.Certificate
}

// Names returns kid, which is empty with certificates, and iss, which repeats the credential's issuer unless kid names its DID.
func (i *Issuer) Names(issuer string) (kid, iss string, err error) {
	ways := 0
	for _, set := range [...]bool{!i.Method.IsZero(), i.KeyID != "", len(i.Chain) > 0} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		return "", "", errors.New("an issuer has either a verification method, or a key's name, or certificates")
	case i.Method.IsZero():
		return i.KeyID, issuer, nil
	case !i.Method.IsKeyReference():
		return "", "", errors.New("the verification method is not a DID with a fragment")
	case i.Method.DID().String() != issuer:
		return "", "", errors.New("the credential's issuer is not the DID of the verification method")
	}
	return i.Method.String(), "", nil
}

// WritePresentation writes a presentation of credentials in envelopes, as JSON. Its holder is the DID of method, and id its id; either
// is left out if it is zero.
func WritePresentation[E interface{ Envelope() *vcdm.Envelope }](credentials []E, method did.URL, id string) ([]byte, error) {
	if len(credentials) == 0 {
		return nil, errors.New("no credential")
	}
	list := make([]any, len(credentials))
	for i, c := range credentials {
		list[i] = c.Envelope().Credential()
	}
	document := map[string]any{
		"@context": []any{vcdm.ContextV2}, "type": []any{"VerifiablePresentation"}, "verifiableCredential": list,
	}
	if !method.IsZero() {
		document["holder"] = method.DID().String()
	}
	if id != "" {
		document["id"] = id
	}
	return strictjson.Canonical(document)
}

// UnsignedPresentation reads a presentation that is to be signed by a key with the name method or keyID, and returns that name.
func (f *Format) UnsignedPresentation(b []byte, method did.URL, keyID string) (v strictjson.Value, kid string, err error) {
	if v, err = strictjson.Parse(b, f.Limits); err != nil {
		return v, "", err
	}
	p, err := vcdm.ParsePresentation(v)
	if err != nil {
		return v, "", err
	}
	kid = keyID
	switch {
	case method.IsZero():
	case !method.IsKeyReference() || keyID != "":
		return v, "", errors.New("the verification method is not a DID with a fragment, or the key has another name as well")
	default:
		kid = method.String()
	}
	var claims Claims
	return v, kid, claims.CheckPresentation(p, kid, &f.Codes.PresentationCodes)
}
