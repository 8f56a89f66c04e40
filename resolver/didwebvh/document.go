package didwebvh

import (
	"bytes"
	"slices"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// Document returns the document of the version as its controller wrote it, without the implicit services. Errors have code
// INVALID_DID_DOCUMENT.
//
// Documents of this method are often written with two faults that can no longer be undone in a log, and that give nobody
// a power which the signed entry did not. A verification method without a controller gets the document's own identifier,
// whose controller signed the entry. A relationship's reference to a method that the document does not hold is left out.
func (v *Version) Document() (*did.Document, error) {
	d, err := did.ParseDocument(v.state)
	if err == nil {
		return d, nil
	}
	b, changed := mend(v.state, v.DID.String())
	if !changed {
		return nil, err
	}
	return did.ParseDocument(b)
}

var relationships = []string{
	"authentication", "assertionMethod", "keyAgreement", "capabilityInvocation", "capabilityDelegation",
}

// mend returns the document without the two faults.
func mend(state []byte, id string) (b []byte, changed bool) {
	v, err := strictjson.Parse(state, strictjson.Limits{Bytes: MaxEntry, Depth: entryDepth})
	if err != nil {
		return nil, false
	}
	doc, _ := v.Interface().(map[string]any)
	absolute := func(x any) string {
		s, _ := x.(string)
		if strings.HasPrefix(s, "#") {
			return id + s
		}
		return s
	}
	addController := func(x any) {
		method, isObject := x.(map[string]any)
		if _, has := method["controller"]; isObject && !has {
			method["controller"] = id
			changed = true
		}
	}
	held := map[string]bool{}
	methods, _ := doc["verificationMethod"].([]any)
	for _, x := range methods {
		addController(x)
		if method, ok := x.(map[string]any); ok {
			held[absolute(method["id"])] = true
		}
	}
	for _, name := range relationships {
		list, isList := doc[name].([]any)
		kept := slices.DeleteFunc(list, func(x any) bool {
			_, isText := x.(string)
			return isText && !held[absolute(x)]
		})
		if changed = changed || len(kept) < len(list); isList {
			doc[name] = kept
		}
		for _, x := range kept {
			addController(x)
		}
	}
	if !changed {
		return nil, false
	}
	b, err = strictjson.Canonical(doc)
	return b, err == nil
}

// addServices adds the implicit services (did:webvh 1.0, section "DID URL Path Resolution") where the document does
// not define its own.
func addServices(d *did.Document) {
	id, err := Parse(d.ID)
	if err != nil {
		return
	}
	base := id.Location.Base()
	add := func(fragment string, s did.Service) {
		s.ID = d.ID.WithFragment(fragment)
		if _, taken := d.ServiceByID(s.ID); !taken && len(d.Service) < did.MaxServices {
			d.Service = append(d.Service, s)
		}
	}
	add("files", did.Service{Type: []string{"relativeRef"}, Endpoint: []did.Endpoint{{URI: base}}})
	add("whois", did.Service{
		Type: []string{"LinkedVerifiablePresentation"}, Endpoint: []did.Endpoint{{URI: base + "whois.vp"}},
		Extra: []did.Member{{Name: "@context", JSON: `"https://identity.foundation/linked-vp/contexts/v1"`}},
	})
}

// WebDocument returns the did:web document that may be published as did.json beside the log, in canonical form (did:webvh
// 1.0, section "Publishing a Parallel did:web DID"). d is the document of a resolution. Whoever resolves the did:web has
// none of the log's proofs.
func WebDocument(d *did.Document) ([]byte, error) {
	id, err := Parse(d.ID)
	if err != nil {
		return nil, err
	}
	full := *d
	full.Service = slices.Clone(d.Service)
	addServices(&full)
	prefix := "did:webvh:" + id.SCID + ":"
	text := bytes.ReplaceAll(full.Canonical(), []byte(prefix), []byte("did:web:"))
	web, err := did.ParseDocument(text)
	if err != nil {
		return nil, err
	}
	self := "did:web:" + strings.TrimPrefix(d.ID.String(), prefix)
	var aliases []string
	for _, a := range append(web.AlsoKnownAs, d.ID.String()) {
		if a != self && !slices.Contains(aliases, a) {
			aliases = append(aliases, a)
		}
	}
	web.AlsoKnownAs = aliases
	return web.Canonical(), nil
}
