package did

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Limits of ParseResolution.
const (
	MaxResolution     = 1 << 20 // bytes
	maxResolutionDeep = 24
	maxProofs         = 16
	maxRemoved        = 4096
)

// ParseResolution reads a DID resolution result (DID Resolution 1.0, section 9), such as AppendJSON writes, from somebody who
// need not be trusted. The Resolution is what the text says, and its Evidence is always empty: what an answer rests on is
// never its own word. Proofs are those that are a MethodProof; others are passed over. Extra holds the members of
// didDocumentMetadata that are not read here, as encoding/json would decode them, numbers as json.Number.
//
// A result that states an error gives that error, without a cause: INTERNAL_ERROR if its type is not known. A document that
// ParseDocument refuses is INVALID_DID_DOCUMENT. What is no resolution result is INTERNAL_ERROR: it is no answer. A
// deactivated DID may be shown without a document (section 4.4); the Document then has no ID.
func ParseResolution(b []byte) (*Resolution, []MethodProof, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: MaxResolution, Depth: maxResolutionDeep})
	if err != nil {
		return nil, nil, &Error{Code: InternalError, Detail: "no DID resolution result", Err: err}
	}
	meta, ok := v.Get("didResolutionMetadata")
	if !ok || meta.Kind() != strictjson.Object {
		return nil, nil, noResult("didResolutionMetadata is missing or not an object")
	}
	if stated, ok := meta.Get("error"); ok && stated.Kind() != strictjson.Null {
		return nil, nil, statedError(stated)
	}
	docMeta, ok := v.Get("didDocumentMetadata")
	if !ok || docMeta.Kind() != strictjson.Object {
		return nil, nil, noResult("didDocumentMetadata is missing or not an object")
	}
	r := &Resolution{Document: new(Document)}
	doc, _ := v.Get("didDocument")
	gone, _ := docMeta.Get("deactivated")
	isGone, _ := gone.Bool()
	switch {
	case doc.Kind() == strictjson.Object:
		if r.Document, err = ParseDocument(doc.Raw()); err != nil {
			return nil, nil, err
		}
	case doc.Kind() != strictjson.Null || !isGone:
		return nil, nil, noResult("didDocument is missing or not an object")
	}
	if err := r.parseMetadata(docMeta); err != nil {
		return nil, nil, err
	}
	proofs, err := parseProofs(docMeta)
	if err != nil {
		return nil, nil, err
	}
	return r, proofs, nil
}

func noResult(detail string) error {
	return &Error{Code: InternalError, Detail: "no DID resolution result: " + detail}
}

// ParseProblem reads a problem object (RFC 9457) as an error. A type that is none of the codes, and what is no problem
// object, is INTERNAL_ERROR.
func ParseProblem(b []byte) *Error {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: 64 << 10, Depth: maxResolutionDeep})
	if err != nil {
		return &Error{Code: InternalError, Detail: "no problem object", Err: err}
	}
	return statedError(v)
}

// statedError reads the error of a result: a problem object, or, as it was before DID Resolution 1.0, a name.
func statedError(v strictjson.Value) *Error {
	t, _ := v.Get("type")
	typ, _ := t.Str()
	name, isName := v.Str()
	for _, code := range allCodes {
		e := &Error{Code: code}
		if typ == e.Type() || isName && name == camelCase(string(code)) {
			if d, ok := v.Get("detail"); ok {
				text, _ := d.Str()
				e.Detail = asciiText(text[:min(len(text), maxDetail)])
			}
			return e
		}
	}
	return &Error{Code: InternalError, Detail: "an error of a kind that is not known"}
}

var allCodes = []ErrorCode{
	InvalidDID, InvalidDIDURL, InvalidOptions, NotFound, RepresentationNotSupported, MethodNotSupported, FeatureNotSupported,
	InvalidDIDDocument, InternalError, InvalidVerificationMethod, InvalidRelationship,
}

// LegacyName returns the name that the code had before DID Resolution 1.0, such as "notFound" for NOT_FOUND.
func (c ErrorCode) LegacyName() string { return camelCase(string(c)) }

func camelCase(code string) string {
	b := make([]byte, 0, len(code))
	upper := false
	for i := range len(code) {
		switch c := code[i]; {
		case c == '_':
			upper = true
		case upper:
			b, upper = append(b, c), false
		default:
			b = append(b, c|0x20)
		}
	}
	return string(b)
}

func (r *Resolution) parseMetadata(v strictjson.Value) error {
	m := &r.Metadata
	for name, field := range map[string]*time.Time{"created": &m.Created, "updated": &m.Updated, "nextUpdate": &m.NextUpdate} {
		t, err := parseTime(v, name)
		if err != nil {
			return noResult(name + " is not a date and time")
		}
		*field = t
	}
	for name, field := range map[string]*string{"versionId": &m.VersionID, "nextVersionId": &m.NextVersionID, "canonicalId": &m.CanonicalID} {
		member, ok := v.Get(name)
		if *field, _ = member.Str(); ok && *field == "" {
			return noResult(name + " is not a string, or empty")
		}
	}
	if gone, ok := v.Get("deactivated"); ok {
		if m.Deactivated, ok = gone.Bool(); !ok {
			return noResult("deactivated is not true or false")
		}
	}
	var err error
	if m.EquivalentID, err = stringSet(v, "equivalentId", false); err != nil {
		return noResult("equivalentId is not a set of strings")
	}
	for _, member := range v.Members() {
		if slices.Contains(metadataMembers, member.Name) {
			continue
		}
		if m.Extra == nil {
			m.Extra = map[string]any{}
		}
		m.Extra[member.Name] = member.Value.Interface()
	}
	if err := r.parseAdded(v); err != nil {
		return err
	}
	return r.parseRemoved(v)
}

func (r *Resolution) parseAdded(v strictjson.Value) error {
	list, err := objects(v, "addedVerificationMethod", MaxMethods)
	if err != nil {
		return noResult("addedVerificationMethod is not a list")
	}
	for _, item := range list {
		id, _ := item.Get("id")
		text, _ := id.Str()
		at, err := parseTime(item, "added")
		u, urlErr := ParseURL(text)
		if err != nil || urlErr != nil || at.IsZero() {
			return noResult("addedVerificationMethod holds no id or no time")
		}
		if m, ok := r.Document.Method(u); ok {
			m.Added = at
		}
	}
	return nil
}

func (r *Resolution) parseRemoved(v strictjson.Value) error {
	list, err := objects(v, "removedVerificationMethod", maxRemoved)
	if err != nil {
		return noResult("removedVerificationMethod is not a list")
	}
	for i, item := range list {
		m, err := parseMethod(item, r.Document.ID, place{"removedVerificationMethod", i})
		if err != nil {
			return err
		}
		m.Extra = slices.DeleteFunc(m.Extra, func(e Member) bool { return slices.Contains(removedMembers, e.Name) })
		if len(m.Extra) == 0 {
			m.Extra = nil
		}
		gone := RemovedMethod{VerificationMethod: *m}
		var addedErr, removedErr error
		gone.Added, addedErr = parseTime(item, "added")
		gone.Removed, removedErr = parseTime(item, "removed")
		if addedErr != nil || removedErr != nil || gone.Removed.IsZero() {
			return noResult("a removed verification method without a time")
		}
		terms, _ := item.Get("purposes")
		text, _ := terms.Str()
		if gone.Purposes, err = parsePurposes(text); err != nil {
			return err
		}
		flag, _ := item.Get("compromised")
		compromised, ok := flag.Bool()
		since, hasSince := item.Get("compromisedSince")
		n, isNumber := since.Int64()
		if !ok || hasSince && (!isNumber || n < 0) || compromised != hasSince {
			return noResult("a removed verification method that is neither compromised nor not")
		}
		gone.Compromised, gone.CompromisedSince = compromised, uint64(n)
		r.Removed = append(r.Removed, gone)
	}
	return nil
}

// parsePurposes reads what Purpose.String writes.
func parsePurposes(s string) (Purpose, error) {
	var all Purpose
	if s == "none" {
		return 0, nil
	}
	for term := range strings.SplitSeq(s, ",") {
		p, ok := ParsePurpose(term)
		if !ok || all.Has(p) {
			return 0, noResult("purposes of a removed verification method")
		}
		all |= p
	}
	return all, nil
}

func parseProofs(v strictjson.Value) ([]MethodProof, error) {
	list, err := objects(v, "proof", maxProofs)
	if err != nil {
		return nil, noResult("proof is not a set, or too large")
	}
	var out []MethodProof
	for _, item := range list {
		typ, _ := item.Get("type")
		if name, _ := typ.Str(); name != methodProofType {
			continue
		}
		method, _ := item.Get("method")
		value, _ := item.Get("proofValue")
		p := MethodProof{}
		p.Method, _ = method.Str()
		text, _ := value.Str()
		body, ok := strings.CutPrefix(text, "u")
		if p.Value, err = base64.RawURLEncoding.Strict().DecodeString(body); err != nil || !ok || p.Method == "" || len(p.Value) == 0 {
			return nil, noResult("a proof that is not written as one")
		}
		out = append(out, p)
	}
	return out, nil
}
