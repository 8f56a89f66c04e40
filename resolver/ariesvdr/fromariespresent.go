package ariesvdr

import (
	"encoding/json"
	"reflect"
	"slices"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"

	"github.com/realdid/realdid/did"
)

// presentService reads a service that Aries was shown: what it did not change of it stays as the document has it, also the types,
// endpoints and members that it was not shown.
func (w *wanted) presentService(given, shown *diddoc.Service, s *did.Service) error {
	was, is := serviceParts(shown), serviceParts(given)
	if len(given.Accept) == 0 { // Aries forgets it when it writes and reads a document
		is["beside.accept"] = was["beside.accept"]
	}
	if reflect.DeepEqual(was, is) {
		return w.sameService(given, s)
	}
	if err := w.service(given, nil); err != nil {
		return err
	}
	at := len(w.services) - 1
	merged, err := mergeService(w.services[at], was, is, s)
	if err != nil {
		return badDocument("a service that is not JSON")
	}
	w.services[at] = merged
	return nil
}

// sameService takes over a service as it is.
func (w *wanted) sameService(given *diddoc.Service, s *did.Service) error {
	fragment, err := w.serviceFragment(given.ID, false, false)
	if err != nil {
		return err
	}
	if !slices.Contains(s.Type, vdrapi.DIDCommV2ServiceType) {
		for _, r := range given.RecipientKeys {
			if !w.isRecipient(r) {
				return badDocument("a recipient that is no key of the document")
			}
		}
	}
	w.services, w.fragments = append(w.services, s.Canonical()), append(w.fragments, fragment)
	return nil
}

// serviceParts are the parts of Aries' service that can change apart from each other. Recipients of DIDCommMessaging are none:
// they follow from keyAgreement.
func serviceParts(s *diddoc.Service) map[string]any {
	types, err := serviceTypes(s.Type)
	parts := map[string]any{"type": types, "type.bad": err != nil}
	endpoint, err := s.ServiceEndpoint.MarshalJSON()
	var v any
	if err != nil || json.Unmarshal(endpoint, &v) != nil {
		v = err
	}
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	message := len(types) > 0 && isDIDComm(types[0])
	object, isObject := v.(map[string]any)
	switch {
	case message && isObject:
		for name, x := range object {
			parts[name] = x
		}
	case message:
		parts["uri"] = v
	default:
		parts["endpoint"] = v
	}
	if len(types) == 0 || types[0] != vdrapi.DIDCommV2ServiceType {
		parts["beside.recipientKeys"] = slices.Concat([]string{}, s.RecipientKeys)
	}
	parts["beside.routingKeys"] = slices.Concat([]string{}, s.RoutingKeys)
	parts["beside.accept"] = slices.Concat([]string{}, s.Accept)
	priority, ok := number(s.Priority)
	parts["priority"], parts["priority.bad"] = priority, !ok
	if len(s.Properties) > 0 {
		parts["properties"] = s.Properties
	}
	return parts
}

// mergeService puts the parts that changed into the service of the document. written is the service as it would be without it.
func mergeService(written []byte, was, is map[string]any, s *did.Service) ([]byte, error) {
	var to, from map[string]any
	if err := json.Unmarshal(written, &to); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(s.Canonical(), &from); err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(was["type"], is["type"]) {
		return written, nil // another kind of service
	}
	to["type"] = from["type"]
	endpoints, ok := from["serviceEndpoint"].([]any)
	if !ok {
		endpoints = []any{from["serviceEndpoint"]}
	}
	used := 0
	if _, plain := is["endpoint"]; !plain {
		used, _ = usedEndpoint(s)
		endpoints[used] = mergeEndpoint(endpoints[used], to["serviceEndpoint"], was, is)
	} else {
		endpoints[used] = to["serviceEndpoint"]
	}
	to["serviceEndpoint"] = endpoints
	if len(endpoints) == 1 {
		to["serviceEndpoint"] = endpoints[0]
	}
	return json.Marshal(to)
}

// mergeEndpoint changes the endpoint that Aries uses in those members that it changed.
func mergeEndpoint(old, written any, was, is map[string]any) any {
	object, isObject := old.(map[string]any)
	if !isObject {
		return written
	}
	next, isObject := written.(map[string]any)
	if !isObject {
		if _, one := written.(string); !one {
			return written // several endpoints
		}
		next = map[string]any{"uri": written}
	}
	for _, name := range []string{"uri", "accept", "routingKeys", "recipientKeys"} {
		if reflect.DeepEqual(was[name], is[name]) && reflect.DeepEqual(was["beside."+name], is["beside."+name]) {
			continue
		}
		if v, there := next[name]; there {
			object[name] = v
		} else {
			delete(object, name)
		}
	}
	return object
}
