package did

import (
	"fmt"
	"strings"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Limits of ParseDocument.
const (
	MaxDocument  = 64 << 10 // bytes
	MaxDepth     = 16       // nested arrays and objects
	MaxMethods   = 256      // verification methods, embedded ones included
	MaxServices  = 256
	maxListItems = 256 // controllers, aliases, contexts, types and endpoints
)

var (
	documentMembers = []string{
		"@context", "id", "alsoKnownAs", "controller", "verificationMethod", "authentication", "assertionMethod",
		"keyAgreement", "capabilityInvocation", "capabilityDelegation", "service",
	}
	methodMembers = []string{
		"id", "type", "controller", "publicKeyMultibase", "publicKeyJwk", "publicKeyBase58", "expires", "revoked",
		"secretKeyMultibase", "secretKeyJwk", "privateKeyJwk", "privateKeyMultibase", "privateKeyBase58",
	}
	serviceMembers = []string{"id", "type", "serviceEndpoint"}
)

// ParseDocument reads a DID document, application/did or its older forms application/did+json and +ld+json (DID 1.1,
// section 5 and 6; the JSON-LD context is kept and not processed). It is strict: over the limits of this package, duplicate
// members, a known member in another case, values of the wrong shape, ids that repeat, and relationships with methods that
// the document does not hold are refused with an *Error of code INVALID_DID_DOCUMENT. DID URLs may be relative to the
// document's id. A verification method whose type or algorithm is not known stays in the document with a zero Key.
func ParseDocument(b []byte) (*Document, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: MaxDocument, Depth: MaxDepth})
	if err != nil {
		return nil, &Error{Code: InvalidDIDDocument, Err: err}
	}
	if err := checkMembers(place{"document", -1}, v, documentMembers); err != nil {
		return nil, err
	}
	var p documentParser
	if p.doc.ID, err = parseDID(v, "id"); err != nil {
		return nil, err
	}
	p.doc.Extra = extraMembers(v, documentMembers)
	for _, step := range []func(strictjson.Value) error{p.head, p.methods, p.relationships, p.services} {
		if err := step(v); err != nil {
			return nil, err
		}
	}
	return &p.doc, nil
}

// place names a part of the document in an error: an entry of a list, or the whole of it if i is negative.
type place struct {
	name string
	i    int
}

func (p place) String() string {
	if p.i < 0 {
		return p.name
	}
	return fmt.Sprintf("%s %d", p.name, p.i)
}

type documentParser struct{ doc Document }

// checkMembers refuses what is no object and members that differ from a known one in case only: a reader that folds case
// would take them for the known one.
func checkMembers(what place, v strictjson.Value, known []string) error {
	if v.Kind() != strictjson.Object {
		return refuse("%s: an object was expected", what)
	}
	for _, m := range v.Members() {
		for _, k := range known {
			if m.Name != k && strings.EqualFold(m.Name, k) {
				return refuse("%s: the member %q is written in another case", what, k)
			}
		}
	}
	return nil
}

func extraMembers(v strictjson.Value, known []string) (extra []Member) {
next:
	for _, m := range v.Members() {
		for _, k := range known {
			if m.Name == k {
				continue next
			}
		}
		extra = append(extra, Member{m.Name, string(strictjson.AppendCanonical(nil, m.Value))})
	}
	return extra
}

// head reads what stands before the verification methods.
func (p *documentParser) head(v strictjson.Value) (err error) {
	if p.doc.Context, err = parseContext(v); err != nil {
		return err
	}
	if p.doc.AlsoKnownAs, err = stringSet(v, "alsoKnownAs", false); err != nil {
		return err
	}
	for _, s := range p.doc.AlsoKnownAs {
		if !isURI(s) {
			return refuse("alsoKnownAs: not a URI")
		}
	}
	controllers, err := stringSet(v, "controller", true)
	if err != nil {
		return err
	}
	for _, s := range controllers {
		d, err := Parse(s)
		if err != nil {
			return refuse("controller: not a DID")
		}
		p.doc.Controller = append(p.doc.Controller, d)
	}
	return nil
}

func parseContext(v strictjson.Value) ([]string, error) {
	c, ok := v.Get("@context")
	if !ok {
		return nil, nil
	}
	items := c.Elems()
	if c.Kind() != strictjson.Array {
		items = []strictjson.Value{c}
	}
	if len(items) > maxListItems {
		return nil, refuse("@context: more than %d items", maxListItems)
	}
	var list []string
	for _, item := range items {
		s, isString := item.Str()
		switch {
		case item.Kind() == strictjson.Object:
			list = append(list, string(strictjson.AppendCanonical(nil, item)))
		case isString && isURI(s):
			list = append(list, s)
		default:
			return nil, refuse("@context: neither a URL nor an object")
		}
	}
	return list, nil
}

// stringSet reads a member that is a set of strings, or, if single, also one string. An absent member is an empty set.
func stringSet(v strictjson.Value, name string, single bool) ([]string, error) {
	m, ok := v.Get(name)
	if !ok {
		return nil, nil
	}
	if s, ok := m.Str(); ok && single {
		return []string{s}, nil
	}
	if m.Kind() != strictjson.Array {
		return nil, refuse("%s: not a list of strings", name)
	}
	items := m.Elems()
	if len(items) == 0 {
		return nil, nil
	}
	if len(items) > maxListItems {
		return nil, refuse("%s: more than %d items", name, maxListItems)
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, ok := item.Str()
		if !ok {
			return nil, refuse("%s: not a list of strings", name)
		}
		for _, other := range list {
			if s == other {
				return nil, refuse("%s: the same item twice", name)
			}
		}
		list = append(list, s)
	}
	return list, nil
}

func parseDID(v strictjson.Value, name string) (DID, error) {
	m, _ := v.Get(name)
	s, ok := m.Str()
	if !ok {
		return DID{}, refuse("%s: missing or not a string", name)
	}
	d, err := Parse(s)
	if err != nil {
		return DID{}, refuse("%s: not a DID", name)
	}
	return d, nil
}

// objects returns the elements of a member that is a list; an absent member is an empty list.
func objects(v strictjson.Value, name string, most int) ([]strictjson.Value, error) {
	m, ok := v.Get(name)
	if !ok {
		return nil, nil
	}
	if m.Kind() != strictjson.Array {
		return nil, refuse("%s: not a list", name)
	}
	if n := len(m.Elems()); n > most {
		return nil, refuse("%s: %d entries, at most %d", name, n, most)
	}
	return m.Elems(), nil
}

func (p *documentParser) methods(v strictjson.Value) error {
	list, err := objects(v, "verificationMethod", MaxMethods)
	if err != nil || len(list) == 0 {
		return err
	}
	p.doc.VerificationMethod = make([]VerificationMethod, 0, len(list))
	for i, item := range list {
		if err := p.addMethod(item, place{"verificationMethod", i}, 0); err != nil {
			return err
		}
	}
	return nil
}

// addMethod adds a method of the document, or one embedded in a relationship if embedded is not 0.
func (p *documentParser) addMethod(v strictjson.Value, what place, embedded Purpose) error {
	m, err := parseMethod(v, p.doc.ID, what)
	if err != nil {
		return err
	}
	if _, taken := p.doc.Method(m.ID); taken {
		return refuse("%s: its id is taken", what)
	}
	if len(p.doc.VerificationMethod) == MaxMethods {
		return refuse("more than %d verification methods", MaxMethods)
	}
	m.Embedded, m.Purposes = embedded != 0, embedded
	p.doc.VerificationMethod = append(p.doc.VerificationMethod, *m)
	return nil
}

func (p *documentParser) relationships(v strictjson.Value) error {
	for purpose, term := range AllPurposes.Each() {
		list, err := objects(v, term, MaxMethods)
		if err != nil {
			return err
		}
		for i, item := range list {
			what := place{term, i}
			ref, isRef := item.Str()
			if !isRef {
				if err := p.addMethod(item, what, purpose); err != nil {
					return err
				}
				continue
			}
			u, err := ParseURLRelative(p.doc.ID, ref)
			if err != nil {
				return refuse("%s: not a DID URL", what)
			}
			m, ok := p.doc.Method(u)
			if !ok || m.Embedded {
				return refuse("%s: names no entry of verificationMethod", what)
			}
			if m.Purposes.Has(purpose) {
				return refuse("%s: names a method a second time", what)
			}
			m.Purposes |= purpose
		}
	}
	return nil
}

func (p *documentParser) services(v strictjson.Value) error {
	list, err := objects(v, "service", MaxServices)
	if err != nil {
		return err
	}
	seen := make(map[string]struct{}, len(list))
	for i, item := range list {
		what := place{"service", i}
		s, id, err := parseService(item, p.doc.ID, what)
		if err != nil {
			return err
		}
		_, taken := seen[id]
		if _, isMethod := p.doc.Method(s.ID); taken || isMethod {
			return refuse("%s: its id is taken", what)
		}
		seen[id] = struct{}{}
		p.doc.Service = append(p.doc.Service, *s)
	}
	return nil
}

// parseService returns a service and its absolute id, which a service with an id of another scheme has in Extra only.
func parseService(v strictjson.Value, base DID, what place) (*Service, string, error) {
	if err := checkMembers(what, v, serviceMembers); err != nil {
		return nil, "", err
	}
	m, _ := v.Get("id")
	id, ok := m.Str()
	if !ok {
		return nil, "", refuse("%s: id: missing or not a string", what)
	}
	s := &Service{Extra: extraMembers(v, serviceMembers)}
	u, err := ParseURLRelative(base, id)
	switch {
	case err == nil:
		s.ID, id = u, u.String()
	case isURI(id) && !strings.HasPrefix(id, "did:"):
		s.Extra = append(s.Extra, Member{"id", string(strictjson.AppendString(nil, id))})
	default:
		return nil, "", refuse("%s: id: not a DID URL or another URI", what)
	}
	if s.Type, err = stringSet(v, "type", true); err != nil || len(s.Type) == 0 {
		return nil, "", refuse("%s: type: missing, or not one or several strings", what)
	}
	e, _ := v.Get("serviceEndpoint")
	items := e.Elems()
	if e.Kind() != strictjson.Array {
		items = []strictjson.Value{e}
	}
	if len(items) == 0 || len(items) > maxListItems {
		return nil, "", refuse("%s: serviceEndpoint: missing, or more than %d", what, maxListItems)
	}
	for _, item := range items {
		text, isString := item.Str()
		switch {
		case item.Kind() == strictjson.Object:
			s.Endpoint = append(s.Endpoint, Endpoint{Object: string(strictjson.AppendCanonical(nil, item))})
		case isString && isURI(text):
			s.Endpoint = append(s.Endpoint, Endpoint{URI: text})
		default:
			return nil, "", refuse("%s: serviceEndpoint: neither a URI nor an object", what)
		}
	}
	return s, id, nil
}

// isURI tells whether s is a URI by the characters of RFC 3986: a scheme, a colon, and something after it.
func isURI(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon < 1 || colon+1 == len(s) || !isAlpha(s[0]) {
		return false
	}
	for i := 1; i < colon; i++ {
		if c := s[i]; !isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	rest, fragment, _ := strings.Cut(s[colon+1:], "#")
	for {
		n := scanURL(rest, 0, true)
		if n == len(rest) {
			return scanURL(fragment, 0, true) == len(fragment)
		}
		if rest[n] != '[' && rest[n] != ']' { // of an IPv6 address
			return false
		}
		rest = rest[n+1:]
	}
}

// parseTime reads an XML Schema dateTimeStamp (Controlled Identifiers 1.0, section 2.2) of the years 1 to 9999
// UTC, which RFC 3339 can write.
func parseTime(v strictjson.Value, name string) (time.Time, error) {
	m, ok := v.Get(name)
	if !ok {
		return time.Time{}, nil
	}
	s, _ := m.Str()
	t, err := time.Parse(time.RFC3339Nano, s)
	if t = t.UTC(); err != nil || t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
		return time.Time{}, fmt.Errorf("%s: not a date and time with a zone", name)
	}
	return t, nil
}
