package dataintegrity

import (
	"context"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// MediaType is that of a credential with embedded proofs, also of one inside an application/vp (VCDM 2.0, section 6.2).
const MediaType = "vc"

// opened is a parsed credential, alone or in a presentation. It implements vc.Parsed and vc.Signatures, and never changes.
type opened struct {
	opt        *Options
	credential *secured
	signatures []signature // of the credential's proofs
	issuer     string
	holder     *signature // of the presentation's proof; nil if there is none
}

// signature is a proof with everything that is needed to check it, but for the key.
type signature struct {
	in        *Input
	suite     Cryptosuite
	algorithm keys.Algorithm
	base      BaseVerifier // if it is a base proof, and the suite can check that
}

func (s *signature) check(key keys.PublicKey) error {
	if s.base != nil {
		return s.base.VerifyBase(s.in, key)
	}
	return s.suite.VerifyProof(s.in, key)
}

// open parses everything that raw holds.
func (d *document) open() (*opened, error) {
	v, err := parseJSON(d.raw)
	if err != nil {
		return nil, err
	}
	o := &opened{opt: d.opt}
	if d.presented && isPresentation(v) {
		if v, err = o.openPresentation(v, d.index); err != nil {
			return nil, err
		}
	}
	if o.credential, err = readSecured(v, false); err != nil {
		return nil, err
	}
	if err := d.opt.accepts(v); err != nil {
		return nil, err
	}
	if o.issuer, err = issuerOf(v); err != nil {
		return nil, err
	}
	o.signatures = make([]signature, len(o.credential.proofs))
	for i, p := range o.credential.proofs {
		if p.Purpose != "assertionMethod" {
			return nil, vc.Invalid("dataintegrity.proof.purpose", "a proof of a credential is not for assertions")
		}
		in := o.credential.input(i, d.opt.contexts())
		if o.signatures[i], err = openSignature(in, d.opt, !d.presented); err != nil {
			return nil, err
		}
		if err := checkProtected(in); err != nil {
			return nil, err
		}
	}
	return o, o.checkPlain(o.credential.bare, o.signatures, "")
}

// checkPlain refuses what only proofs over RDF protect and is not written plainly.
func (o *opened) checkPlain(document strictjson.Value, proofs []signature, skip string) error {
	if !o.readAsRDF(proofs) {
		return nil
	}
	return checkPlain(document, skip)
}

// readAsRDF tells whether none of the proofs protects the JSON as it is written, and that matters.
func (o *opened) readAsRDF(proofs []signature) bool {
	return !o.opt.rewritable() && !slices.ContainsFunc(proofs, func(s signature) bool { return overJSON(s.suite) })
}

// openPresentation reads a verifiable presentation and returns its credential.
func (o *opened) openPresentation(v strictjson.Value, index int) (credential strictjson.Value, err error) {
	p, err := vcdm.ParsePresentation(v)
	if err != nil {
		return credential, err
	}
	if index == only {
		if len(p.Credentials) != 1 {
			return credential, vc.Invalid("dataintegrity.presentation.credentials", "the presentation does not hold exactly one credential")
		}
		index = 0
	}
	if p.Credentials[index].Envelope != nil {
		return credential, vc.Invalid("dataintegrity.presentation.enveloped", "the credential in the presentation is of another format")
	}
	if _, ok := v.Get(memberProof); !ok {
		return p.Credentials[index].Value, nil
	}
	s, err := readSecured(v, false)
	if err != nil {
		return credential, err
	}
	switch proof := s.proofs[0]; {
	case len(s.proofs) != 1:
		return credential, vc.Invalid("dataintegrity.presentation.proof", "the presentation has more than one proof")
	case proof.Purpose != "authentication":
		return credential, vc.Invalid("dataintegrity.presentation.proof", "the proof of the presentation is not for authentication")
	case len(proof.Domain) > 1:
		return credential, vc.Invalid("dataintegrity.presentation.domain", "the presentation is for several domains")
	case p.Holder != "" && p.Holder != controller(proof.VerificationMethod):
		return credential, vc.Invalid("dataintegrity.presentation.holder", "the presentation is signed by another than its holder")
	}
	h, err := openSignature(s.input(0, o.opt.contexts()), o.opt, false)
	if err != nil {
		return credential, err
	}
	o.holder = &h
	if err := checkProtected(h.in); err != nil {
		return credential, err
	}
	return p.Credentials[index].Value, o.checkPlain(s.bare, []signature{h}, "verifiableCredential")
}

// openSignature finds the cryptosuite of a proof. Of a base proof that its holder has, and whose suite does not check it as it is, the
// derived one is checked that discloses everything.
func openSignature(in *Input, opt *Options, held bool) (signature, error) {
	suite, err := opt.suiteOf(in.Proof)
	if err != nil {
		return signature{}, err
	}
	if !overJSON(suite) && !opt.rewritable() {
		if err := in.Proof.checkPlain(); err != nil {
			return signature{}, err
		}
	}
	var verifier BaseVerifier
	if selective, ok := suite.(Selective); ok {
		base, err := selective.IsBase(in.Proof.Value)
		switch {
		case err != nil:
			return signature{}, err
		case base && !held:
			return signature{}, vc.Invalid("dataintegrity.proof.base", "a base proof is not for verifiers: it has to be derived from")
		case base:
			if verifier, ok = suite.(BaseVerifier); ok {
				break
			}
			if in, err = deriveAll(in, selective); err != nil {
				return signature{}, err
			}
		}
	}
	a, err := suite.Algorithm(in.Proof.Value)
	return signature{in: in, suite: suite, algorithm: a, base: verifier}, err
}

// deriveAll turns a base proof into a derived one over the whole document.
func deriveAll(in *Input, suite Selective) (*Input, error) {
	d, err := suite.Derive(context.Background(), in, []string{""})
	if err != nil {
		return nil, err
	}
	p := *in.Proof
	p.Value = d.ProofValue
	return &Input{Document: in.Document, Proof: &p, Contexts: in.Contexts}, nil
}

// checkProtected refuses contexts in a document that a proof over JSON leaves out: claims would be read by contexts that nobody
// signed.
func checkProtected(in *Input) error {
	if own, ok := in.Proof.object.Get(memberContext); ok {
		if c, _ := in.Document.Get(memberContext); !equalJSON(c, own) {
			return vc.Invalid("dataintegrity.proof.context", "the proof does not cover the @context of the document as it is")
		}
	}
	return nil
}

// issuerOf returns the issuer, which is a URL or an object with one as its id.
func issuerOf(credential strictjson.Value) (string, error) {
	v, _ := credential.Get("issuer")
	if v.Kind() == strictjson.Object {
		v, _ = v.Get("id")
	}
	s, _ := v.Str()
	if s == "" {
		return "", vc.Invalid("dataintegrity.issuer", "the credential names no issuer")
	}
	return s, nil
}

// controller returns what stands before the fragment of a verification method's URL.
func controller(method string) string {
	for i := range len(method) {
		if method[i] == '#' {
			return method[:i]
		}
	}
	return method
}

// MediaType implements vc.Parsed.
func (o *opened) MediaType() string { return MediaType }

// Origin implements vc.Parsed.
func (o *opened) Origin() vc.Origin { return o.origin(0) }

func (o *opened) origin(i int) vc.Origin {
	p := o.signatures[i].in.Proof
	return vc.Origin{
		Issuer: o.issuer, KeyID: p.VerificationMethod, Algorithm: o.signatures[i].algorithm, IssuedAt: p.Created, Undated: p.Created.IsZero(),
	}
}

// CheckSignature implements vc.Parsed.
func (o *opened) CheckSignature(key keys.PublicKey) error { return o.CheckSignatureOf(0, key) }

// Signatures implements vc.Signatures.
func (o *opened) Signatures() []vc.Origin {
	all := make([]vc.Origin, len(o.signatures))
	for i := range all {
		all[i] = o.origin(i)
	}
	return all
}

// CheckSignatureOf implements vc.Signatures.
func (o *opened) CheckSignatureOf(i int, key keys.PublicKey) error {
	return o.signatures[i].check(key)
}

// Disclose implements vc.Parsed.
func (o *opened) Disclose() (vc.Disclosed, error) {
	c, err := vcdm.ParseCredential(o.credential.bare)
	if err != nil {
		return vc.Disclosed{}, err
	}
	if err := c.CheckRelated(o.opt.contexts().Bytes); err != nil {
		return vc.Disclosed{}, err
	}
	if o.readAsRDF(o.signatures) {
		if err := checkWhole(o.credential.bare, o.opt.contexts()); err != nil {
			return vc.Disclosed{}, err
		}
	}
	d := c.Disclosed()
	for _, s := range o.signatures {
		p := s.in.Proof
		if p.Created.After(d.IssuedAt) {
			d.IssuedAt = p.Created
		}
		if !p.Expires.IsZero() && (d.Expires.IsZero() || p.Expires.Before(d.Expires)) {
			d.Expires = p.Expires
		}
		if d.Audience, err = narrow(d.Audience, p.Domain); err != nil {
			return vc.Disclosed{}, err
		}
	}
	return d, nil
}

// narrow returns whom all proofs so far and one more are meant for: every proof must count, and so must the domain of each.
func narrow(audience, domain []string) ([]string, error) {
	switch {
	case len(domain) == 0:
		return audience, nil
	case len(audience) == 0:
		return domain, nil
	}
	var both []string
	for _, a := range audience {
		if slices.Contains(domain, a) {
			both = append(both, a)
		}
	}
	if both == nil {
		return nil, vc.Invalid("dataintegrity.proof.domain", "the proofs are for different domains")
	}
	return both, nil
}

// Binding implements vc.Parsed.
func (o *opened) Binding() vc.Binding {
	if o.holder == nil {
		return vc.Binding{}
	}
	p := o.holder.in.Proof
	b := vc.Binding{
		Present: true, KeyID: p.VerificationMethod, Algorithm: o.holder.algorithm, Nonce: p.Challenge, IssuedAt: p.Created, Expires: p.Expires,
	}
	if len(p.Domain) == 1 {
		b.Audience = p.Domain[0]
	}
	return b
}

// CheckBinding implements vc.Parsed.
func (o *opened) CheckBinding(key keys.PublicKey) error {
	if o.holder == nil {
		return vc.Invalid("vc.holder.missing", "the presentation has no holder's signature")
	}
	err := o.holder.suite.VerifyProof(o.holder.in, key)
	if vc.Code(err) == "vc.signature.invalid" {
		return vc.InvalidBecause("dataintegrity.presentation.signature", err)
	}
	return err
}
