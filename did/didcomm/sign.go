package didcomm

import (
	"context"
	"encoding/base64"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

// Sign signs m, for all to read and to verify (JWS, general JSON serialization). by is an authentication key of m.From
// whose secret is held here: Ed25519, P-256 or secp256k1; P-384 as well, which others need not support. Errors: ErrNoSecret, ErrUnknown if
// the document or the secret could not be had; all others are final.
func (a *Agent) Sign(ctx context.Context, m *Message, by did.URL) ([]byte, error) {
	const what = "sign"
	b, err := m.JSON()
	if err != nil {
		return nil, invalidBecause(what, "", err)
	}
	if b, err = a.sign(ctx, what, m.From, b, by); err != nil {
		return nil, err
	}
	if len(b) > MaxMessage {
		return nil, invalidBecause(what, "", errTooLarge)
	}
	return b, nil
}

func (a *Agent) sign(ctx context.Context, what string, from did.DID, payload []byte, by did.URL) ([]byte, error) {
	if by.DID() != from {
		return nil, invalid(what, "the signing key is not of the message's sender")
	}
	method, _, err := a.keyOf(ctx, by, did.Authentication, false)
	if err != nil {
		return nil, lookupFault(what, "signing key", err)
	}
	s, err := a.secretOf(ctx, what, method)
	if err != nil {
		return nil, err
	}
	header, err := jws.AppendHeader(nil, s.key, &jws.Parameters{Type: MediaTypeSigned})
	if err != nil {
		return nil, invalidBecause(what, "", err)
	}
	enc := base64.RawURLEncoding
	signed := make([]byte, 0, enc.EncodedLen(len(header))+1+enc.EncodedLen(len(payload)))
	signed = enc.AppendEncode(signed, header)
	dot := len(signed)
	signed = enc.AppendEncode(append(signed, '.'), payload)
	sig, err := s.key.Sign(ctx, signed)
	if err != nil {
		return nil, invalidBecause(what, "", err)
	}
	b := make([]byte, 0, len(signed)+256+len(by.String())+grow)
	b = append(append(b, `{"payload":"`...), signed[dot+1:]...)
	b = append(append(b, `","signatures":[{"protected":"`...), signed[:dot]...)
	b = enc.AppendEncode(append(b, `","signature":"`...), sig)
	b = strictjson.AppendString(append(b, `","header":{"kid":`...), by.String())
	return append(b, `}}]}`...), nil
}

// signature is a JWS of DIDComm Messaging v2.1 (section "Message Signing") taken apart. Nothing in it is proven.
type signature struct {
	kid       did.URL
	algorithm keys.Algorithm
	signed    []byte // protected header, dot and payload, as received
	payload   []byte // decoded
	value     []byte
}

// isSigned tells whether a JSON object is meant to be a JWS.
func isSigned(v strictjson.Value) bool {
	return has(v, "payload") && (has(v, "signatures") || has(v, "signature"))
}

// parseSigned reads a JWS in the general or the flattened JSON serialization (RFC 7515, section 7.2) with one signature: only that of the
// message's sender counts. kid stands in the protected header, as in the text of the specification, or in the other, as in its examples.
func parseSigned(v strictjson.Value) (*signature, error) {
	const what = "signed message"
	list, general := v.Get("signatures")
	one := v
	if general {
		if has(v, "signature") || has(v, "protected") || has(v, "header") {
			return nil, invalid(what, "both the general and the flattened form")
		}
		if len(list.Elems()) != 1 {
			return nil, invalid(what, "not exactly one signature")
		}
		one = list.Elems()[0]
	}
	p, _ := one.Get("protected")
	protected, err := asciiText(p)
	if err != nil || len(protected) > maxHeader {
		return nil, invalid(what, "protected: not a string, or longer than %d bytes", maxHeader)
	}
	d := jws.NewDecoder(len(protected))
	b, err := d.Decode(protected)
	if err != nil {
		return nil, invalidBecause(what, "protected", err)
	}
	header, err := jws.ParseHeader(b)
	if err != nil {
		return nil, invalidBecause(what, "protected", err)
	}
	// The specification shows JWM where it explains signing, and demands the media type where it lists them.
	if header.Type != "JWM" && !isMediaType(header.Type, MediaTypeSigned) {
		return nil, invalid(what, "typ is not %s", MediaTypeSigned)
	}
	s := &signature{algorithm: header.Algorithm}
	if s.kid, err = signerOf(one, header); err != nil {
		return nil, err
	}
	if s.value, err = binaryMember(one, "signature", 0); err != nil {
		return nil, invalidBecause(what, "signature", err)
	}
	if s.payload, err = binaryMember(v, "payload", 0); err != nil {
		return nil, invalidBecause(what, "payload", err)
	}
	payload, _ := v.Get("payload")
	text, _ := asciiText(payload)
	s.signed = make([]byte, 0, len(protected)+1+len(text))
	s.signed = append(append(append(s.signed, protected...), '.'), text...)
	return s, nil
}

func signerOf(one strictjson.Value, header jws.Header) (did.URL, error) {
	const what = "signed message"
	own, _ := one.Get("header")
	for _, m := range own.Members() {
		if header.Has(m.Name) || slices.Contains(common[:], m.Name) {
			return did.URL{}, invalid(what, "a parameter that has to be protected, or is protected too, stands in the header that is not protected")
		}
	}
	kid, err := did.ParseURL(header.KeyID)
	ok := err == nil && kid.IsKeyReference()
	if own.Kind() == strictjson.Object && has(own, "kid") {
		kid, ok = keyMember(own, "kid")
	}
	if !ok {
		return did.URL{}, invalid(what, "kid is not a DID URL of a key")
	}
	return kid, nil
}

// verify checks the signature with a key that stands now for authentication in the document of from, which is who the payload says
// that it is from. Nobody else's document is looked at.
func (a *Agent) verify(ctx context.Context, s *signature, from did.DID) error {
	const what = "signed message"
	if s.kid.DID() != from {
		return invalid(what, "the key is not of the message's sender")
	}
	m, _, err := a.keyOf(ctx, s.kid, did.Authentication, false)
	if err != nil {
		return lookupFault(what, "the sender's key", err)
	}
	if m.Key.Algorithm() != s.algorithm {
		return invalid(what, "alg is not that of the key")
	}
	if err := m.Key.Verify(s.signed, s.value); err != nil {
		return invalidBecause(what, "", err)
	}
	return nil
}
