package ariesvdr

import (
	"encoding/json"
	"fmt"
	"slices"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/vdr/fingerprint"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// serviceJSON is a service for the registrar.
type serviceJSON struct {
	ID       string   `json:"id"`
	Type     []string `json:"type"`
	Endpoint any      `json:"serviceEndpoint"`
}

// service reads a service. What Aries keeps beside the endpoint of did-communication moves into it.
func (w *wanted) service(s *diddoc.Service, def *defaults) error {
	types, err := serviceTypes(s.Type)
	if err != nil {
		return err
	}
	if len(types) == 0 && def != nil && def.serviceType != "" {
		types = []string{def.serviceType}
	}
	if len(types) == 0 {
		return badDocument("no type")
	}
	fragment, err := w.serviceFragment(s.ID, isDIDComm(types[0]), def != nil)
	if err != nil {
		return err
	}
	if len(s.Properties) > 0 {
		return badDocument("the method cannot keep other members of a service")
	}
	if p, ok := number(s.Priority); !ok || p != 0 {
		return badDocument("the method cannot keep the priority of a service")
	}
	endpoint, err := endpointJSON(s)
	if err != nil {
		return err
	}
	if endpoint == nil && def != nil && def.endpoint != "" {
		endpoint = def.endpoint
		if types[0] == vdrapi.DIDCommV2ServiceType {
			endpoint = map[string]any{"uri": def.endpoint, "accept": []string{profileV2}}
		}
	}
	if endpoint == nil {
		return badDocument("no endpoint")
	}
	switch types[0] {
	case vdrapi.DIDCommV2ServiceType:
		err = w.checkRecipients(s)
	case vdrapi.DIDCommServiceType, vdrapi.LegacyServiceType:
		endpoint, err = w.messageProperties(s, endpoint, types[0] == vdrapi.DIDCommServiceType)
	default:
		if len(s.RecipientKeys)+len(s.RoutingKeys)+len(s.Accept) > 0 {
			err = badDocument("keys or profiles in a service that is not for messages")
		}
	}
	if err != nil {
		return err
	}
	b, err := json.Marshal(serviceJSON{"#" + fragment, types, endpoint})
	if err != nil {
		return badDocument("an endpoint that is not JSON")
	}
	w.services = append(w.services, b)
	w.fragments = append(w.fragments, fragment)
	return nil
}

func serviceTypes(t any) ([]string, error) {
	switch t := t.(type) {
	case nil:
		return nil, nil
	case string:
		if t == "" {
			return nil, nil
		}
		return []string{t}, nil
	case []string:
		return slices.Clone(t), nil
	case []any:
		var out []string
		for _, x := range t {
			s, ok := x.(string)
			if !ok {
				return nil, badDocument("a type that is no text")
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, badDocument("a type that is a %T", t)
}

// number reads a priority, which is 0 if there is none.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case nil:
		return 0, true
	case int:
		return float64(n), true
	case uint:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func (w *wanted) serviceFragment(id string, message, creating bool) (string, error) {
	if id != "" || !creating {
		fragment, err := w.fragment(id)
		if err == nil && w.taken(fragment) {
			err = badDocument("one id twice")
		}
		return fragment, err
	}
	base := "service"
	if message {
		base = "didcomm"
	}
	name := base
	for n := 2; w.taken(name); n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	return name, nil
}

// endpointJSON returns the endpoint as a string, an object or a list; nil if there is none. Aries' own reader of endpoints
// panics over some; this one only writes them.
func endpointJSON(s *diddoc.Service) (any, error) {
	b, err := s.ServiceEndpoint.MarshalJSON()
	if err != nil {
		return nil, badDocument("an endpoint that is not JSON")
	}
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: did.MaxDocument, Depth: did.MaxDepth})
	if err != nil {
		return nil, badDocument("an endpoint that is not JSON")
	}
	endpoint := v.Interface()
	if list, ok := endpoint.([]any); ok && len(list) == 1 {
		endpoint = list[0]
	}
	switch e := endpoint.(type) {
	case map[string]any:
		if e["uri"] == "" { // Aries writes it so if it has none
			return nil, nil
		}
	case string:
		if e == "" {
			return nil, nil
		}
	}
	return endpoint, nil
}

// checkRecipients refuses recipients of DIDCommMessaging that are not what follows from the document anyway.
func (w *wanted) checkRecipients(s *diddoc.Service) error {
	if len(s.RoutingKeys) > 0 {
		return badDocument("routing keys beside the endpoint, where DIDCommMessaging has none")
	}
	for _, r := range s.RecipientKeys {
		fragment, err := w.fragment(r)
		if err != nil {
			return badDocument("a recipient that is no method of the document")
		}
		i := slices.IndexFunc(w.methods, func(m wantedMethod) bool { return m.fragment == fragment })
		if i < 0 || !w.methods[i].purposes.Has(did.KeyAgreement) {
			return badDocument("a recipient that is no method of keyAgreement")
		}
	}
	return nil
}

// messageProperties makes an endpoint object of what Aries reads of did-communication.
func (w *wanted) messageProperties(s *diddoc.Service, endpoint any, fill bool) (any, error) {
	uri, ok := endpoint.(string)
	if !ok {
		return nil, badDocument("an endpoint of did-communication that is no URI")
	}
	recipients := s.RecipientKeys
	if len(recipients) == 0 && fill {
		for i := range w.methods {
			if k := w.methods[i].key; k.Algorithm() == keys.Ed25519 {
				didKey, _ := fingerprint.CreateDIDKey(k.Bytes())
				recipients = []string{didKey}
				break
			}
		}
	}
	for _, r := range recipients {
		if !w.isRecipient(r) {
			return nil, badDocument("a recipient that is no key of the document")
		}
	}
	if len(recipients)+len(s.RoutingKeys)+len(s.Accept) == 0 {
		return uri, nil
	}
	props := map[string]any{"uri": uri}
	for name, list := range map[string][]string{"recipientKeys": recipients, "routingKeys": s.RoutingKeys, "accept": s.Accept} {
		if len(list) > 0 {
			props[name] = list
		}
	}
	return props, nil
}

// isRecipient tells whether a recipient of did-communication is a key that the document will have.
func (w *wanted) isRecipient(r string) bool {
	fragment, err := w.fragment(r)
	return slices.ContainsFunc(w.methods, func(m wantedMethod) bool { return isKey(r, m.key) || err == nil && m.fragment == fragment })
}

// keepServices adds those that Aries was not shown.
func (w *wanted) keepServices(p *present) error {
	for i := range p.doc.Service {
		s := &p.doc.Service[i]
		id := serviceID(s)
		switch {
		case slices.ContainsFunc(p.shown.Service, func(x diddoc.Service) bool { return x.ID == id }):
		case slices.ContainsFunc(w.fragments, func(f string) bool { return p.doc.ID.String()+"#"+f == id }):
			return badDocument("an id that a service has which Aries was not shown")
		default:
			w.services = append(w.services, s.Canonical())
		}
	}
	return nil
}
