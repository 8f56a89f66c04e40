package didcomm

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
)

// Prior is a verified rotation (DIDComm Messaging v2.1, section "DID Rotation"): whoever held From has said, with a key of
// From, that To takes its place from now on. What was sent by From and arrives later must be ignored.
//
// The token names nobody to whom it speaks: it is meant for all correspondents of From, and any of them can show it to the others.
// Where To is not zero, the message that came with it is proven to be To's. Where it is zero, anybody who has seen the token may have
// sent the message: it says that From left somebody, and a reader may want to hear it of nobody else. Of several rotations of
// one From, the one with the latest IssuedAt counts.
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
// relationship; the message then has no From. at is the time of the rotation, not of the message. The value belongs in each
// encrypted message from to until the other side has written to it; until then the old DID has to stay resolvable with this
// key. Errors: ErrNoSecret, ErrUnknown if the document or the secret could not be had; the others are final.
func (a *Agent) FromPrior(ctx context.Context, by did.URL, to did.DID, at time.Time) (string, error) {
	const what = "from_prior"
	if to == by.DID() {
		return "", invalid(what, "the new DID is the old one")
	}
	if at.Unix() < 0 || at.Unix() > maxTime {
		return "", invalid(what, "the time of the rotation cannot be written")
	}
	method, _, err := a.keyOf(ctx, by, did.Authentication, false)
	if err != nil {
		return "", lookupFault(what, "the key "+by.String(), err)
	}
	s, err := a.secretOf(ctx, what, method)
	if err != nil {
		return "", err
	}
	var w writer
	w.open()
	w.text("iss", by.DID().String())
	w.optional("sub", to.String())
	w.name("iat")
	claims := append(strconv.AppendInt(w.b, at.Unix(), 10), '}')
	token, err := jws.Sign(ctx, s.key, &jws.Parameters{Type: "JWT", KeyID: by.String()}, claims)
	if err != nil {
		return "", invalidBecause(what, "", err)
	}
	return string(token), nil
}

// prior verifies the rotation that the message speaks of, if it does. What a key of the old DID signs counts only while that
// key stands in the document: somebody who steals a key later could state any time.
func (u *unpacking) prior(ctx context.Context) error {
	const what = "from_prior"
	m, now := u.got.Message, u.agent.clock()
	if m.FromPrior == "" || u.expect.IgnorePrior {
		return nil
	}
	if !u.got.Encrypted {
		return invalid(what, "the message is not encrypted")
	}
	t, err := parsePrior(m.FromPrior)
	if err != nil {
		return invalidBecause(what, "", err)
	}
	switch {
	case t.To.IsZero() && !m.From.IsZero():
		return invalid(what, "it ends the relationship, and the message has a sender (from)")
	case t.To != m.From:
		return invalid(what, "sub is not the sender of the message (from)")
	case !t.To.IsZero() && !u.got.Authenticated:
		return invalid(what, "nothing proves the sender, whom sub names")
	case t.IssuedAt.After(now.Add(maxSkew)):
		return invalid(what, "iat lies in the future")
	case t.notBefore.After(now.Add(maxSkew)):
		return invalid(what, "nbf has not come")
	case !t.expires.IsZero() && !now.Before(t.expires):
		return invalid(what, "exp has come")
	}
	method, _, err := u.agent.keyOf(ctx, t.SignedBy, did.Authentication, false)
	if err != nil {
		return lookupFault(what, "the key "+t.SignedBy.String(), err)
	}
	if err := t.token.Verify(method.Key); err != nil {
		return invalidBecause(what, "", err)
	}
	u.got.Prior = &t.Prior
	return nil
}

// priorToken is a from_prior that was read and not verified.
type priorToken struct {
	Prior
	expires, notBefore time.Time
	token              *jws.Token
}

var (
	errPriorType  = errors.New("typ is not JWT")
	errPriorKey   = errors.New("kid is not the DID URL of a key of iss")
	errPriorSame  = errors.New("sub is iss")
	errPriorTime  = errors.New("iss or iat is missing")
	errPriorClaim = errors.New("another claim than iss, sub, iat, nbf and exp")
)

// parsePrior reads a token with the claims of a rotation and no others. Its typ, JWT, tells it from no other token: the same key
// of the old DID may sign credentials, whose subject is in sub, and presentations, which have no sub, and whoever is given one must
// not be able to pass it off as a rotation. Their further claims give them away (RFC 8725, section 3.12).
func parsePrior(s string) (*priorToken, error) {
	token, err := jws.Parse([]byte(s), &jws.Options{MaxSize: maxFromPrior})
	if err != nil {
		return nil, err
	}
	if !isMediaType(token.Header.Type, "application/jwt") {
		return nil, errPriorType
	}
	t := &priorToken{token: token}
	if t.SignedBy, err = did.ParseURL(token.Header.KeyID); err != nil {
		return nil, errPriorKey
	}
	v, err := strictjson.Parse(token.Payload, strictjson.Limits{})
	if err != nil {
		return nil, err
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
		default:
			return nil, errPriorClaim
		}
		if err != nil {
			return nil, wrapName(e.Name, err)
		}
	}
	switch {
	case t.From.IsZero() || t.IssuedAt.IsZero():
		return nil, errPriorTime
	case !t.SignedBy.IsKeyReference() || t.SignedBy.DID() != t.From:
		return nil, errPriorKey
	case t.From == t.To:
		return nil, errPriorSame
	}
	return t, nil
}
