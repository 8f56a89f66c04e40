package vc

import (
	"context"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
)

// Keys finds the key that a DID URL names, for one purpose. A zero at asks for a key that stands in the newest document; otherwise for
// one that stood at that time, with its present status. Errors are a *did.Error: final, or Temporary if the question could
// not be answered. resolver.Keys is one.
type Keys interface {
	Key(ctx context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error)
}

// Verifier verifies presentations of every format. It has no state of its own and is safe for concurrent use.
type Verifier struct {
	keys Keys
	now  func() time.Time
}

// NewVerifier returns a Verifier that takes keys from k and the time from now. k may be nil for policies without DIDs; now nil
// means time.Now.
func NewVerifier(k Keys, now func() time.Time) *Verifier {
	if now == nil {
		now = time.Now
	}
	return &Verifier{keys: k, now: now}
}

// Verify runs every check of the package comment, in that order, and ends at the first that is not passed (only the type is still
// looked at when the status could not be). The error is nil exactly if the presentation is valid, and then Verified is not nil;
// otherwise it is a *Fault that is ErrInvalid or ErrUnknown. A Report is always returned.
func (v *Verifier) Verify(ctx context.Context, p Presentation, e *Expect) (*Verified, *Report, error) {
	r := &run{v: v, ctx: ctx, expect: e, presentation: p, now: v.now()}
	r.report = Report{At: r.now, Checks: make([]Check, 0, len(steps))}
	err := r.all()
	if err != nil {
		r.report.Result = Fail
		if errors.Is(err, ErrUnknown) {
			r.report.Result = Unknown
		}
		return nil, &r.report, err
	}
	r.report.Result = Pass
	return &Verified{
		MediaType: r.parsed.MediaType(), Types: r.disclosed.Types, Issuer: r.issuer, IssuerKey: r.issuerKey, Holder: r.report.Holder,
		IssuedAt: r.disclosed.IssuedAt, NotBefore: r.disclosed.NotBefore, Expires: r.disclosed.Expires,
		claims: r.disclosed.Claims,
	}, &r.report, nil
}

// run is one verification.
type run struct {
	v            *Verifier
	ctx          context.Context
	expect       *Expect
	presentation Presentation
	now          time.Time
	report       Report

	parsed  Parsed
	origins []Origin // of all the issuer's signatures
	origin  Origin   // of the one that is being looked at
	route   route
	one     struct { // so that one signature, as most have, allocates nothing
		origin [1]Origin
		key    [1]Basis
	}
	issuer    string
	issuerKey Basis
	disclosed Disclosed
	binding   Binding
}

// step is one check: a detail if it is passed, a *Fault if not.
type step struct {
	code string
	do   func(*run) (detail string, err error)
}

var steps = [...]step{
	{"vc.policy", (*run).checkPolicy},
	{"vc.parse", (*run).checkParse},
	{"vc.format", (*run).checkFormat},
	{"vc.issuer", (*run).checkIssuer},
	{"vc.issuer.key", (*run).checkIssuerKey},
	{"vc.signature", (*run).checkSignature},
	{"vc.disclosures", (*run).checkDisclosures},
	{"vc.holder", (*run).checkHolder},
	{"vc.time", (*run).checkTime},
	{"vc.status", (*run).checkStatus},
	{"vc.type", (*run).checkType},
}

func (r *run) all() error {
	var unknown error
	for _, s := range steps {
		detail, err := s.do(r)
		if err == nil {
			r.report.Checks = append(r.report.Checks, Check{Code: s.code, Result: Pass, Detail: detail})
			continue
		}
		f, ok := errors.AsType[*Fault](err)
		if !ok { // a format that breaks its contract must not turn "no" into "perhaps"
			f = InvalidBecause("vc.internal", err)
		}
		c := Check{Code: f.Code, Result: Fail, Detail: f.Detail}
		if errors.Is(f, ErrUnknown) {
			c.Result = Unknown
		}
		r.report.Checks = append(r.report.Checks, c)
		if s.code != "vc.status" || c.Result != Unknown {
			return f
		}
		unknown = f // the type is still worth a look: its no is final
	}
	return unknown
}

func (r *run) checkPolicy() (string, error) { return "", r.expect.check(r.v.keys) }

func (r *run) checkParse() (detail string, err error) {
	if r.presentation == nil {
		return "", Invalid("vc.parse.empty", "there is no presentation")
	}
	if r.parsed, err = r.presentation.Open(); err != nil {
		return "", err
	}
	if s, ok := r.parsed.(Signatures); ok {
		r.origins = s.Signatures()
	} else {
		r.one.origin[0] = r.parsed.Origin()
		r.origins = r.one.origin[:]
	}
	if len(r.origins) == 0 {
		return "", Invalid("vc.signature.missing", "the presentation has no signature of an issuer")
	}
	r.origin = r.origins[0]
	return "", nil
}

func (r *run) checkFormat() (string, error) {
	t := r.parsed.MediaType()
	if !r.expect.acceptsMediaType(t) {
		return "", Invalid("vc.format.unexpected", "the policy does not accept this media type")
	}
	return t, nil
}

func (r *run) checkSignature() (string, error) {
	s, ok := r.parsed.(Signatures)
	if !ok {
		return "", r.parsed.CheckSignature(r.issuerKey.Key)
	}
	for i := range r.origins {
		if err := s.CheckSignatureOf(i, r.report.IssuerKeys[i].Key); err != nil {
			return "", err
		}
	}
	return "", nil
}

func (r *run) checkDisclosures() (detail string, err error) {
	r.disclosed, err = r.parsed.Disclose()
	return "", err
}

// checkTime treats the end of validity as RFC 7519, section 4.1.4 does: at exp a credential is no longer valid.
func (r *run) checkTime() (string, error) {
	d := &r.disclosed
	switch {
	case !d.Expires.IsZero() && !r.now.Before(d.Expires):
		return "", Invalid("vc.time.expired", "the credential has expired")
	case !d.NotBefore.IsZero() && r.now.Add(r.expect.skew()).Before(d.NotBefore):
		return "", Invalid("vc.time.notyet", "the credential is not valid yet")
	case !d.IssuedAt.IsZero() && r.now.Add(r.expect.skew()).Before(d.IssuedAt):
		return "", Invalid("vc.time.future", "the credential was issued in the future")
	}
	return "", nil
}

func (r *run) checkType() (detail string, err error) {
	if err := r.acceptType(); err != nil {
		return "", err
	}
	if detail, err = r.checkSchema(); detail == "" && r.expect.InsecureAnyType {
		detail = "any, as the policy says"
	}
	return detail, err
}

func (r *run) acceptType() error {
	if r.expect.InsecureAnyType {
		return nil
	}
	if len(r.disclosed.Types) == 0 {
		return Invalid("vc.type.missing", "the credential has no type")
	}
	for _, want := range r.expect.Types {
		for _, got := range r.disclosed.Types {
			if got == want {
				return nil
			}
		}
	}
	return Invalid("vc.type.notaccepted", "the policy does not accept this type")
}
