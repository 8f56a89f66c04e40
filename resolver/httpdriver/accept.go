package httpdriver

import (
	"strings"

	"github.com/realdid/realdid/did"
)

// Media types beside those of package did.
const (
	typeDIDJSON   = "application/did+json"
	typeDIDLDJSON = "application/did+ld+json"
	typeJSON      = "application/json"
	typeLDJSON    = "application/ld+json"
	typeLegacy    = `application/ld+json;profile="https://w3id.org/did-resolution"`
	typeURIList   = "text/uri-list"
	typeText      = "text/plain; charset=utf-8"

	legacyProfile = "https://w3id.org/did-resolution"
)

// variant is a form in which an answer can be written.
type variant uint8

const (
	variantNone variant = iota // nothing that the request accepts
	variantResult
	variantJSON     // the result under another media type
	variantLegacy   // the result as the Universal Resolver had it before DID Resolution 1.0
	variantDocument // the document alone
	variantDIDJSON
	variantDIDLDJSON

	variantDereferenced // a dereferencing result
	variantURIList      // the endpoints alone
	variantLDJSON       // of a DID URL, what it stands for
	variantJSONContent
	variants
)

// contentTypes are the header values of the variants, each ready for a header.
var contentTypes = [variants][]string{
	variantResult: {did.ResolutionMediaType}, variantJSON: {typeJSON}, variantLegacy: {typeLegacy},
	variantDocument: {did.MediaType}, variantDIDJSON: {typeDIDJSON}, variantDIDLDJSON: {typeDIDLDJSON},
	variantDereferenced: {did.DereferencingMediaType}, variantURIList: {typeURIList}, variantLDJSON: {typeLDJSON}, variantJSONContent: {typeJSON},
}

// offer is a variant that the server would rather give than those after it.
type offer struct {
	mediaType, profile string
	variant            variant
}

var (
	resolutionOffers = []offer{
		{did.ResolutionMediaType, "", variantResult},
		{did.MediaType, "", variantDocument},
		{typeDIDLDJSON, "", variantDIDLDJSON},
		{typeDIDJSON, "", variantDIDJSON},
		{typeLDJSON, legacyProfile, variantLegacy},
		{typeJSON, "", variantJSON},
	}
	dereferencingOffers = []offer{
		{did.DereferencingMediaType, "", variantDereferenced},
		{did.MediaType, "", variantDocument},
		{typeDIDLDJSON, "", variantDIDLDJSON},
		{typeDIDJSON, "", variantDIDJSON},
		{typeLDJSON, "", variantLDJSON},
		{typeJSON, "", variantJSONContent},
		{typeURIList, "", variantURIList},
	}
)

// Limits of an Accept header; what is beyond them is not looked at.
const (
	maxAccept = 1024
	maxRanges = 32
)

// mediaRange is one item of an Accept header (RFC 9110, section 12.5.1).
type mediaRange struct {
	typ, subtype, profile string
	q                     int // in thousandths
}

// negotiate picks the offer that the Accept header wants most: by quality, then by the order of the offers. No header at
// all, and an empty one, accept everything. variantNone: it accepts none of them.
func negotiate(accept string, offers []offer) variant {
	switch accept {
	case "", "*/*":
		return offers[0].variant
	case offers[0].mediaType:
		return offers[0].variant
	}
	var ranges [maxRanges]mediaRange
	n := parseAccept(accept, ranges[:0])
	best, bestQ := variantNone, 0
	for _, o := range offers {
		if q := o.quality(ranges[:n]); q > bestQ {
			best, bestQ = o.variant, q
		}
	}
	return best
}

// quality returns what the most specific range that matches the offer says.
func (o offer) quality(ranges []mediaRange) int {
	q, specific := 0, -1
	for _, r := range ranges {
		level := 0
		typ, subtype, _ := strings.Cut(o.mediaType, "/")
		switch {
		case r.profile != "" && r.profile != o.profile:
			continue
		case r.typ == typ && r.subtype == subtype && r.profile != "":
			level = 3
		case r.typ == typ && r.subtype == subtype:
			level = 2
		case r.typ == typ && r.subtype == "*":
			level = 1
		case r.typ == "*" && r.subtype == "*":
		default:
			continue
		}
		if level > specific {
			q, specific = r.q, level
		}
	}
	return q
}

// parseAccept appends the ranges of a header and returns how many there are. What is malformed is passed over.
func parseAccept(accept string, ranges []mediaRange) int {
	if len(accept) > maxAccept {
		accept = accept[:maxAccept]
	}
	for accept != "" && len(ranges) < cap(ranges) {
		var item string
		item, accept = cutUnquoted(accept, ',')
		if r, ok := parseRange(item); ok {
			ranges = append(ranges, r)
		}
	}
	return len(ranges)
}

func parseRange(item string) (mediaRange, bool) {
	name, params := cutUnquoted(item, ';')
	typ, subtype, ok := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "/")
	if !ok || typ == "" || subtype == "" {
		return mediaRange{}, false
	}
	r := mediaRange{typ: typ, subtype: subtype, q: 1000}
	for params != "" {
		var param string
		param, params = cutUnquoted(params, ';')
		key, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		switch strings.ToLower(key) {
		case "q":
			if r.q, ok = parseQuality(value); !ok {
				return mediaRange{}, false
			}
		case "profile":
			r.profile = strings.Trim(value, `"`)
		}
	}
	return r, true
}

// parseQuality reads 0 to 1 with at most three decimals.
func parseQuality(s string) (int, bool) {
	whole, decimals, _ := strings.Cut(s, ".")
	if whole != "0" && whole != "1" || len(decimals) > 3 {
		return 0, false
	}
	q := int(whole[0]-'0') * 1000
	for i, unit := 0, 100; i < len(decimals); i, unit = i+1, unit/10 {
		if decimals[i] < '0' || decimals[i] > '9' {
			return 0, false
		}
		q += int(decimals[i]-'0') * unit
	}
	return q, q <= 1000
}

// cutUnquoted cuts at the first separator that does not stand in a quoted string.
func cutUnquoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
