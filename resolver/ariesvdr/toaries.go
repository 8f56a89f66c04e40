package ariesvdr

import (
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/aries-framework-go/component/kmscrypto/doc/jose/jwk"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// Contexts of the types in documents for Aries, which follow that of DID 1.0.
const (
	contextJWS2020    = "https://w3id.org/security/suites/jws-2020/v1"
	contextX25519In19 = "https://w3id.org/security/suites/x25519-2019/v1"
)

// Types of verification methods that Aries can use for what their keys are for.
const (
	typeX25519In19    = "X25519KeyAgreementKey2019"
	typeX25519In20    = "X25519KeyAgreementKey2020"
	typeSecp256k1In19 = "EcdsaSecp256k1VerificationKey2019"
)

// LeftOut is a part of a document that Aries is not shown.
type LeftOut struct {
	What string // id of a verification method or service, or the name of a member
	Why  string
}

// Document rewrites d for Aries, as it stands at a time, and says what it left out. d is not changed, and the result shares
// nothing with it that could be written to. Every id is absolute and the same as in d. The error is for a nil document.
func Document(d *did.Document, at time.Time) (*diddoc.Doc, []LeftOut, error) {
	if d == nil || d.ID.IsZero() {
		return nil, nil, &did.Error{Code: did.InvalidDIDDocument, Detail: "no document"}
	}
	w := writer{doc: &diddoc.Doc{ID: d.ID.String()}, contexts: []string{did.ContextV1}}
	for _, a := range d.AlsoKnownAs {
		if isURI(a) {
			w.doc.AlsoKnownAs = append(w.doc.AlsoKnownAs, a)
		} else {
			w.leave(a, "an alias that Aries takes for no URI")
		}
	}
	for i := range d.VerificationMethod {
		w.method(d, &d.VerificationMethod[i], at)
	}
	w.services(d)
	for _, c := range d.Controller {
		if c != d.ID {
			w.leave("controller", "Aries documents name none")
			break
		}
	}
	for _, m := range d.Extra {
		w.leave(m.Name, "a member that Aries does not know")
	}
	w.doc.Context = w.contexts
	return w.doc, w.left, nil
}

type writer struct {
	doc      *diddoc.Doc
	contexts []string
	left     []LeftOut
	keys     []keys.PublicKey // of the methods that are shown
}

func (w *writer) leave(what, why string) { w.left = append(w.left, LeftOut{what, why}) }

func (w *writer) context(c string) {
	if !slices.Contains(w.contexts, c) {
		w.contexts = append(w.contexts, c)
	}
}

func (w *writer) method(d *did.Document, m *did.VerificationMethod, at time.Time) {
	id := m.ID.String()
	switch {
	case m.ID.DID() != d.ID || m.Controller != d.ID:
		w.leave(id, "the key of another controller")
		return
	case m.Key.IsZero():
		w.leave(id, fmt.Sprintf("type %q is not supported", m.Type))
		return
	case !m.UsableAt(at):
		w.leave(id, "expired or revoked")
		return
	}
	out, context, err := ariesMethod(id, d.ID.String(), m.Key)
	if err != nil {
		w.leave(id, err.Error())
		return
	}
	w.context(context)
	w.keys = append(w.keys, m.Key)
	if !m.Embedded {
		w.doc.VerificationMethod = append(w.doc.VerificationMethod, *out)
	}
	for p, term := range m.Purposes.Each() {
		if !m.Allows(p) {
			w.leave(id, "its JWK is not for "+term)
			continue
		}
		list, kind := relationship(w.doc, p)
		*list = append(*list, diddoc.Verification{VerificationMethod: *out, Relationship: kind, Embedded: m.Embedded})
	}
}

// relationship returns the list of Aries' document for a purpose.
func relationship(d *diddoc.Doc, p did.Purpose) (*[]diddoc.Verification, diddoc.VerificationRelationship) {
	switch p {
	case did.Authentication:
		return &d.Authentication, diddoc.Authentication
	case did.AssertionMethod:
		return &d.AssertionMethod, diddoc.AssertionMethod
	case did.KeyAgreement:
		return &d.KeyAgreement, diddoc.KeyAgreement
	case did.CapabilityInvocation:
		return &d.CapabilityInvocation, diddoc.CapabilityInvocation
	}
	return &d.CapabilityDelegation, diddoc.CapabilityDelegation
}

// ariesMethod writes a key in the one type that Aries can use for what such a key is for.
func ariesMethod(id, controller string, k keys.PublicKey) (m *diddoc.VerificationMethod, context string, err error) {
	switch k.Algorithm() {
	case keys.X25519:
		return diddoc.NewVerificationMethodFromBytes(id, typeX25519In19, controller, k.Bytes()), contextX25519In19, nil
	case keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1:
		var j jwk.JWK
		if err := j.UnmarshalJSON(k.JWK()); err != nil {
			return nil, "", fmt.Errorf("a key that Aries refuses: %w", err)
		}
		m, err := diddoc.NewVerificationMethodFromJWK(id, did.TypeJWK2020, controller, &j)
		if err != nil {
			return nil, "", fmt.Errorf("a key that Aries refuses: %w", err)
		}
		return m, contextJWS2020, nil
	}
	return nil, "", fmt.Errorf("no key type of Aries has %v", k.Algorithm())
}
