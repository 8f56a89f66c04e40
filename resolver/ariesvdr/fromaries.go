package ariesvdr

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hyperledger/aries-framework-go/component/kmscrypto/doc/jose/jwk"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

var errNoDocument = badDocument("no document")

func badDocument(format string, a ...any) error {
	return &did.Error{Code: did.InvalidDIDDocument, Detail: fmt.Sprintf(format, a...)}
}

// wanted is a document as the registrar is asked for it.
type wanted struct {
	id       did.DID // zero before the create
	methods  []wantedMethod
	services []json.RawMessage
	aliases  []string

	fragments []string // of services
}

type wantedMethod struct {
	fragment string
	key      keys.PublicKey
	purposes did.Purpose
}

// readDocument reads what an agent wants its document to be. Before the create id is zero, and def says what is written for
// what the agent left open; after it def is nil, and nothing may be open. present is nil before the create; after it, what Aries
// was not shown of it is added, and what it did not change stays as it is.
func readDocument(doc *diddoc.Doc, id did.DID, def *defaults, present *present) (*wanted, error) {
	total := len(doc.VerificationMethod) + len(doc.Authentication) + len(doc.AssertionMethod) + len(doc.KeyAgreement) +
		len(doc.CapabilityInvocation) + len(doc.CapabilityDelegation)
	switch {
	case total > 6*did.MaxMethods || len(doc.Service) > did.MaxServices || len(doc.AlsoKnownAs) > did.MaxServices:
		return nil, badDocument("too many methods, services or aliases")
	case len(doc.Proof) > 0:
		return nil, badDocument("proof: the method cannot keep one")
	}
	w := &wanted{id: id, aliases: doc.AlsoKnownAs}
	for i := range doc.VerificationMethod {
		if err := w.method(&doc.VerificationMethod[i], 0, def != nil); err != nil {
			return nil, fmt.Errorf("verificationMethod %d: %w", i, err)
		}
	}
	for p, term := range did.AllPurposes.Each() {
		list, _ := relationship(doc, p)
		for i := range *list {
			if err := w.method(&(*list)[i].VerificationMethod, p, def != nil); err != nil {
				return nil, fmt.Errorf("%s %d: %w", term, i, err)
			}
		}
	}
	for i := range w.methods {
		m := &w.methods[i]
		switch {
		case m.purposes != 0:
		case def == nil:
			return nil, badDocument("method %q is for nothing: no relationship names it", m.fragment)
		case m.key.Algorithm() == keys.X25519:
			m.purposes = did.KeyAgreement
		default:
			m.purposes = did.Authentication | did.AssertionMethod
		}
	}
	for i := range doc.Service {
		err := error(nil)
		if s, shown := present.service(w, doc.Service[i].ID); s != nil && shown != nil {
			err = w.presentService(&doc.Service[i], shown, s)
		} else {
			err = w.service(&doc.Service[i], def)
		}
		if err != nil {
			return nil, fmt.Errorf("service %d: %w", i, err)
		}
	}
	if present == nil {
		return w, nil
	}
	return w, w.keep(present)
}

// present is the document that an update is for, and what Aries is shown of it.
type present struct {
	doc   *did.Document
	shown *diddoc.Doc
}

// service returns the service of an id in both forms.
func (p *present) service(w *wanted, id string) (s *did.Service, shown *diddoc.Service) {
	fragment, err := w.fragment(id)
	if p == nil || err != nil {
		return nil, nil
	}
	id = p.doc.ID.String() + "#" + fragment
	for i := range p.doc.Service {
		if serviceID(&p.doc.Service[i]) == id {
			s = &p.doc.Service[i]
		}
	}
	for i := range p.shown.Service {
		if p.shown.Service[i].ID == id {
			shown = &p.shown.Service[i]
		}
	}
	return s, shown
}

// method adds a verification method, or the purpose of one that is there.
func (w *wanted) method(m *diddoc.VerificationMethod, p did.Purpose, creating bool) error {
	key, err := publicKey(m)
	if err != nil {
		return err
	}
	if c := m.Controller; c != "" && !strings.HasPrefix(c, "#") && (w.id.IsZero() || c != w.id.String()) {
		return badDocument("a method of another controller")
	}
	fragment := ""
	if m.ID == "" && creating {
		for i := range w.methods {
			if w.methods[i].key.Equal(key) {
				fragment = w.methods[i].fragment
			}
		}
		for n := len(w.methods) + 1; fragment == ""; n++ {
			if name := fmt.Sprintf("key-%d", n); !w.taken(name) {
				fragment = name
			}
		}
	} else if fragment, err = w.fragment(m.ID); err != nil {
		return err
	}
	for i := range w.methods {
		if have := &w.methods[i]; have.fragment == fragment {
			if !have.key.Equal(key) {
				return badDocument("one id for two keys")
			}
			have.purposes |= p
			return nil
		}
	}
	w.methods = append(w.methods, wantedMethod{fragment, key, p})
	return nil
}

func (w *wanted) taken(fragment string) bool {
	for i := range w.methods {
		if w.methods[i].fragment == fragment {
			return true
		}
	}
	return slices.Contains(w.fragments, fragment)
}

// fragment reads an id: "#name", the identifier with it, or, as agents also write, the name alone.
func (w *wanted) fragment(id string) (string, error) {
	of, name, ok := strings.Cut(id, "#")
	if !ok {
		of, name = "", id
	}
	if name == "" || strings.ContainsAny(name, "#:/?%") || of != "" && (w.id.IsZero() || of != w.id.String()) {
		return "", badDocument("an id that is neither a fragment nor that of this identifier")
	}
	return name, nil
}

// publicKey reads the key of a method that Aries made or parsed.
func publicKey(m *diddoc.VerificationMethod) (keys.PublicKey, error) {
	if j := m.JSONWebKey(); j != nil {
		switch m.Type {
		case did.TypeJWK2020, did.TypeJSONWebKey, typeSecp256k1In19:
		default:
			return keys.PublicKey{}, badDocument("a JWK in a method of type %q", m.Type)
		}
		b, err := marshalJWK(j)
		if err != nil {
			return keys.PublicKey{}, badDocument("a JWK that cannot be written")
		}
		k, err := keys.ParseJWK(b)
		if err != nil {
			return keys.PublicKey{}, &did.Error{Code: did.InvalidDIDDocument, Detail: "JWK", Err: err}
		}
		return k, nil
	}
	var a keys.Algorithm
	switch m.Type {
	case did.TypeMultikey:
		return checkKey(keys.ParseMulticodec(m.Value))
	case did.TypeEd25519In18:
		return checkKey(keys.NewPublicKey(keys.Ed25519, m.Value))
	case typeX25519In19:
		return checkKey(keys.NewPublicKey(keys.X25519, m.Value))
	case typeSecp256k1In19:
		return checkKey(keys.NewPublicKey(keys.Secp256k1, m.Value))
	case did.TypeEd25519In20:
		a = keys.Ed25519
	case typeX25519In20:
		a = keys.X25519
	default:
		return keys.PublicKey{}, badDocument("a method of type %q with these bytes", m.Type)
	}
	if len(m.Value) == a.KeySize() { // as Aries makes them
		return checkKey(keys.NewPublicKey(a, m.Value))
	}
	k, err := checkKey(keys.ParseMulticodec(m.Value)) // as Aries parses them
	if err == nil && k.Algorithm() != a {
		return keys.PublicKey{}, badDocument("a key of another algorithm than the type")
	}
	return k, err
}

func checkKey(k keys.PublicKey, err error) (keys.PublicKey, error) {
	if err != nil {
		return keys.PublicKey{}, &did.Error{Code: did.InvalidDIDDocument, Detail: "public key", Err: err}
	}
	return k, nil
}

// marshalJWK writes a JWK. Aries panics over one that was put together wrongly.
func marshalJWK(j *jwk.JWK) (b []byte, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("not a key")
		}
	}()
	return j.MarshalJSON()
}

// keep adds what Aries was not shown of the present document.
func (w *wanted) keep(p *present) error {
	current, shown := p.doc, p.shown
	seen := map[string]bool{}
	for _, list := range [][]diddoc.Verification{shown.Authentication, shown.AssertionMethod, shown.KeyAgreement, shown.CapabilityInvocation, shown.CapabilityDelegation} {
		for i := range list {
			seen[list[i].VerificationMethod.ID] = true
		}
	}
	for i := range current.VerificationMethod {
		m := &current.VerificationMethod[i]
		if seen[m.ID.String()] {
			continue
		}
		if w.taken(m.ID.Fragment()) {
			return badDocument("an id that a method has which Aries was not shown")
		}
		if m.Key.IsZero() {
			return badDocument("the present document has a method of type %q, which this library cannot write again", m.Type)
		}
		w.methods = append(w.methods, wantedMethod{m.ID.Fragment(), m.Key, m.Purposes})
	}
	for _, a := range current.AlsoKnownAs {
		if !slices.Contains(shown.AlsoKnownAs, a) && !slices.Contains(w.aliases, a) {
			w.aliases = append(slices.Clip(w.aliases), a)
		}
	}
	return w.keepServices(p)
}

// json writes the document with fragments for ids.
func (w *wanted) json() []byte {
	doc := map[string]any{}
	methods := make([]map[string]string, 0, len(w.methods))
	relations := map[string][]string{}
	for _, m := range w.methods {
		methods = append(methods, map[string]string{"id": "#" + m.fragment, "type": did.TypeMultikey, "publicKeyMultibase": m.key.Multikey()})
		for _, term := range m.purposes.Each() {
			relations[term] = append(relations[term], "#"+m.fragment)
		}
	}
	for term, list := range relations {
		doc[term] = list
	}
	if len(methods) > 0 {
		doc["verificationMethod"] = methods
	}
	if len(w.services) > 0 {
		doc["service"] = w.services
	}
	if len(w.aliases) > 0 {
		doc["alsoKnownAs"] = w.aliases
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return nil // its parts are strings, and JSON that was checked
	}
	return b
}
