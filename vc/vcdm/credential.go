package vcdm

import (
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// Version is a version of the data model.
type Version uint8

// The versions.
const (
	V1 Version = iota + 1 // 1.1
	V2                    // 2.0
)

// The base contexts, which are the first of every @context.
const (
	ContextV1 = "https://www.w3.org/2018/credentials/v1"
	ContextV2 = "https://www.w3.org/ns/credentials/v2"
)

// Credential is a credential that follows the data model. It is not verified: it deserves no trust.
type Credential struct {
	Version    Version
	ID         string               // URL; "" if there is none
	Contexts   []string             // the URLs of @context in their order; contexts that stand in the credential itself are left out
	Types      []string             // "VerifiableCredential" among them
	Issuer     string               // URL
	ValidFrom  time.Time            // issuanceDate in version 1.1; zero if it is not stated
	ValidUntil time.Time            // expirationDate in version 1.1; zero if it is not stated
	Subjects   []Subject            // at least one
	Status     []vc.StatusReference // one of a type that is not known has Mechanism 0, and its id as URI
	Schemas    []vc.SchemaReference
	Related    []RelatedResource
	Secured    bool             // there is a proof; which is not looked at
	Value      strictjson.Value // the whole, as received
}

// Subject is an object of credentialSubject.
type Subject struct {
	ID    string // URL; "" if there is none
	Value strictjson.Value
}

// ParseCredentialJSON reads a credential, secured or not, of either version. b must not change while the result is in use.
func ParseCredentialJSON(b []byte) (*Credential, error) {
	v, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	return ParseCredential(v)
}

// ParseCredential reads a credential, secured or not, of either version. For packages of this module; others have
// [ParseCredentialJSON].
func ParseCredential(v strictjson.Value) (*Credential, error) {
	if v.Kind() != strictjson.Object {
		return nil, vc.Invalid("vcdm.object", "a credential is not an object")
	}
	c := &Credential{Value: v}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Credential) read() error {
	d, err := readDocument(&c.Value)
	if err != nil {
		return err
	}
	if c.Version, c.Contexts, err = readContext(d); err != nil {
		return err
	}
	if c.Types, err = typesOf(&d[propType], "the credential"); err != nil {
		return err
	}
	if !slices.Contains(c.Types, "VerifiableCredential") {
		return vc.Invalid("vcdm.type.missing", "VerifiableCredential is not among the types")
	}
	if c.ID, err = idOf(&d[propID], "the credential"); err != nil {
		return err
	}
	for _, step := range [...]func(*Credential, *document) error{
		(*Credential).readIssuer, (*Credential).readSubjects, (*Credential).readValidity, (*Credential).readStatus,
		(*Credential).readSchemas, (*Credential).readRelated,
	} {
		if err = step(c, d); err != nil {
			return err
		}
	}
	if err = checkExtensions(d, c.Version); err != nil {
		return err
	}
	c.Secured, err = readProof(d)
	return err
}

// readIssuer reads issuer, and checks its texts and the credential's (VCDM 2.0, sections 4.6 and 4.7). In version 1.1 name and
// description are not the data model's.
func (c *Credential) readIssuer(d *document) (err error) {
	issuer := &d[propIssuer]
	if c.Issuer, err = readParty(issuer, "vcdm.issuer", "issuer"); err != nil || c.Version == V1 {
		return err
	}
	for _, p := range [...]property{propName, propDescription} {
		if err = checkText(&d[p], propertyNames[p]); err != nil {
			return err
		}
		m, _ := issuer.Get(propertyNames[p])
		if err = checkText(&m, propertyNames[p]); err != nil {
			return err
		}
	}
	return nil
}

// readSubjects reads credentialSubject (VCDM 2.0, section 4.8): objects with at least one member.
func (c *Credential) readSubjects(d *document) error {
	items, err := list(&d[propSubject], "vcdm.subject", "credentialSubject")
	if err != nil {
		return err
	}
	c.Subjects = make([]Subject, 0, len(items))
	for i := range items {
		if len(items[i].Members()) == 0 {
			return vc.Invalid("vcdm.subject", "credentialSubject is not an object, or empty")
		}
		if err := checkKeywords(&items[i]); err != nil {
			return err
		}
		id, err := readID(&items[i], "credentialSubject")
		if err != nil {
			return err
		}
		c.Subjects = append(c.Subjects, Subject{ID: id, Value: items[i]})
	}
	return nil
}

// Disclosed returns what a vc.Verifier wants to know. The credential's holder is its subject, if there is exactly one and its id is a
// DID. IssuedAt is left to the format: the data model knows no time of issuance. Claims are the whole credential without its
// proofs.
func (c *Credential) Disclosed() vc.Disclosed {
	d := vc.Disclosed{
		Types: c.Types, NotBefore: c.ValidFrom, Expires: c.ValidUntil,
		HasStatus: len(c.Status) > 0, Status: c.Status, Schemas: c.Schemas, Claims: c.claims,
	}
	if len(c.Subjects) == 1 {
		if holder, err := did.Parse(c.Subjects[0].ID); err == nil {
			d.HolderKeyID = holder.String()
		}
	}
	return d
}

func (c *Credential) claims() map[string]any {
	members := c.Value.Members()
	claims := make(map[string]any, len(members))
	for _, m := range members {
		if m.Name != "proof" {
			claims[m.Name] = m.Value.Interface()
		}
	}
	return claims
}
