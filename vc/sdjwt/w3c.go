package sdjwt

import (
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

var w3cCodes = envelope.Codes{
	Forbidden:    "sdjwt.w3c.forbidden",
	Text:         "sdjwt.claim.text",
	Date:         "sdjwt.claim.date",
	Audience:     "sdjwt.claim.aud",
	Confirmation: "sdjwt.claim.cnf",
	Conflict:     "sdjwt.w3c.conflict",
	Version:      "sdjwt.w3c.version",
}

// openW3C reads what a credential of the W3C data model says in the clear of who issued it and when.
func (o *opened) openW3C() error {
	if o.header.Has("cty") && o.header.ContentType != "vc" {
		return vc.Invalid("sdjwt.w3c.cty", "cty is not vc")
	}
	claims, err := envelope.ReadClaims(o.body, &w3cCodes)
	if err != nil {
		return err
	}
	o.w3c = &claims
	o.issuedAt = o.w3c.IssuedAt
	v, ok := o.body.Get("issuer")
	if id, object := v.Get("id"); object {
		v = id
	}
	if o.issuer, _ = v.Str(); !ok { // for the report: one without issuer is refused when it is read
		o.issuer = o.w3c.Issuer
	}
	return nil
}

// discloseW3C reads the processed payload as a credential of the data model.
func (o *opened) discloseW3C(p *processor) (d vc.Disclosed, err error) {
	if _, ok := o.body.Get("@context"); !ok {
		return d, vc.Invalid("sdjwt.header.typ", "vc+sd-jwt without @context: early drafts of SD-JWT VC called dc+sd-jwt so")
	}
	cred, err := vcdm.ParseCredential(p.view())
	if err != nil {
		return d, err
	}
	if err := o.w3c.CheckCredential(cred, &w3cCodes); err != nil {
		return d, err
	}
	// A credential about several is bound to none of them, also when only one is shown.
	if subjects, _ := o.body.Get("credentialSubject"); len(subjects.Elems()) > 1 {
		cred.Subjects = nil
	}
	return o.w3c.Disclosed(cred), nil
}

// checkW3C validates claims that are to be issued under the data model, and tells who their issuer is.
func checkW3C(claims map[string]any, issuer Issuer) (string, error) {
	b, err := strictjson.Canonical(claims)
	if err != nil {
		return "", err
	}
	v, err := strictjson.Parse(b, jsonSize)
	if err != nil {
		return "", err
	}
	if _, err := envelope.NewWriter(v); err != nil { // the claims that issuer and options set
		return "", err
	}
	cred, err := vcdm.ParseCredential(v)
	if err != nil {
		return "", err
	}
	c := envelope.Claims{Issuer: issuer.ID}
	if !issuer.Method.IsZero() {
		c.Issuer = issuer.Method.DID().String()
	}
	return cred.Issuer, c.CheckCredential(cred, &w3cCodes)
}

// Envelope returns d as it stands in a presentation of the W3C data model.
func (d *document) Envelope() *vcdm.Envelope {
	e := &vcdm.Envelope{MediaType: W3CMediaType, Data: d.raw}
	if o, err := d.load(); err == nil {
		e.MediaType = o.mediaType
	}
	return e
}
