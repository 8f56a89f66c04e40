package didcomm

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// ServiceType is the type of services at which messages are received (DIDComm Messaging v2.1, section "Service Endpoint").
const ServiceType = "DIDCommMessaging"

// Profile is the profile of this package, as services name it in accept (section "Defined Profiles").
const Profile = "didcomm/v2"

// Limits of services. They bound what a stranger's document can make a sender do.
const (
	MaxEndpoints   = 16 // that are read from one document, and of one service
	MaxRoutingKeys = 8  // of one endpoint
	MaxMediators   = 4  // whose documents Agent.Routes asks for
	MaxRoutes      = 32 // that Agent.Routes returns
	maxAccept      = 16
)

// ErrNoEndpoint is in the chain of the error of a party whose document names no endpoint that can be used: the message has
// to be brought to it in another way.
var ErrNoEndpoint = errors.New("no endpoint for DIDComm messages")

// Endpoint is one place at which a party receives messages, as its document says.
type Endpoint struct {
	Service     did.URL // the service in the document
	URI         string  // where to send to, or the DID of a mediator; no other URI of the scheme did
	Accept      []string
	RoutingKeys []did.URL // keys for which the message is wrapped, the outermost first: those of the mediators on the way
}

// NewService returns the service by which a document announces the endpoints, the preferred one first. Accept is Profile
// where it is nil, and Service is not looked at. An error is ErrInvalid.
func NewService(id did.URL, endpoints ...Endpoint) (did.Service, error) {
	const what = "service"
	if len(endpoints) == 0 || len(endpoints) > MaxEndpoints {
		return did.Service{}, invalid(what, "1 to %d endpoints are needed", MaxEndpoints)
	}
	s := did.Service{ID: id, Type: []string{ServiceType}}
	for _, e := range endpoints {
		accept := e.Accept
		if accept == nil {
			accept = []string{Profile}
		}
		w := writer{}
		w.open()
		w.text("uri", e.URI)
		w.list("accept", accept)
		if len(e.RoutingKeys) > 0 {
			w.list("routingKeys", texts(e.RoutingKeys))
		}
		if w.notUTF8 {
			return did.Service{}, invalid(what, "a text is not UTF-8")
		}
		v, err := strictjson.Parse(append(w.b, '}'), strictjson.Limits{})
		if err != nil {
			return did.Service{}, invalidBecause(what, "", err)
		}
		if _, err := parseEndpoint(v); err != nil {
			return did.Service{}, invalidBecause(what, "", err)
		}
		s.Endpoint = append(s.Endpoint, did.Endpoint{Object: string(strictjson.AppendCanonical(nil, v))})
	}
	return s, nil
}

// Endpoints returns the endpoints of the document's services of type DIDCommMessaging that accept the profile of this
// package, in the document's order, which is its holder's preference, and no more than MaxEndpoints. One that is not
// understood is left out, and so is a service of more than MaxEndpoints; if none is left, the error is ErrNoEndpoint and says
// what was wrong with the last.
func Endpoints(doc *did.Document) ([]Endpoint, error) {
	var out []Endpoint
	why := errors.New("no service of type " + ServiceType)
	for i := range doc.Service {
		s := &doc.Service[i]
		if !slices.Contains(s.Type, ServiceType) {
			continue
		}
		if len(s.Endpoint) > MaxEndpoints {
			why = errTooMany
			continue
		}
		for _, se := range s.Endpoint {
			if len(out) == MaxEndpoints {
				return out, nil
			}
			e, err := readEndpoint(se)
			if err != nil {
				why = err
				continue
			}
			e.Service = s.ID
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return nil, &fault{what: "service", detail: why.Error(), kind: ErrInvalid, cause: ErrNoEndpoint}
	}
	return out, nil
}

func readEndpoint(se did.Endpoint) (Endpoint, error) {
	if se.Object == "" {
		return Endpoint{}, errors.New("serviceEndpoint is not an object")
	}
	v, err := strictjson.Parse([]byte(se.Object), strictjson.Limits{})
	if err != nil {
		return Endpoint{}, err
	}
	return parseEndpoint(v)
}

// parseEndpoint reads an object of serviceEndpoint. Older software writes routing_keys for routingKeys.
func parseEndpoint(v strictjson.Value) (Endpoint, error) {
	var e Endpoint
	var err error
	named := 0
	for _, m := range v.Members() {
		switch m.Name {
		case "uri":
			e.URI, err = nonEmpty(m.Value)
		case "accept":
			e.Accept, err = list(m.Value, maxAccept, nonEmpty)
		case "routingKeys", "routing_keys":
			named++
			e.RoutingKeys, err = list(m.Value, MaxRoutingKeys, hopOf)
		}
		if err != nil {
			return e, wrapName(m.Name, err)
		}
	}
	if named > 1 {
		return e, errors.New("routingKeys and routing_keys")
	}
	if len(e.RoutingKeys) == 0 {
		e.RoutingKeys = nil
	}
	u, err := url.Parse(e.URI)
	if err != nil || u.Scheme == "" {
		return e, errors.New("uri: not an absolute URI")
	}
	if _, err := did.Parse(e.URI); err != nil && u.Scheme == "did" {
		return e, errors.New("uri: of the scheme did, and not a DID")
	}
	if len(e.Accept) > 0 && !slices.Contains(e.Accept, Profile) {
		return e, errors.New("accept: not " + Profile)
	}
	return e, nil
}

// hopOf reads a routing key: the DID URL of a key, or a DID, which stands for all its keyAgreement keys.
func hopOf(v strictjson.Value) (did.URL, error) {
	s, err := text(v)
	if err != nil {
		return did.URL{}, err
	}
	u, err := did.ParseURL(s)
	if err == nil && !isHop(u) {
		err = errors.New("neither a DID nor a key")
	}
	return u, err
}

func isHop(u did.URL) bool { return u.IsKeyReference() || !u.IsZero() && u == u.DID().URL() }

// Route is a way to a party: where to send, and the hops for which the message has to be wrapped (Agent.Wrap).
type Route struct {
	To      did.DID
	Service did.URL   // the service of To's document
	URI     string    // the transport address: never of the scheme did
	Hops    []did.URL // keys, or DIDs of mediators; the outermost first; empty: To receives the message itself
}

// RouteOptions are the choices of Agent.Routes; nil means the defaults.
type RouteOptions struct {
	NoCache bool // asks the source for the documents, past caches: for when no way that was found is open
}

// Routes returns the ways to a party, the preferred first: the endpoints in its document, with those that are the DID of a
// mediator replaced by the mediator's own endpoints (section "Using a DID as an endpoint"), whose DID then is the first hop,
// followed by routing keys of the mediator's endpoint. A mediator whose endpoint is again a DID is not followed. The document of
// a mediator is asked for once; beyond the first MaxMediators of them, mediators are left out, and so are ways beyond the
// first MaxRoutes. The error, if no way is left, is ErrUnknown as long as a document could not be had; otherwise it is
// ErrInvalid, and ErrNoEndpoint if the documents are there and name no way.
func (a *Agent) Routes(ctx context.Context, to did.DID, opt *RouteOptions) ([]Route, error) {
	const what = "route"
	if opt == nil {
		opt = &RouteOptions{}
	}
	r, err := a.resolve(ctx, to, opt.NoCache)
	if err != nil {
		return nil, lookupFault(what, "the document of "+to.String(), err)
	}
	endpoints, err := Endpoints(r.Document)
	if err != nil {
		return nil, err
	}
	var out []Route
	var why error
	asked := map[did.DID][]Endpoint{}
	for _, e := range endpoints {
		mediator, err := did.Parse(e.URI)
		if err != nil {
			out = append(out, Route{To: to, Service: e.Service, URI: e.URI, Hops: e.RoutingKeys})
			continue
		}
		ways, known := asked[mediator]
		if !known {
			if len(asked) < MaxMediators {
				ways, err = a.mediated(ctx, mediator, opt)
				asked[mediator] = ways
			} else {
				err = &fault{what: what, detail: "too many mediators", kind: ErrInvalid, cause: ErrNoEndpoint}
			}
			if !errors.Is(why, ErrUnknown) {
				why = err
			}
		}
		for _, w := range ways {
			// The outermost envelope is for whoever receives at the address: the routing keys of the mediator's own
			// endpoint, then the mediator, then those that the recipient names.
			hops := append(slices.Clone(w.RoutingKeys), mediator.URL())
			out = append(out, Route{To: to, Service: e.Service, URI: w.URI, Hops: append(hops, e.RoutingKeys...)})
		}
	}
	if len(out) == 0 {
		return nil, why
	}
	return out[:min(len(out), MaxRoutes)], nil
}

// mediated returns the endpoints of a mediator that are no DIDs.
func (a *Agent) mediated(ctx context.Context, mediator did.DID, opt *RouteOptions) ([]Endpoint, error) {
	r, err := a.resolve(ctx, mediator, opt.NoCache)
	if err != nil {
		return nil, lookupFault("route", "the document of the mediator "+mediator.String(), err)
	}
	es, err := Endpoints(r.Document)
	if err != nil {
		return nil, err
	}
	es = slices.DeleteFunc(es, func(e Endpoint) bool { _, err := did.Parse(e.URI); return err == nil })
	if len(es) == 0 {
		return nil, &fault{what: "route", detail: "the endpoint of the mediator " + mediator.String() + " is again a DID", kind: ErrInvalid, cause: ErrNoEndpoint}
	}
	return es, nil
}
