// Package didweb resolves did:web (W3C Credentials Community Group, did:web Method Specification): a DID document that lies
// on a web server.
//
// Nothing in such an answer is proven but that the server showed it over TLS just now: its Evidence has AsOf and nothing
// else, and whoever holds the server or the name can show another. A policy that demands evidence refuses did:web.
package didweb

import (
	"context"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/webfetch"
)

// Fetcher reads a file of a location. *webfetch.Client is one; errors are those of its Fetch.
type Fetcher interface {
	Fetch(ctx context.Context, l webfetch.Location, f webfetch.File) ([]byte, error)
}

// Resolver resolves did:web identifiers.
type Resolver struct {
	fetcher Fetcher
	now     func() time.Time
}

// Options of a Resolver.
type Options struct {
	Fetcher Fetcher          // nil: a webfetch.Client with its defaults
	Now     func() time.Time // for Evidence.AsOf; nil: time.Now
}

// New returns a resolver. opt may be nil.
func New(opt *Options) *Resolver {
	r := &Resolver{now: time.Now}
	if opt != nil {
		r.fetcher = opt.Fetcher
		if opt.Now != nil {
			r.now = opt.Now
		}
	}
	if r.fetcher == nil {
		r.fetcher = webfetch.NewClient(nil)
	}
	return r
}

// Location returns where the document of a did:web identifier lies. Errors have code INVALID_DID.
func Location(id did.DID) (webfetch.Location, error) {
	if id.Method() != "web" {
		return webfetch.Location{}, &did.Error{Code: did.InvalidDID, Detail: "not a did:web"}
	}
	l, err := webfetch.ParseLocation(id.ID())
	if err != nil {
		return webfetch.Location{}, &did.Error{Code: did.InvalidDID, Err: err}
	}
	return l, nil
}

var document = webfetch.File{
	Name: "did.json",
	// No text and no octets: a host that lets others upload files serves those so.
	Types: []string{"application/did", "application/did+json", "application/did+ld+json", "application/json", "application/ld+json"},
	Max:   did.MaxDocument,
}

// Resolve fetches the document, which must bear id as its id, exactly.
//
// Errors: INVALID_DID for what names no location (see webfetch.ParseLocation), FEATURE_NOT_SUPPORTED for versions and past
// times, NOT_FOUND, INVALID_DID_DOCUMENT for anything else that the server answered, all final; INTERNAL_ERROR when there was
// no answer, also because the host's address is not public (webfetch.ErrAddress).
func (r *Resolver) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	l, err := Location(id)
	if err != nil {
		return nil, err
	}
	if !opt.Newest() {
		return nil, &did.Error{Code: did.FeatureNotSupported, Detail: "did:web keeps no versions"}
	}
	now := r.now().UTC()
	b, err := r.fetcher.Fetch(ctx, l, document)
	if err != nil {
		return nil, webfetch.ResolutionError(err)
	}
	doc, err := did.ParseDocument(b)
	if err != nil {
		return nil, err
	}
	if doc.ID != id {
		return nil, &did.Error{Code: did.InvalidDIDDocument, Detail: "the document has another id"}
	}
	return &did.Resolution{Document: doc, Evidence: did.Evidence{AsOf: now}}, nil
}
