package realdid

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// base64URL reads base64url without padding, in its one spelling.
func base64URL(s string) ([]byte, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err == nil && base64.RawURLEncoding.EncodeToString(b) != s {
		err = errors.New("not canonical base64url")
	}
	return b, err
}

func badDocument(format string, a ...any) error {
	return &did.Error{Code: did.InvalidDIDDocument, Err: fmt.Errorf("realdid: document: "+format, a...)}
}

// wantedContent reads the DID document that a holder wants. What the method decides itself may be absent, and must be right where
// it stands; members that it cannot keep are refused. id is zero before the create.
func wantedContent(b []byte, id did.DID) (Content, error) {
	if b == nil {
		return Content{}, nil
	}
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: did.MaxDocument, Depth: did.MaxDepth})
	if err != nil || v.Kind() != strictjson.Object {
		return Content{}, badDocument("not a JSON object (%v)", err)
	}
	w := wantedDocument{id: id, purposes: map[string]did.Purpose{}}
	for _, m := range v.Members() {
		if err := w.member(m.Name, m.Value); err != nil {
			return Content{}, err
		}
	}
	for i := range w.content.VerificationMethods {
		m := &w.content.VerificationMethods[i]
		m.Purposes = w.purposes[m.Fragment]
		delete(w.purposes, m.Fragment)
	}
	if len(w.purposes) > 0 {
		return Content{}, badDocument("a relationship names a method that is not there")
	}
	if _, err := w.content.wire(); err != nil {
		return Content{}, badDocument("%w", err)
	}
	return w.content, nil
}

type wantedDocument struct {
	id       did.DID
	content  Content
	purposes map[string]did.Purpose
}

func (w *wantedDocument) member(name string, v strictjson.Value) error {
	if p, ok := did.ParsePurpose(name); ok {
		return w.relationship(p, v)
	}
	switch name {
	case "@context":
		return nil
	case "id":
		if text, _ := v.Str(); w.id.IsZero() || text != w.id.String() {
			return badDocument("id: not that of the DID")
		}
		return nil
	case "alsoKnownAs":
		list, err := texts(v)
		w.content.AlsoKnownAs = list
		return err
	case "verificationMethod":
		return w.each(v, w.method)
	case "service":
		return w.each(v, w.service)
	}
	return badDocument("the method cannot keep the member %q", name)
}

func (w *wantedDocument) each(v strictjson.Value, f func(strictjson.Value) error) error {
	if v.Kind() != strictjson.Array {
		return badDocument("not a list")
	}
	for _, e := range v.Elems() {
		if err := f(e); err != nil {
			return err
		}
	}
	return nil
}

// fragment reads "#name" or the DID with it.
func (w *wantedDocument) fragment(v strictjson.Value) (string, error) {
	text, _ := v.Str()
	of, name, ok := strings.Cut(text, "#")
	if !ok || of != "" && (w.id.IsZero() || of != w.id.String()) || !validFragment(name) {
		return "", badDocument("an id that is neither a fragment nor the DID with one")
	}
	return name, nil
}

func (w *wantedDocument) relationship(p did.Purpose, v strictjson.Value) error {
	return w.each(v, func(e strictjson.Value) error {
		name, err := w.fragment(e)
		if err == nil && w.purposes[name].Has(p) {
			err = badDocument("a relationship names a method twice")
		}
		w.purposes[name] |= p
		return err
	})
}

func (w *wantedDocument) method(v strictjson.Value) error {
	if v.Kind() != strictjson.Object {
		return badDocument("a method that is no object")
	}
	var m VerificationMethod
	for _, member := range v.Members() {
		text, _ := member.Value.Str()
		var err error
		switch member.Name {
		case "id":
			m.Fragment, err = w.fragment(member.Value)
		case "type":
			if text != did.TypeMultikey {
				err = badDocument("methods are of type %s", did.TypeMultikey)
			}
		case "controller":
			if w.id.IsZero() || text != w.id.String() {
				err = badDocument("a method of another controller")
			}
		case "publicKeyMultibase":
			if m.Key, err = keys.ParseMultikey(text); err != nil {
				err = badDocument("%w", err)
			}
		default:
			err = badDocument("the method cannot keep the member %q of a verification method", member.Name)
		}
		if err != nil {
			return err
		}
	}
	if m.Fragment == "" || m.Key.IsZero() {
		return badDocument("a method without id or key")
	}
	w.content.VerificationMethods = append(w.content.VerificationMethods, m)
	return nil
}

func (w *wantedDocument) service(v strictjson.Value) error {
	if v.Kind() != strictjson.Object {
		return badDocument("a service that is no object")
	}
	var s Service
	for _, member := range v.Members() {
		var err error
		switch member.Name {
		case "id":
			s.Fragment, err = w.fragment(member.Value)
		case "type":
			s.Types, err = texts(member.Value)
		case "serviceEndpoint":
			s.Endpoints, err = endpoints(member.Value)
		default:
			err = badDocument("the method cannot keep the member %q of a service", member.Name)
		}
		if err != nil {
			return err
		}
	}
	w.content.Services = append(w.content.Services, s)
	return nil
}

// oneOrMore returns the elements of a list, or the value itself.
func oneOrMore(v strictjson.Value) []strictjson.Value {
	if v.Kind() == strictjson.Array {
		return v.Elems()
	}
	return []strictjson.Value{v}
}

func texts(v strictjson.Value) ([]string, error) {
	var out []string
	for _, e := range oneOrMore(v) {
		text, ok := e.Str()
		if !ok || slices.Contains(out, text) {
			return nil, badDocument("not text, or twice")
		}
		out = append(out, text)
	}
	return out, nil
}

func endpoints(v strictjson.Value) ([]Endpoint, error) {
	var out []Endpoint
	for _, e := range oneOrMore(v) {
		if text, ok := e.Str(); ok {
			out = append(out, Endpoint{URI: text})
			continue
		}
		props, ok := e.Interface().(map[string]any)
		if !ok {
			return nil, badDocument("an endpoint that is neither text nor an object")
		}
		out = append(out, Endpoint{Properties: props})
	}
	return out, nil
}
