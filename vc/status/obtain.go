package status

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
)

// CWTMediaType is that of a Token Status List as a CWT, without "application/"; vc/status/cwt reads it.
const CWTMediaType = "statuslist+cwt"

// TokenCarrier is a vc.Parsed that holds a Token Status List. TokenList is called after the signature was found valid.
type TokenCarrier interface {
	vc.Parsed
	TokenList() (*TokenList, error)
}

// Preloaded is a list that was brought by other means than a Source.
type Preloaded struct {
	Issuer   string // of the credentials that it is for
	URI      string
	Document Document
	Obtained time.Time // when it was fetched, or came; for how old it may be
}

// Add verifies a list and keeps it for as long as the Lists exist, for verifiers without a network and for those that fetch all lists
// ahead. Errors are a *vc.Fault, and others if there is no room.
func (l *Lists) Add(ctx context.Context, p Preloaded) error {
	if !isURI(p.URI) {
		return vc.Invalid("status.reference", "the list has no absolute URI")
	}
	k := key{issuer: p.Issuer, uri: p.URI}
	list, fault := l.read(ctx, k, p.Document, p.Obtained)
	if fault != nil {
		return fault
	}
	c := &l.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	n, count := c.pinnedBytes()
	if e, ok := c.entries[k]; ok && e.Value.(*cached).pinned {
		n, count = n-e.Value.(*cached).bytes, count-1
	}
	if n+list.cost()+entryOverhead > c.maxBytes || count+1 > c.maxCount {
		return errors.New("status: add: no room for another list; see Options.MaxMemory and MaxLists")
	}
	if h := c.put(k, holding{list: list}, true); h.list == nil {
		return h.err
	}
	return nil
}

// obtain fetches and reads a list.
func (l *Lists) obtain(ctx context.Context, k key, at time.Time) (list *heldList, fault *vc.Fault) {
	defer func() {
		if p := recover(); p != nil { // in the Source or a format: not worth a process
			list, fault = nil, vc.UnknownBecause("status.list.unavailable", fmt.Errorf("panic: %v", p))
		}
	}()
	doc, err := l.source.Fetch(ctx, Request{URI: k.uri, MediaTypes: l.accept, MaxBytes: l.opt.Limits.Document})
	if err != nil {
		return nil, unknown("status.list.unavailable", err)
	}
	return l.read(ctx, k, doc, at)
}

// unknown makes a fault of err that is never final, even if err holds one that is.
func unknown(code string, err error) *vc.Fault {
	if errors.Is(err, vc.ErrInvalid) {
		err = errors.New(err.Error())
	}
	return vc.UnknownBecause(code, err)
}

var (
	errTooLong = errors.New("the document is larger than the limit")
	errFormat  = errors.New("the document is of a media type that is not read")
)

// read verifies a document and inflates the list in it.
func (l *Lists) read(ctx context.Context, k key, doc Document, at time.Time) (*heldList, *vc.Fault) {
	if len(doc.Bytes) > l.opt.Limits.Document {
		return nil, vc.UnknownBecause("status.list.size", errTooLong)
	}
	media := mediaType(doc)
	e, ok := l.expect(k.issuer, media)
	if !ok {
		return nil, vc.UnknownBecause("status.list.issuer", errNoIssuer)
	}
	p := l.open(media, doc.Bytes)
	if p == nil {
		return nil, vc.UnknownBecause("status.list.format", errFormat)
	}
	parsed, err := p.Open()
	if err != nil {
		return nil, unknown("status.list.refused", err)
	}
	carrier, isToken := parsed.(TokenCarrier)
	if isToken {
		e.InsecureAnyType = true
		if o := parsed.Origin(); o.Issuer == "" && len(o.Chain) == 0 { // draft-20 demands no iss: it is the credentials' issuer
			p = assumed{p, k.issuer}
		}
	} else {
		e.Types = []string{bitstringCredentialType}
	}
	verified, _, err := l.verifier.Verify(ctx, p, &e)
	if err != nil {
		return nil, unknown(refusal(err), err)
	}
	var list *heldList
	if isToken {
		list, err = heldToken(carrier)
	} else {
		list, err = heldBitstring(verified, l.opt.Limits.Bytes)
	}
	switch {
	case err != nil:
		return nil, unknown("status.list.refused", err)
	case list.uri == "" && !l.opt.InsecureUnnamedLists:
		return nil, vc.UnknownBecause("status.list.foreign", errUnnamed)
	case list.uri != "" && list.uri != k.uri:
		return nil, vc.UnknownBecause("status.list.foreign", errOtherList)
	}
	list.own()
	list.obtained = at
	return list, nil
}

// refusal is the code for a list that a vc.Verifier does not accept.
func refusal(err error) string {
	switch vc.Code(err) {
	case "vc.issuer.notaccepted":
		return "status.list.issuer"
	case "vc.time.expired":
		return "status.list.expired"
	case "vc.time.notyet", "vc.time.future":
		return "status.list.future"
	}
	return "status.list.refused"
}

// expect is the policy for lists that are to count for credentials of an issuer; ok is false if it would accept none.
func (l *Lists) expect(issuer, media string) (e vc.Expect, ok bool) {
	names := append([]string{issuer}, l.opt.Delegates[issuer]...)
	e = l.opt.Expect
	e.Issuers, e.InsecureAnyIssuer = nil, false
	for _, n := range names {
		if id, err := did.Parse(n); err == nil {
			e.Issuers = append(e.Issuers, id)
		}
	}
	e.PinnedKeys = slices.DeleteFunc(slices.Clone(e.PinnedKeys), func(p vc.PinnedKey) bool { return !slices.Contains(names, p.Issuer) })
	if e.Certificates != nil {
		e.Certificates = &vc.CertificatePolicy{Roots: e.Certificates.Roots, Issuers: names}
	}
	e.Types, e.InsecureAnyType, e.Schemas = nil, false, nil
	e.MediaTypes = []string{media}
	e.Audience, e.Nonce, e.InsecureNoHolderBinding = "", "", true
	// A list that has itself a status would have to be looked up in another list: it is not accepted.
	e.StatusLists, e.InsecureIgnoreStatus = nil, false
	return e, len(e.Issuers) > 0 || len(e.PinnedKeys) > 0 || e.Certificates != nil
}

func (l *Lists) open(media string, b []byte) vc.Presentation {
	if f := l.opt.Formats[media]; f != nil {
		return f(b)
	}
	if media == TokenMediaType {
		return ReceivedToken(b, &l.opt.Limits)
	}
	return nil
}

// assumed gives a presentation that names no issuer one.
type assumed struct {
	vc.Presentation
	issuer string
}

type assumedParsed struct {
	vc.Parsed
	issuer string
}

// Open implements vc.Presentation.
func (a assumed) Open() (vc.Parsed, error) {
	p, err := a.Presentation.Open()
	if err != nil {
		return nil, err
	}
	return assumedParsed{p, a.issuer}, nil
}

// Origin implements vc.Parsed.
func (a assumedParsed) Origin() vc.Origin {
	o := a.Parsed.Origin()
	o.Issuer = a.issuer
	return o
}

func heldToken(c TokenCarrier) (*heldList, error) {
	t, err := c.TokenList()
	if err != nil {
		return nil, err
	}
	return &heldList{
		mechanism: vc.TokenStatusList, uri: t.URI, size: t.Bits.Size(), data: t.Bits.Bytes(),
		issuedAt: t.IssuedAt, notBefore: t.NotBefore, expires: t.Expires, ttl: t.TTL, hasTTL: t.TTL > 0,
	}, nil
}

func heldBitstring(v *vc.Verified, limit int) (*heldList, error) {
	b, err := readBitstring(v.Claims())
	if err != nil {
		return nil, err
	}
	bits, err := DecodeBitstring(b.encoded, 1, limit)
	if err != nil {
		return nil, err
	}
	return &heldList{
		mechanism: vc.BitstringStatusList, uri: b.url, purposes: b.purposes, size: b.size, messages: b.messages, data: bits.Bytes(),
		issuedAt: v.IssuedAt, notBefore: v.NotBefore, expires: v.Expires, ttl: b.ttl, hasTTL: b.hasTTL,
	}, nil
}

// mediaTypes lists what can be read, for an Accept header.
func mediaTypes(formats map[string]func([]byte) vc.Presentation) []string {
	out := []string{TokenMediaType}
	for m := range formats {
		if m != TokenMediaType {
			out = append(out, m)
		}
	}
	slices.Sort(out[1:])
	return out
}

// mediaType tells how a document is to be read.
func mediaType(d Document) string {
	m, _, _ := strings.Cut(d.MediaType, ";")
	m = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(m)), "application/")
	switch m {
	case "", "json", "ld+json", "jwt", "cbor", "cose", "cwt", "octet-stream", "text/plain":
	default:
		return m
	}
	b := d.Bytes
	switch {
	case len(b) == 0:
		return m
	case b[0] == '{':
		return "vc"
	case b[0] == 0xd2: // the tag of COSE_Sign1
		return CWTMediaType
	}
	// The type of a JWT stands in its header, if that can be read.
	if t := tokenType(b); t != "" {
		return t
	}
	return TokenMediaType
}
