package status

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/vc"
)

// Source brings lists from wherever they are published. It is asked once for all who want the same list at a time, and not again
// before the list's ttl has passed. It decides which URIs it follows: they come from credentials, so a Source that uses the network must keep
// to https, to public addresses and to Request.MaxBytes. An issuer that gives every credential a URI of its own learns from each request
// whose credential is shown: only lists that were brought ahead, by Lists.Add, tell nobody.
type Source interface {
	// Fetch returns the document at r.URI. Every error means that it could not be had now.
	Fetch(ctx context.Context, r Request) (Document, error)
}

// SourceFunc is a function as a Source.
type SourceFunc func(ctx context.Context, r Request) (Document, error)

// Fetch implements Source.
func (f SourceFunc) Fetch(ctx context.Context, r Request) (Document, error) { return f(ctx, r) }

// Request is what a Source is asked for.
type Request struct {
	URI        string
	MediaTypes []string // what can be read, without "application/", the most wanted first: for an Accept header
	MaxBytes   int      // a longer document is refused
}

// Document is a list as it was received.
type Document struct {
	// MediaType decides how it is read: with or without "application/", parameters are ignored. If it is empty or general ("json",
	// "ld+json", "jwt", "cbor", "octet-stream", "text/plain") the first bytes decide.
	MediaType string
	Bytes     []byte
}

// Options of Lists; zero values mean the defaults.
type Options struct {
	// Formats read the credentials that hold Bitstring Status Lists, and Token Status Lists in other forms than a JWT, by media type without
	// "application/":
	//
	//	"vc":             func(b []byte) vc.Presentation { return dataintegrity.Received(b, nil) },
	//	"vc+jwt":         func(b []byte) vc.Presentation { return jose.Received(b, nil) },
	//	"statuslist+cwt": func(b []byte) vc.Presentation { return cwt.Received(b, nil) },
	//
	// statuslist+jwt is always there.
	Formats map[string]func(b []byte) vc.Presentation
	// Delegates names, for an issuer of credentials, others whose lists count for them beside its own.
	Delegates map[string][]string
	// Expect holds what signatures of lists must meet: PinnedKeys and Certificates for issuers without a DID, evidence, retired
	// keys, clock skew, InsecureGenesisOnly. The other fields do not count: they are set for each list.
	Expect vc.Expect
	Limits Limits

	// MinEntries is how many entries a Bitstring Status List must have at least; default MinEntries.
	MinEntries uint64
	// MaxListAge is how long ago a list may have been signed (or begun to be valid, if it does not say when it was signed). By default a list
	// that says when it ends counts until then, and one that does not as long as it may have been obtained ago: without a bound, whoever stands
	// between verifier and issuer could show an old list forever.
	MaxListAge time.Duration
	// Refresh is after how long a newer copy is asked for of a list without ttl; default DefaultRefresh.
	Refresh time.Duration
	// MinRefresh is how long no newer copy is asked for, whatever ttl says; default DefaultMinRefresh.
	MinRefresh time.Duration
	// Retry is how long a list that could not be had is not asked for again; default DefaultRetry.
	Retry time.Duration
	// Timeout ends one question to the Source, and the verification of its answer; default DefaultTimeout.
	Timeout time.Duration

	// MaxMemory bounds the arrays that are kept, in bytes; default DefaultMaxMemory. MaxLists bounds their number; default
	// DefaultMaxLists. Those that were not looked at for the longest time go first; lists that were added never go. How new
	// the lists were that went is remembered, so that they do not come back older.
	MaxMemory int
	MaxLists  int

	// InsecureUnnamedLists accepts a Bitstring Status List whose credential has no id. Who can answer for the list's server can then
	// show any other list of the same issuer in its place.
	InsecureUnnamedLists bool
}

// What the zero values in Options mean.
const (
	DefaultRefresh    = 15 * time.Minute
	DefaultMinRefresh = time.Minute
	DefaultRetry      = 10 * time.Second
	DefaultTimeout    = 10 * time.Second
	DefaultMaxMemory  = 64 << 20
	DefaultMaxLists   = 1024

	maxRefresh = 24 * time.Hour // a copy is not taken for current longer, whatever ttl says
)

// Lists are the status lists of a verifier: fetched once, verified, inflated, kept and looked up. It implements vc.StatusLists and is
// safe for concurrent use.
//
// Time is that of the questions: nothing happens between them.
type Lists struct {
	verifier *vc.Verifier
	source   Source
	opt      Options
	accept   []string // media types
	cache    cache
}

// NewLists returns Lists that verify lists with v and get them from s; without s, only lists that are added are known. opt may be nil.
func NewLists(v *vc.Verifier, s Source, opt *Options) *Lists {
	l := &Lists{verifier: v, source: s}
	if opt != nil {
		l.opt = *opt
	}
	o := &l.opt
	o.Limits = o.Limits.withDefaults()
	o.Refresh = defaultDuration(o.Refresh, DefaultRefresh)
	o.MinRefresh = defaultDuration(o.MinRefresh, DefaultMinRefresh)
	o.Retry = defaultDuration(o.Retry, DefaultRetry)
	o.Timeout = defaultDuration(o.Timeout, DefaultTimeout)
	if o.MinEntries == 0 {
		o.MinEntries = MinEntries
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = DefaultMaxMemory
	}
	if o.MaxLists <= 0 {
		o.MaxLists = DefaultMaxLists
	}
	l.cache.init(max(o.MaxMemory, o.Limits.Bytes+entryOverhead), o.MaxLists)
	l.accept = mediaTypes(o.Formats)
	return l
}

func defaultDuration(d, def time.Duration) time.Duration {
	if d <= 0 {
		return def
	}
	return d
}

// Status implements vc.StatusLists.
//
// What stands in the credential and is wrong is final (ErrInvalid): an index that the list does not have, a purpose or a size that the list
// does not have. What whoever stands between verifier and list can bring about is not (ErrUnknown): no list, one that does
// not verify, of another issuer, with another URI, of another kind, expired, too old, cut off, too large, too short.
func (l *Lists) Status(ctx context.Context, q vc.StatusQuery) (vc.StatusEntry, error) {
	if err := checkReference(&q.Reference); err != nil {
		return vc.StatusEntry{}, err
	}
	k := key{issuer: q.Issuer, uri: q.Reference.URI}
	held := l.cache.get(k)
	if held.list == nil && !isURI(k.uri) { // what is kept has one
		return vc.StatusEntry{}, vc.Invalid("status.reference", "the reference has no absolute URI")
	}
	if l.wants(&held, &q) {
		held = l.refresh(ctx, k, &q)
	}
	e, err := l.answer(&held, &q)
	if vc.Code(err) == codeIndex && l.source != nil && l.mayAsk(&held, q.At) {
		held = l.refresh(ctx, k, &q) // the list may have grown since
		return l.answer(&held, &q)
	}
	return e, err
}

// wants tells whether a newer copy should be asked for.
func (l *Lists) wants(h *holding, q *vc.StatusQuery) bool {
	if l.source == nil || !l.mayAsk(h, q.At) {
		return false
	}
	return h.list == nil || q.At.Sub(h.list.obtained) >= l.refreshAfter(h.list) || l.checkFresh(h.list, q) != nil
}

// mayAsk keeps the Source from being asked for every credential, by a list that says so or one that cannot be had.
func (l *Lists) mayAsk(h *holding, at time.Time) bool {
	if h.asked.IsZero() {
		return true
	}
	pause := l.opt.MinRefresh
	if h.err != nil {
		pause = l.opt.Retry
	}
	return at.Sub(h.asked).Abs() >= pause
}

func (l *Lists) refreshAfter(list *heldList) time.Duration {
	after := l.opt.Refresh
	if list.hasTTL {
		after = list.ttl
	}
	return min(after, maxRefresh)
}

var (
	errNoSource  = errors.New("the list is not at hand, and there is nothing to fetch it with")
	errNoIssuer  = errors.New("the policy for lists accepts no list for credentials of this issuer")
	errEnded     = errors.New("the list has ended")
	errEarly     = errors.New("the list is of the future")
	errOldCopy   = errors.New("the list was obtained longer ago than the policy allows")
	errOldList   = errors.New("the list was made longer ago than the policy allows, or does not say when")
	errKind      = errors.New("the document is a list of another kind")
	errOtherList = errors.New("the document is another list: it has another URI")
	errUnnamed   = errors.New("the document does not say which list it is")
)

// answer looks the entry up in what is held.
func (l *Lists) answer(h *holding, q *vc.StatusQuery) (vc.StatusEntry, error) {
	list := h.list
	if list == nil {
		if h.err != nil {
			return vc.StatusEntry{}, h.err
		}
		return vc.StatusEntry{}, vc.UnknownBecause("status.list.unavailable", errNoSource)
	}
	if err := l.checkFresh(list, q); err != nil {
		if h.err != nil {
			return vc.StatusEntry{}, vc.UnknownBecause(err.Code, fmt.Errorf("%w; and a newer one: %w", err.Unwrap(), h.err.Unwrap()))
		}
		return vc.StatusEntry{}, err
	}
	v, err := l.lookup(list, &q.Reference)
	if err != nil {
		return vc.StatusEntry{}, err
	}
	message, ok := q.Reference.Messages[v]
	if !ok {
		message = list.messages[v]
	}
	return vc.StatusEntry{
		Reference: q.Reference, Value: v, Meaning: Meaning(q.Reference, v), Message: message,
		ListIssuedAt: list.issuedAt, Obtained: list.obtained, Expires: list.expires,
	}, nil
}

// checkFresh decides whether a list still says something, and says it already.
func (l *Lists) checkFresh(list *heldList, q *vc.StatusQuery) *vc.Fault {
	made := list.age().made
	bound := l.opt.MaxListAge
	if bound <= 0 && list.expires.IsZero() {
		bound = q.MaxAge
	}
	soon := q.At.Add(l.skew())
	switch {
	case !list.expires.IsZero() && !q.At.Before(list.expires):
		return vc.UnknownBecause("status.list.expired", errEnded)
	case soon.Before(list.issuedAt) || soon.Before(list.notBefore):
		return vc.UnknownBecause("status.list.future", errEarly)
	case q.At.Sub(list.obtained) > q.MaxAge:
		return vc.UnknownBecause("status.list.stale", errOldCopy)
	case bound > 0 && q.At.Sub(made) > bound: // as it is if made is not known
		return vc.UnknownBecause("status.list.stale", errOldList)
	}
	return nil
}

func (l *Lists) skew() time.Duration {
	if l.opt.Expect.ClockSkew == 0 {
		return vc.DefaultClockSkew
	}
	return max(l.opt.Expect.ClockSkew, 0)
}
