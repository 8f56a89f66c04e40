package did

import (
	"net/url"
	"strings"
	"time"
)

// Dereferenced is what a DID URL stands for. Method, Service and Document point into the document.
type Dereferenced struct {
	Method   *VerificationMethod // the fragment names a verification method
	Service  *Service            // the fragment or the parameter service names a service
	Document *Document           // the URL names neither: the document itself
	Endpoint []string            // with the parameter service: the endpoint URLs, relativeRef applied
}

// Dereference finds what u names in the document, which must be the resolution of u's DID under u.ResolveOptions (DID
// Resolution 1.0, section 5.4, which is marked at risk). Understood are: a fragment, compared exactly with the ids of
// methods and services; and the parameter service, a service's id, absolute, as "#name" or as "name", with relativeRef and a
// fragment, which are applied to each endpoint that is a URI.
//
// relativeRef is resolved as RFC 3986, section 5, says, so that "/x" replaces the path of the endpoint. It may not leave the
// endpoint's scheme, host and user: absolute and "//host" references, and endpoints without a host, are INVALID_DID_URL. A
// path, the parameter hl (whose integrity check is not done here), and what the document does not hold are NOT_FOUND.
func (d *Document) Dereference(u URL) (*Dereferenced, error) {
	if u.DID() != d.ID || d.ID.IsZero() {
		return nil, &Error{Code: InvalidDIDURL, Detail: "the DID URL belongs to another DID"}
	}
	if u.Path() != "" {
		return nil, &Error{Code: NotFound, Detail: "a path names nothing in a DID document"}
	}
	if err := onlyKnownParams(u.Query()); err != nil {
		return nil, err
	}
	name, ok, err := u.Param("service")
	if err != nil {
		return nil, err
	}
	if ok {
		return d.dereferenceService(u, name)
	}
	if _, has, err := u.Param("relativeRef"); has || err != nil {
		return nil, &Error{Code: InvalidDIDURL, Detail: "relativeRef without service, or given twice"}
	}
	if u.Fragment() == "" {
		return &Dereferenced{Document: d}, nil
	}
	id := d.ID.WithFragment(u.Fragment())
	if m, ok := d.Method(id); ok {
		return &Dereferenced{Method: m}, nil
	}
	if s, ok := d.ServiceByID(id); ok {
		return &Dereferenced{Service: s}, nil
	}
	return nil, &Error{Code: NotFound, Detail: "the document holds nothing under this fragment"}
}

func onlyKnownParams(query string) error {
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		switch name {
		case "", "service", "relativeRef", "versionId", "versionTime":
		default:
			return &Error{Code: NotFound, Detail: "a parameter that is not understood"}
		}
	}
	return nil
}

func (d *Document) dereferenceService(u URL, name string) (*Dereferenced, error) {
	id, err := ParseURLRelative(d.ID, name)
	if err != nil {
		id = d.ID.WithFragment(name)
	}
	s, ok := d.ServiceByID(id)
	if !ok {
		return nil, &Error{Code: NotFound, Detail: "the document holds no service of this name"}
	}
	ref, hasRef, err := u.Param("relativeRef")
	if err != nil {
		return nil, err
	}
	out := &Dereferenced{Service: s}
	for _, e := range s.Endpoint {
		if e.URI == "" {
			continue
		}
		target := e.URI
		if hasRef {
			if target, err = resolveReference(target, ref); err != nil {
				return nil, err
			}
		}
		if f := u.Fragment(); f != "" {
			if strings.Contains(target, "#") {
				return nil, &Error{Code: InvalidDIDURL, Detail: "both the DID URL and the endpoint have a fragment"}
			}
			target += "#" + f
		}
		out.Endpoint = append(out.Endpoint, target)
	}
	if len(out.Endpoint) == 0 && (hasRef || u.Fragment() != "") {
		return nil, &Error{Code: NotFound, Detail: "the service has no endpoint that is a URI"}
	}
	return out, nil
}

// resolveReference resolves ref against an endpoint and refuses what leaves the endpoint's origin.
func resolveReference(endpoint, ref string) (string, error) {
	fault := func(detail string) (string, error) {
		return "", &Error{Code: InvalidDIDURL, Detail: detail}
	}
	base, err := url.Parse(endpoint)
	if err != nil || base.Host == "" {
		return fault("relativeRef needs an endpoint with a host")
	}
	// The rules of browsers take a backslash for a slash; no URI holds one.
	r, err := url.Parse(ref)
	if err != nil || scanURL(strings.Replace(ref, "#", "", 1), 0, true) != len(strings.Replace(ref, "#", "", 1)) {
		return fault("relativeRef is not a URI reference")
	}
	if r.Scheme != "" || strings.HasPrefix(ref, "//") {
		return fault("relativeRef names another origin than the endpoint")
	}
	return base.ResolveReference(r).String(), nil
}

// versionTimeLayout is UTC in whole seconds, as DID Resolution 1.0 has it.
const versionTimeLayout = "2006-01-02T15:04:05Z"

// ResolveOptions returns the options that the parameters versionId and versionTime (UTC, whole seconds) ask for, nil if the
// URL has neither. Errors have the codes INVALID_DID_URL, for a parameter that is malformed or given twice, and
// INVALID_OPTIONS, for both at once.
func (u URL) ResolveOptions() (*ResolveOptions, error) {
	id, hasID, err := u.Param("versionId")
	if err != nil {
		return nil, err
	}
	at, hasTime, err := u.Param("versionTime")
	if err != nil {
		return nil, err
	}
	var opt ResolveOptions
	if hasID {
		if opt.VersionID = id; id == "" {
			return nil, &Error{Code: InvalidDIDURL, Detail: "versionId is empty"}
		}
	}
	if hasTime {
		opt.VersionTime, err = time.Parse(versionTimeLayout, at)
		if err != nil || opt.VersionTime.IsZero() || opt.VersionTime.Format(versionTimeLayout) != at {
			return nil, &Error{Code: InvalidDIDURL, Detail: "versionTime is not a date and time in UTC and whole seconds"}
		}
	}
	if err := opt.Check(); err != nil || opt.Newest() {
		return nil, err
	}
	return &opt, nil
}
