package dataintegrity

import (
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// Options say what is understood beside the defaults. nil is the zero value.
type Options struct {
	// Contexts are the JSON-LD contexts that are known; nil means jsonld.Embedded().
	Contexts *jsonld.Contexts
	// AcceptedContexts are what the @context of a credential may be, each list complete and in order (Data Integrity 1.0, section 2.4.2,
	// and VCDM 2.0, appendix B.1); nil accepts every list of known contexts. A proof over RDF does not protect @context: where two known
	// contexts have two names for one thing, whoever passes a credential on can put one for the other. No two embedded contexts call two
	// things by each other's names; who adds contexts and reads claims by name should say here which lists those names come from.
	AcceptedContexts [][]string
	// Cryptosuites are understood beside those of this package, and instead of one of the same name.
	Cryptosuites []Cryptosuite
	// Ed25519Signature2020 reads proofs of this type beside DataIntegrityProof (EdDSA Cryptosuites 1.0, appendix A): what credentials
	// of the data model 1.1 mostly have. They protect as much as eddsa-rdfc-2022 does. Nothing here makes them.
	Ed25519Signature2020 bool
	// InsecureRewritable accepts credentials that are secured as RDF and not written plainly: with contexts in the document itself, IRIs
	// or JSON-LD keywords as member names, one node in several objects, one value twice, or members of proofs that are not known. Whoever
	// passes such a credential on can exchange the names of claims and types, and hide its status and end of validity, without breaking
	// the proof.
	InsecureRewritable bool
}

func (o *Options) contexts() *jsonld.Contexts {
	if o == nil || o.Contexts == nil {
		return jsonld.Embedded()
	}
	return o.Contexts
}

// accepts tells whether a credential has one of the accepted lists of contexts.
func (o *Options) accepts(credential strictjson.Value) error {
	if o == nil || o.AcceptedContexts == nil {
		return nil
	}
	c, _ := credential.Get(memberContext)
	list := listOf(c)
	for _, accepted := range o.AcceptedContexts {
		if slices.EqualFunc(list, accepted, func(v strictjson.Value, url string) bool {
			s, ok := v.Str()
			return ok && s == url
		}) {
			return nil
		}
	}
	return vc.Invalid("dataintegrity.context.notaccepted", "the policy does not accept this @context")
}

func (o *Options) rewritable() bool { return o != nil && o.InsecureRewritable }

// suiteOf returns the suite of a proof.
func (o *Options) suiteOf(p *Proof) (Cryptosuite, error) {
	switch {
	case p.Type != typeEd25519Signature2020:
		return o.suite(p.Cryptosuite)
	case o == nil || !o.Ed25519Signature2020:
		return nil, vc.Invalid("dataintegrity.proof.type", "the policy does not accept a proof of the type Ed25519Signature2020")
	}
	return ed25519Signature2020{}, nil
}

// suite returns the cryptosuite of a name, compared exactly.
func (o *Options) suite(name string) (Cryptosuite, error) {
	if o != nil {
		for _, s := range o.Cryptosuites {
			if s.Name() == name {
				return s, nil
			}
		}
	}
	for _, s := range builtin {
		if s.Name() == name {
			return s, nil
		}
	}
	return nil, vc.Invalid("dataintegrity.proof.cryptosuite", "the cryptosuite of a proof is not known")
}

// builtin are the cryptosuites that are always understood.
var builtin = [...]Cryptosuite{EdDSARDFC2022{}, ECDSARDFC2019{}, EdDSAJCS2022{}, ECDSAJCS2019{}, ECDSASD2023{}}

// suiteFor returns the suite that is used when the caller names none.
func suiteFor(s keys.Signer) (Cryptosuite, error) {
	switch s.Public().Algorithm() {
	case keys.Ed25519:
		return EdDSARDFC2022{}, nil
	case keys.P256, keys.P384:
		return ECDSARDFC2019{}, nil
	}
	return nil, keys.ErrUnsupported
}
