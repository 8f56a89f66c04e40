package didcomm

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

// Prior is a verified rotation (DIDComm Messaging v2.1, section "DID Rotation"): whoever held From has said, with a key of
// From, that To takes its place from now on.
type Prior struct {
	From     did.DID
	To       did.DID   // the sender of the message; zero: the relationship has ended, and nobody takes the place
	IssuedAt time.Time // when the rotation took place, as the holder of From states
	SignedBy did.URL   // the key, of authentication in From's document
}

// maxFromPrior is the length of the longest from_prior that is read, in bytes; maxSkew is how far ahead its times may be.
const (
	maxFromPrior = 16 << 10
	maxSkew      = time.Minute
)

// FromPrior returns a value for Message.FromPrior: a JSON Web Token with which the holder of by, an authentication key of
// the DID so far whose secret is held here, tells the other side that to takes the place of that DID. The zero to ends the
// relationship. at is the time of the rotation, not of the message. The value belongs in each encrypted message from to until
// the other side has written to it; until then the old DID has to stay resolvable with this key. Errors are those of Sign.
func (a *Agent) FromPrior(ctx context.Context, by did.URL, to did.DID, at time.Time) (string, error) {
	const what = "from_prior"
	if to == by.DID() {
		return "", invalid(what, "the new DID is the old one")
	}
	if at.Unix() < 0 || at.Unix() > maxTime {
		return "", invalid(what, "the time of the rotation cannot be written")
	}
	public, err := a.priorKey(ctx, by)
	if err != nil {
		return "", err
	}
	alg, ok := public.Algorithm().JOSE()
	if !ok {
		return "", invalid(what, "keys of %s have no JOSE signature", public.Algorithm())
	}
	secret, err := a.secrets.Secret(ctx, by)
	if err != nil {
		return "", fmt.Errorf("didcomm: %s: the key %s: %w", what, by, err)
	}
	if !secret.Public().Equal(public) {
		return "", invalid(what, "the secret key held for %s is not the one in the document", by)
	}
	var w writer
	w.open()
	w.text("typ", "JWT")
	w.text("alg", alg)
	w.text("kid", by.String())
	header := append(w.b, '}')
	w = writer{}
	w.open()
	w.text("iss", by.DID().String())
	w.optional("sub", to.String())
	w.name("iat")
	claims := append(strconv.AppendInt(w.b, at.Unix(), 10), '}')

	token := base64.RawURLEncoding.AppendEncode(nil, header)
	token = append(token, '.')
	token = base64.RawURLEncoding.AppendEncode(token, claims)
	sig, err := secret.Sign(ctx, token)
	if err != nil {
		return "", fmt.Errorf("didcomm: %s: signing: %w", what, err)
	}
	token = append(token, '.')
	return string(base64.RawURLEncoding.AppendEncode(token, sig)), nil
}

// verifyPrior verifies the rotation that a message speaks of, if it does. That the message was encrypted is for the caller to
// know. What a key of the old DID signs counts only while that key stands in the document: somebody who steals a key later
// could state any time.
func (a *Agent) verifyPrior(ctx context.Context, m *Message) (*Prior, error) {
	const what = "from_prior"
	if m.FromPrior == "" {
		return nil, nil
	}
	t, err := parsePrior(m.FromPrior)
	if err != nil {
		return nil, invalidBecause(what, "", err)
	}
	switch now := a.clock(); {
	case t.To.IsZero() && !m.From.IsZero():
		return nil, invalid(what, "it ends the relationship, and the message has a sender (from)")
	case t.To != m.From:
		return nil, invalid(what, "sub is not the sender of the message (from)")
	case t.IssuedAt.After(now.Add(maxSkew)):
		return nil, invalid(what, "iat lies in the future")
	case !t.notBefore.IsZero() && t.notBefore.After(now.Add(maxSkew)):
		return nil, invalid(what, "nbf has not come")
	case !t.expires.IsZero() && !now.Before(t.expires):
		return nil, invalid(what, "exp has come")
	}
	key, err := a.priorKey(ctx, t.SignedBy)
	if err != nil {
		return nil, err
	}
	if key.Algorithm() != t.algorithm {
		return nil, invalid(what, "alg is not that of the key")
	}
	if err := key.Verify(t.signed, t.signature); err != nil {
		return nil, invalidBecause(what, "", err)
	}
	return &t.Prior, nil
}

// priorKey returns the key with exactly this id, which must stand in its DID's newest document for authentication.
func (a *Agent) priorKey(ctx context.Context, id did.URL) (keys.PublicKey, error) {
	vm, _, err := a.keyOf(ctx, id, did.Authentication, false)
	if err != nil {
		return keys.PublicKey{}, lookupFault("from_prior", "the key "+id.String(), err)
	}
	return vm.Key, nil
}

// priorToken is a from_prior that was read and not verified.
type priorToken struct {
	Prior
	expires, notBefore time.Time
	algorithm          keys.Algorithm
	signed, signature  []byte
}

func parsePrior(s string) (*priorToken, error) {
	if len(s) > maxFromPrior {
		return nil, fmt.Errorf("over %d bytes", maxFromPrior)
	}
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("not a signed JSON Web Token in compact form")
	}
	t := &priorToken{signed: []byte(s[:len(parts[0])+1+len(parts[1])])}
	var raw [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.Strict().DecodeString(p)
		if err != nil || strings.ContainsAny(p, "\r\n") {
			return nil, errBase64
		}
		raw[i] = b
	}
	t.signature = raw[2]
	if err := t.header(raw[0]); err != nil {
		return nil, wrapName("header", err)
	}
	if err := t.claims(raw[1]); err != nil {
		return nil, wrapName("claims", err)
	}
	if t.SignedBy.DID() != t.From {
		return nil, fmt.Errorf("kid is not a key of iss")
	}
	if t.From == t.To {
		return nil, fmt.Errorf("sub is iss")
	}
	return t, nil
}

func (t *priorToken) header(b []byte) error {
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		return err
	}
	for _, e := range v.Members() {
		s, isString := e.Value.Str()
		switch e.Name {
		case "typ":
			if !isString || !isMediaType(s, "application/jwt") {
				return fmt.Errorf("typ is not JWT")
			}
		case "alg":
			ok := false
			if t.algorithm, ok = keys.AlgorithmByJOSE(s); !ok || !isString {
				return fmt.Errorf("alg is not a signature algorithm that is supported")
			}
		case "kid":
			if t.SignedBy, err = did.ParseURL(s); err != nil {
				return wrapName("kid", err)
			}
		case "crit", "b64":
			return fmt.Errorf("%s is not supported", e.Name)
		}
	}
	if t.algorithm == 0 || t.SignedBy.IsZero() {
		return fmt.Errorf("alg or kid is missing")
	}
	return nil
}

func (t *priorToken) claims(b []byte) error {
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil {
		return err
	}
	for _, e := range v.Members() {
		switch e.Name {
		case "iss":
			t.From, err = didOf(e.Value)
		case "sub":
			t.To, err = didOf(e.Value)
		case "iat":
			t.IssuedAt, err = seconds(e.Value)
		case "exp":
			t.expires, err = seconds(e.Value)
		case "nbf":
			t.notBefore, err = seconds(e.Value)
		}
		if err != nil {
			return wrapName(e.Name, err)
		}
	}
	if t.From.IsZero() || t.IssuedAt.IsZero() {
		return fmt.Errorf("iss or iat is missing")
	}
	return nil
}
