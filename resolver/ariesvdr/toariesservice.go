package ariesvdr

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/mr-tron/base58"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// profileV2 is what an endpoint of DIDCommMessaging takes that does not say it.
const profileV2 = "didcomm/v2"

const propertyOrigins = "origins" // of well-known DID configurations, which Aries knows

// isDIDComm tells the services that Aries sends messages to.
func isDIDComm(serviceType string) bool {
	return serviceType == vdrapi.DIDCommV2ServiceType || serviceType == vdrapi.DIDCommServiceType || serviceType == vdrapi.LegacyServiceType
}

// services writes those for messages before the others.
func (w *writer) services(d *did.Document) {
	var rest []diddoc.Service
	for i := range d.Service {
		s, ok := w.service(d, &d.Service[i])
		switch {
		case !ok:
		case isDIDComm(typeText(s.Type)):
			w.doc.Service = append(w.doc.Service, s)
		default:
			rest = append(rest, s)
		}
	}
	w.doc.Service = append(w.doc.Service, rest...)
}

func typeText(t any) string {
	s, _ := t.(string)
	return s
}

// endpointObject has the members that Aries reads of an endpoint.
type endpointObject struct {
	URI           string   `json:"uri"`
	Accept        []string `json:"accept"`
	RoutingKeys   []string `json:"routingKeys"`
	RecipientKeys []string `json:"recipientKeys"`
}

func (w *writer) service(d *did.Document, s *did.Service) (diddoc.Service, bool) {
	out, id := diddoc.Service{}, serviceID(s)
	out.ID = id
	kind := ""
	for _, t := range []string{vdrapi.DIDCommV2ServiceType, vdrapi.DIDCommServiceType, vdrapi.LegacyServiceType} {
		if kind == "" && slices.Contains(s.Type, t) {
			kind = t
		}
	}
	switch {
	case id == "" || len(s.Type) == 0:
		w.leave("service", "without id or type")
		return out, false
	case kind != "":
		out.Type = kind
		if len(s.Type) > 1 {
			w.leave(id, "its other types: Aries looks for one")
		}
	case len(s.Type) == 1:
		out.Type = s.Type[0]
	default:
		list := make([]any, len(s.Type))
		for i, t := range s.Type {
			list[i] = t
		}
		out.Type = list
	}
	if !w.extras(d, &out, s) {
		return out, false
	}
	if kind == "" {
		return out, w.plainEndpoint(&out, s)
	}
	return out, w.messageEndpoint(d, &out, s, kind)
}

// serviceID returns the id, which may be a URI that is no DID URL.
func serviceID(s *did.Service) string {
	if !s.ID.IsZero() {
		return s.ID.String()
	}
	for _, m := range s.Extra {
		if m.Name == "id" {
			var id string
			if json.Unmarshal([]byte(m.JSON), &id) == nil {
				return id
			}
		}
	}
	return ""
}

// extras takes over what stands beside type and endpoint.
func (w *writer) extras(d *did.Document, out *diddoc.Service, s *did.Service) bool {
	for _, m := range s.Extra {
		var err error
		switch m.Name {
		case "id":
		case "recipientKeys":
			err = json.Unmarshal([]byte(m.JSON), &out.RecipientKeys)
		case "routingKeys":
			err = json.Unmarshal([]byte(m.JSON), &out.RoutingKeys)
		case "accept":
			err = json.Unmarshal([]byte(m.JSON), &out.Accept)
		case "priority":
			err = json.Unmarshal([]byte(m.JSON), &out.Priority)
		default:
			if out.Properties == nil {
				out.Properties = map[string]any{}
			}
			var v any
			err = json.Unmarshal([]byte(m.JSON), &v)
			out.Properties[m.Name] = v
		}
		if err != nil {
			w.leave(out.ID, "its member "+m.Name+" is not of the shape that Aries reads")
			return false
		}
	}
	absolute(d.ID, out.RecipientKeys)
	absolute(d.ID, out.RoutingKeys)
	return true
}

// isURI tells what Aries takes for a URI and writes without harm: it quotes endpoints as Go does, not as JSON does.
func isURI(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != ""
}

// absolute resolves fragments, in place.
func absolute(id did.DID, list []string) {
	for i, k := range list {
		if strings.HasPrefix(k, "#") {
			list[i] = id.String() + k
		}
	}
}

// usedEndpoint returns the first endpoint that has a URI, which is the one that Aries would use; -1 if there is none.
func usedEndpoint(s *did.Service) (int, endpointObject) {
	for i := range s.Endpoint {
		e := endpointObject{}
		if uri := s.Endpoint[i].URI; uri != "" {
			e.URI = uri
		} else if json.Unmarshal([]byte(s.Endpoint[i].Object), &e) != nil {
			continue
		}
		if isURI(e.URI) {
			return i, e
		}
	}
	return -1, endpointObject{}
}

// recipients are keys of the document, and no others: a key that was retired stays in a service until somebody writes it anew.
func (w *writer) recipients(out *diddoc.Service, more []string) {
	all := append(out.RecipientKeys, more...)
	out.RecipientKeys = nil
	for _, r := range all {
		if w.isMethod(r) || slices.ContainsFunc(w.keys, func(k keys.PublicKey) bool { return isKey(r, k) }) {
			out.RecipientKeys = append(out.RecipientKeys, r)
		} else {
			w.leave(out.ID, "a recipient that is no key of the document")
		}
	}
}

func (w *writer) isMethod(id string) bool {
	for p := range did.AllPurposes.Each() {
		list, _ := relationship(w.doc, p)
		if slices.ContainsFunc(*list, func(v diddoc.Verification) bool { return v.VerificationMethod.ID == id }) {
			return true
		}
	}
	return false
}

// isKey tells whether a recipient is a key, as did:key with or without fragment, or in base58 alone, as it once was.
func isKey(recipient string, k keys.PublicKey) bool {
	name, _, _ := strings.Cut(recipient, "#")
	return name == "did:key:"+k.Multikey() || recipient == base58.Encode(k.Bytes())
}

// messageEndpoint writes the endpoint that Aries would use.
func (w *writer) messageEndpoint(d *did.Document, out *diddoc.Service, s *did.Service, kind string) bool {
	found, e := usedEndpoint(s)
	if found < 0 {
		w.leave(out.ID, "no endpoint has a URI in the place where Aries reads it")
		return false
	}
	if len(s.Endpoint) > 1 {
		w.leave(out.ID, "its other endpoints: Aries uses one")
	}
	absolute(d.ID, e.RecipientKeys)
	absolute(d.ID, e.RoutingKeys)
	if kind != vdrapi.DIDCommV2ServiceType {
		out.ServiceEndpoint = model.NewDIDCommV1Endpoint(e.URI)
		w.recipients(out, e.RecipientKeys)
		out.RoutingKeys = append(out.RoutingKeys, e.RoutingKeys...)
		out.Accept = append(out.Accept, e.Accept...)
		return true
	}
	if len(e.Accept) == 0 {
		e.Accept = []string{profileV2}
	}
	out.ServiceEndpoint = model.NewDIDCommV2Endpoint([]model.DIDCommV2Endpoint{{URI: e.URI, Accept: e.Accept, RoutingKeys: e.RoutingKeys}})
	out.RecipientKeys = nil
	for i := range w.doc.KeyAgreement { // methods are written before services
		out.RecipientKeys = append(out.RecipientKeys, w.doc.KeyAgreement[i].VerificationMethod.ID)
	}
	return true
}

// plainEndpoint writes the first endpoint of a service that has nothing to do with messages.
func (w *writer) plainEndpoint(out *diddoc.Service, s *did.Service) bool {
	if len(s.Endpoint) == 0 {
		w.leave(out.ID, "no endpoint")
		return false
	}
	if len(s.Endpoint) > 1 {
		w.leave(out.ID, "its other endpoints: Aries uses one")
	}
	if uri := s.Endpoint[0].URI; isURI(uri) {
		out.ServiceEndpoint = model.NewDIDCommV1Endpoint(uri)
		return true
	}
	var object map[string]any
	if json.Unmarshal([]byte(s.Endpoint[0].Object), &object) != nil || len(object) == 0 {
		w.leave(out.ID, "an endpoint without members")
		return false
	}
	if list, ok := object[propertyOrigins].([]any); ok && len(list) == 0 {
		w.leave(out.ID, "an endpoint without origins, over which Aries panics")
		return false
	}
	out.ServiceEndpoint = model.NewDIDCoreEndpoint(object)
	return true
}
