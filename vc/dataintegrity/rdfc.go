package dataintegrity

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// rdfcHashData canonicalizes RDF (RDFC-1.0), with SHA-384 for keys of P-384.
func rdfcHashData(in *Input, a keys.Algorithm) ([]byte, error) {
	if err := in.checkContext(); err != nil {
		return nil, err
	}
	alg, h := crypto.SHA256, hash.Hash(sha256.New())
	if a == keys.P384 {
		alg, h = crypto.SHA384, sha512.New384()
	}
	out := make([]byte, 0, 2*sha512.Size384)
	for _, v := range [...]strictjson.Value{in.ProofConfiguration(), in.Document} {
		c, err := in.Canonicalize(v, alg)
		if err != nil {
			return nil, err
		}
		h.Reset()
		for _, line := range c.Lines {
			h.Write(line)
		}
		out = h.Sum(out)
	}
	return out, nil
}

// checkContext refuses a @context of the proof's own that is not the document's: suites that canonicalize RDF put the document's
// in its place, so that another one would be neither used nor protected.
func (in *Input) checkContext() error {
	own, ok := in.Proof.object.Get(memberContext)
	if !ok {
		return nil
	}
	if c, _ := in.Document.Get(memberContext); !equalJSON(c, own) {
		return vc.Invalid("dataintegrity.proof.context", "the proof has a @context other than the document's")
	}
	return nil
}

// Canonicalize gives a JSON-LD object, the document or the proof configuration, its canonical form. Errors are a *vc.Fault. For packages
// of this module.
func (in *Input) Canonicalize(v strictjson.Value, h crypto.Hash) (*rdf.Canonical, error) {
	g, err := in.Contexts.Convert(v)
	if err != nil {
		return nil, jsonldFault(err)
	}
	c, err := rdf.Canonicalize(&g.Dataset, &rdf.Options{Hash: h})
	if err != nil {
		return nil, rdfFault(err)
	}
	return c, nil
}

func jsonldFault(err error) *vc.Fault {
	switch {
	case errors.Is(err, jsonld.ErrUnknownContext):
		return vc.InvalidBecause("dataintegrity.jsonld.context", err)
	case errors.Is(err, jsonld.ErrUndefinedTerm):
		return vc.InvalidBecause("dataintegrity.jsonld.term", err)
	case errors.Is(err, jsonld.ErrRelativeIRI):
		return vc.InvalidBecause("dataintegrity.jsonld.iri", err)
	case errors.Is(err, jsonld.ErrLimit):
		return vc.InvalidBecause("dataintegrity.jsonld.limit", err)
	}
	return vc.InvalidBecause("dataintegrity.jsonld.syntax", err)
}

func rdfFault(err error) *vc.Fault {
	if errors.Is(err, rdf.ErrWork) {
		return vc.InvalidBecause("dataintegrity.rdf.work", err)
	}
	return vc.InvalidBecause("dataintegrity.rdf.dataset", err)
}
