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
// A verification method without a controller, which documents of this method are often written with, gets the document's
// own identifier as its controller: the entry is signed by who controls that.
func (v *Version) Document() (*did.Document, error) {
	d, err := did.ParseDocument(v.state)
	if err == nil {
		return d, nil
	}
	b, changed := withControllers(v.state, v.DID)
	if !changed {
		return nil, err
	}
	return did.ParseDocument(b)
}

var relationships = []string{
	"verificationMethod", "authentication", "assertionMethod", "keyAgreement", "capabilityInvocation", "capabilityDelegation",
}

func withControllers(state []byte, id did.DID) (b []byte, changed bool) {
	v, err := strictjson.Parse(state, strictjson.Limits{Bytes: MaxEntry, Depth: entryDepth})
	if err != nil {
		return nil, false
	}
	doc, _ := v.Interface().(map[string]any)
	for _, name := range relationships {
		list, _ := doc[name].([]any)
		for _, item := range list {
			method, isObject := item.(map[string]any)
			if _, has := method["controller"]; isObject && !has {
				method["controller"] = id.String()
				changed = true
			}
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
