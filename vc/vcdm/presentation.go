package vcdm

import (
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// Presentation is a presentation that follows the data model. It is not verified: it deserves no trust.
type Presentation struct {
	Version     Version
	ID          string      // URL; "" if there is none
	Contexts    []string    // the URLs of @context in their order
	Types       []string    // "VerifiablePresentation" among them
	Holder      string      // URL; "" if there is none
	Credentials []Presented // none is possible
	Secured     bool        // there is a proof; which is not looked at
	Value       strictjson.Value
}

// Presented is one object of verifiableCredential.
type Presented struct {
	Value    strictjson.Value // an object with a type; [ParseCredential] has not checked it
	Envelope *Envelope        // nil if the credential stands there itself
}

// ParsePresentationJSON reads a presentation, secured or not. b must not change while the result is in use.
func ParsePresentationJSON(b []byte) (*Presentation, error) {
	v, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	return ParsePresentation(v)
}

// ParsePresentation reads a presentation, secured or not (VCDM 2.0, section 4.13). The credentials in it are told apart and no more.
// For packages of this module; others have [ParsePresentationJSON].
func ParsePresentation(v strictjson.Value) (*Presentation, error) {
	if v.Kind() != strictjson.Object {
		return nil, vc.Invalid("vcdm.object", "a presentation is not an object")
	}
	p := &Presentation{Value: v}
	if err := p.read(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Presentation) read() error {
	d, err := readDocument(&p.Value)
	if err != nil {
		return err
	}
	if p.Version, p.Contexts, err = readContext(d); err != nil {
		return err
	}
	if p.Types, err = typesOf(&d[propType], "the presentation"); err != nil {
		return err
	}
	if !slices.Contains(p.Types, "VerifiablePresentation") {
		return vc.Invalid("vcdm.type.missing", "VerifiablePresentation is not among the types")
	}
	if p.ID, err = idOf(&d[propID], "the presentation"); err != nil {
		return err
	}
	if d.has(propHolder) {
		if p.Holder, err = readParty(&d[propHolder], "vcdm.holder", "holder"); err != nil {
			return err
		}
	}
	if err = p.readCredentials(d); err != nil {
		return err
	}
	if err = eachTyped(d, propTerms, "vcdm.extension", anyTyped); err != nil {
		return err
	}
	p.Secured, err = readProof(d)
	return err
}

// readCredentials reads verifiableCredential: objects, never strings, URLs or null.
func (p *Presentation) readCredentials(d *document) error {
	if !d.has(propCredential) {
		return nil
	}
	items, err := list(&d[propCredential], "vcdm.presentation", "verifiableCredential")
	if err != nil {
		return err
	}
	p.Credentials = make([]Presented, 0, len(items))
	for i := range items {
		if items[i].Kind() != strictjson.Object {
			return vc.Invalid("vcdm.presentation", "verifiableCredential is not an object")
		}
		types, err := readTypes(&items[i], "verifiableCredential")
		if err != nil {
			return err
		}
		one := Presented{Value: items[i]}
		switch {
		case slices.Contains(types, envelopedCredential):
			if one.Envelope, err = ParseEnvelopedCredential(items[i]); err != nil {
				return err
			}
		case !slices.Contains(types, "VerifiableCredential"):
			return vc.Invalid("vcdm.presentation", "verifiableCredential is no credential")
		}
		p.Credentials = append(p.Credentials, one)
	}
	return nil
}

// CheckSelfAsserted checks a credential of p that has no proof of its own, and so rests on p's: p must name a holder, and it must be the
// credential's issuer (VCDM 2.0, section 4.13.4). A credential with a proof rests on that, and is not looked at.
func (p *Presentation) CheckSelfAsserted(c *Credential) error {
	switch {
	case c.Secured:
		return nil
	case p.Holder == "":
		return vc.Invalid("vcdm.selfasserted", "a credential without a proof, and the presentation names no holder")
	case p.Holder != c.Issuer:
		return vc.Invalid("vcdm.selfasserted", "a credential without a proof whose issuer is not the holder")
	}
	return nil
}
