package realdid

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Limits of a document (SPEC.md section 5).
const (
	MaxMethods     = 16
	MaxServices    = 16
	MaxAliases     = 16
	MaxEndpoint    = 512 // bytes of one endpoint or alias; of a map, in canonical JSON
	MaxEndpoints   = 8   // endpoints of one service
	MaxFragment    = 32  // characters of A-Z, a-z, 0-9, ".", "_" and "-"
	MaxServiceType = 64  // bytes of one service type
)

// Content is what the holder decides about a DID document; id and controllers follow from the DID. The order is kept.
type Content struct {
	VerificationMethods []VerificationMethod
	Services            []Service
	AlsoKnownAs         []string // URIs
}

// A VerificationMethod is named by its fragment for good: neither key nor purposes ever change, and once removed neither
// the fragment nor the key returns.
type VerificationMethod struct {
	Fragment string
	Key      keys.PublicKey
	Purposes did.Purpose // at least one; exactly keyAgreement for a key that cannot sign

	added int64
}

// A Service is a named list of endpoints.
type Service struct {
	Fragment  string
	Types     []string
	Endpoints []Endpoint
}

// An Endpoint is a URI, or Properties whose values are strings and lists of strings (the shape of DIDComm endpoints).
type Endpoint struct {
	URI        string
	Properties map[string]any
}

const allPurposes = did.Authentication | did.AssertionMethod | did.KeyAgreement | did.CapabilityInvocation | did.CapabilityDelegation

func (c Content) method(fragment string) (VerificationMethod, bool) {
	for _, m := range c.VerificationMethods {
		if m.Fragment == fragment {
			return m, true
		}
	}
	return VerificationMethod{}, false
}

func (c Content) holds(k keys.PublicKey) bool {
	return slices.ContainsFunc(c.VerificationMethods, func(m VerificationMethod) bool { return m.Key.Equal(k) })
}

func (w *wireDocument) content() (Content, error) {
	var c Content
	if len(w.Methods) > MaxMethods || len(w.Services) > MaxServices || len(w.AlsoKnownAs) > MaxAliases {
		return c, fmt.Errorf("over %d methods, %d services or %d aliases", MaxMethods, MaxServices, MaxAliases)
	}
	var fragments []string
	name := func(f string) error {
		if !validFragment(f) {
			return fmt.Errorf("fragment: want 1 to %d of A-Z a-z 0-9 . _ -", MaxFragment)
		}
		if slices.Contains(fragments, f) {
			return errors.New("fragment: twice")
		}
		fragments = append(fragments, f)
		return nil
	}
	for i, m := range w.Methods {
		if err := name(m.Fragment); err != nil {
			return c, err
		}
		k, err := keys.ParseMulticodec(m.Key)
		if err != nil {
			return c, fmt.Errorf("method %d: %w", i, err)
		}
		p := did.Purpose(m.Purposes)
		switch {
		case m.Purposes == 0 || m.Purposes > uint64(allPurposes):
			return c, fmt.Errorf("method %d: purposes outside 1 to %d", i, allPurposes)
		case k.Algorithm() == keys.X25519 && p != did.KeyAgreement:
			return c, fmt.Errorf("method %d: a key that cannot sign is for keyAgreement alone", i)
		case k.Algorithm() == keys.BLS12381G2 && p != did.AssertionMethod:
			return c, fmt.Errorf("method %d: a key that signs lists of messages is for assertionMethod alone", i)
		}
		if c.holds(k) {
			return c, fmt.Errorf("method %d: one key twice", i)
		}
		c.VerificationMethods = append(c.VerificationMethods, VerificationMethod{Fragment: m.Fragment, Key: k, Purposes: p})
	}
	for i, s := range w.Services {
		if err := name(s.Fragment); err != nil {
			return c, err
		}
		svc, err := s.service()
		if err != nil {
			return c, fmt.Errorf("service %d: %w", i, err)
		}
		c.Services = append(c.Services, svc)
	}
	for i, a := range w.AlsoKnownAs {
		if len(a) > MaxEndpoint || !validURI(a) {
			return c, fmt.Errorf("alias %d: not a URI of at most %d bytes", i, MaxEndpoint)
		}
		if slices.Contains(w.AlsoKnownAs[:i], a) {
			return c, fmt.Errorf("alias %d: twice", i)
		}
	}
	c.AlsoKnownAs = w.AlsoKnownAs
	return c, nil
}

func (w *wireService) service() (Service, error) {
	s := Service{Fragment: w.Fragment, Types: w.Types}
	if len(w.Types) == 0 || len(w.Types) > MaxEndpoints || len(w.Endpoints) == 0 || len(w.Endpoints) > MaxEndpoints {
		return s, fmt.Errorf("want 1 to %d types and endpoints", MaxEndpoints)
	}
	for i, t := range w.Types {
		if t == "" || len(t) > MaxServiceType || slices.Contains(w.Types[:i], t) {
			return s, fmt.Errorf("type %d: empty, twice, or over %d bytes", i, MaxServiceType)
		}
	}
	for i, e := range w.Endpoints {
		ep, err := parseEndpoint(e)
		if err != nil {
			return s, fmt.Errorf("endpoint %d: %w", i, err)
		}
		s.Endpoints = append(s.Endpoints, ep)
	}
	return s, nil
}

func parseEndpoint(e any) (Endpoint, error) {
	switch e := e.(type) {
	case string:
		if len(e) > MaxEndpoint || !validURI(e) {
			return Endpoint{}, fmt.Errorf("not a URI of at most %d bytes", MaxEndpoint)
		}
		return Endpoint{URI: e}, nil
	case map[string]any:
		for _, v := range e {
			switch v := v.(type) {
			case string:
			case []any:
				for _, x := range v {
					if _, ok := x.(string); !ok {
						return Endpoint{}, errors.New("a property is neither a string nor a list of strings")
					}
				}
			default:
				return Endpoint{}, errors.New("a property is neither a string nor a list of strings")
			}
		}
		j, err := strictjson.Canonical(e)
		if err != nil || len(e) == 0 || len(j) > MaxEndpoint {
			return Endpoint{}, fmt.Errorf("properties are empty or over %d bytes", MaxEndpoint)
		}
		return Endpoint{Properties: e}, nil
	}
	return Endpoint{}, errors.New("neither a URI nor properties")
}

// wire encodes c after the same checks that a reader makes.
func (c Content) wire() (*wireDocument, error) {
	w := &wireDocument{AlsoKnownAs: c.AlsoKnownAs}
	for _, m := range c.VerificationMethods {
		if m.Key.IsZero() {
			return nil, refuse("document: method %q has no key", m.Fragment)
		}
		w.Methods = append(w.Methods, wireMethod{Fragment: m.Fragment, Key: m.Key.Multicodec(), Purposes: uint64(m.Purposes)})
	}
	for _, s := range c.Services {
		ws := wireService{Fragment: s.Fragment, Types: s.Types}
		for _, e := range s.Endpoints {
			if e.Properties == nil {
				ws.Endpoints = append(ws.Endpoints, e.URI)
				continue
			}
			props := map[string]any{}
			for k, v := range e.Properties {
				if list, ok := v.([]string); ok {
					anys := make([]any, len(list))
					for i, x := range list {
						anys[i] = x
					}
					v = anys
				}
				props[k] = v
			}
			ws.Endpoints = append(ws.Endpoints, props)
		}
		w.Services = append(w.Services, ws)
	}
	if _, err := w.content(); err != nil {
		return nil, refuse("document: %v", err)
	}
	return w, nil
}

func validFragment(s string) bool {
	if s == "" || len(s) > MaxFragment {
		return false
	}
	for _, c := range []byte(s) {
		if !alphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// validURI checks the characters and the scheme of RFC 3986, without which nothing in a document may stand.
func validURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || scheme == "" || !alphanumeric(scheme[0]) || scheme[0] <= '9' {
		return false
	}
	for _, c := range []byte(scheme) {
		if !alphanumeric(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	hex := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f' }
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == '%':
			if i+2 >= len(rest) || !hex(rest[i+1]) || !hex(rest[i+2]) {
				return false
			}
		case !alphanumeric(c) && !strings.ContainsRune("-._~:/?#[]@!$&'()*+,;=", rune(c)):
			return false
		}
	}
	return true
}
