// Package didwebvh resolves and writes did:webvh identifiers (Decentralized Identity Foundation, did:webvh 1.0): a log of
// signed, hash-chained entries on a web server, the first of which the identifier commits to.
//
// Resolver fetches and verifies. Verify does without a network what Resolver does after fetching. Create and Chain.Append
// write the entries, SignWitness and AddWitness the approvals of witnesses, and WebDocument the parallel did:web document.
//
// What the method does not give: a server that withholds the newest entries shows an old state that verifies, and witnesses
// do not change that. Evidence.Latest is never set.
package didwebvh

import (
	"context"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/webfetch"
)

// Fetcher reads a file of a location. *webfetch.Client is one; errors are those of its Fetch.
type Fetcher interface {
	Fetch(ctx context.Context, l webfetch.Location, f webfetch.File) ([]byte, error)
}

// Resolver resolves did:webvh identifiers.
type Resolver struct {
	fetcher Fetcher
	now     func() time.Time
	skew    time.Duration
}

// Options of a Resolver.
type Options struct {
	Fetcher Fetcher          // nil: a webfetch.Client with its defaults
	Now     func() time.Time // nil: time.Now

	// MaxClockSkew is how far in the future the time of an entry may lie, for controllers whose clock is ahead of this one.
	// The specification, and the default, is not at all.
	MaxClockSkew time.Duration
}

// New returns a resolver. opt may be nil.
func New(opt *Options) *Resolver {
	r := &Resolver{now: time.Now}
	if opt != nil {
		r.fetcher, r.skew = opt.Fetcher, max(opt.MaxClockSkew, 0)
		if opt.Now != nil {
			r.now = opt.Now
		}
	}
	if r.fetcher == nil {
		r.fetcher = webfetch.NewClient(nil)
	}
	return r
}

// The files of an identifier. Their content proves itself, so that the media type decides nothing: those of
// ordinary servers for files whose ending they do not know are accepted.
var (
	logFile = webfetch.File{
		Name:  "did.jsonl",
		Types: []string{"text/jsonl", "application/jsonl", "application/x-ndjson", "application/json", "text/plain", "application/octet-stream", ""},
		Max:   MaxLog,
	}
	witnessFile = webfetch.File{
		Name:  "did-witness.json",
		Types: []string{"application/json", "text/plain", "application/octet-stream", ""},
		Max:   MaxWitnessFile,
	}
)

// Resolve fetches the log, and did-witness.json if witnesses had to approve, verifies them and answers as
// Log.Resolution says. A log with a fault is refused, with one exception that the specification makes: where the fault is not
// one of witnesses, a VersionID or VersionTime that names an entry before it (and, for a time, one that another such
// entry ended) is answered, with the metadata of the entries before the fault.
//
// Errors: those of Parse, Verify, Log.Find and Log.Resolution, and NOT_FOUND if there is no log, all final; INTERNAL_ERROR
// when there was no answer, also because the host's address is not public (webfetch.ErrAddress).
func (r *Resolver) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	return r.resolve(ctx, id, func(l *Log, fault error) (*Version, error) {
		v, err := l.Find(opt)
		switch {
		case fault == nil:
			return v, err
		case err != nil, opt.Newest(), opt.VersionID == "" && v == l.Newest():
			return nil, fault
		}
		return v, nil
	})
}

// ResolveNumber is Resolve for the version of this number, from 1 (the DID URL parameter versionNumber).
func (r *Resolver) ResolveNumber(ctx context.Context, id did.DID, n int) (*did.Resolution, error) {
	return r.resolve(ctx, id, func(l *Log, fault error) (*Version, error) {
		v, err := l.Number(n)
		if err != nil && fault != nil {
			return nil, fault
		}
		return v, err
	})
}

// resolve lets choose pick the version of a log whose valid part ends, if fault is not nil, before a fault.
func (r *Resolver) resolve(ctx context.Context, id did.DID, choose func(l *Log, fault error) (*Version, error)) (*did.Resolution, error) {
	parsed, err := Parse(id)
	if err != nil {
		return nil, err
	}
	asOf := r.now()
	raw, err := r.fetcher.Fetch(ctx, parsed.Location, logFile)
	if err != nil {
		return nil, logError(err)
	}
	c, f := parseChain(id, raw, asOf.Add(r.skew))
	if err := ctx.Err(); err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	if c.NeedsWitnesses() {
		file, err := r.fetcher.Fetch(ctx, parsed.Location, witnessFile)
		if err != nil && !errors.Is(err, webfetch.ErrNotFound) && !errors.Is(err, webfetch.ErrContent) {
			return nil, webfetch.ResolutionError(err)
		}
		if f := c.approve(file); f != nil {
			return nil, f.asError()
		}
	}
	if f == nil {
		f = c.checkName(id)
	}
	var refusal error
	if f != nil {
		refusal = f.asError()
	}
	if len(c.versions) == 0 {
		return nil, refusal
	}
	l := &Log{c, id}
	v, err := choose(l, refusal)
	if err != nil {
		return nil, err
	}
	return l.Resolution(v, asOf)
}

// logError returns the error of fetching a log: one that is too large or of another kind is a log that is not valid.
func logError(err error) error {
	if errors.Is(err, webfetch.ErrContent) {
		return &did.Error{Code: did.InvalidDID, Err: err}
	}
	return webfetch.ResolutionError(err)
}
