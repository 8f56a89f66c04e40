package didcomm

import (
	"bytes"
	"context"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// Received is a message whose protection was verified and found to be as expected.
type Received struct {
	Message *Message

	Protection    Protection // exactly one
	Encrypted     bool
	Authenticated bool // Message.From is proven to the reader, by Authcrypt or by a signature
	Signed        bool // Message.From is proven so that others can be convinced

	SenderKey    did.URL // with Authcrypt: the key of Message.From
	SenderHidden bool    // the authcrypt envelope came inside one of anoncrypt
	SignedBy     did.URL // if Signed: the key of Message.From

	// If Encrypted, of the envelope that holds the message: the key of this side that opened it, whether that no longer stands in its document,
	// all keys that the envelope names (that it can be opened with the others is the sender's word), and the content encryption.
	RecipientKey      did.URL
	Retired           bool
	RecipientKeys     []did.URL
	ContentEncryption ContentEncryption

	SignedMessage []byte // if Signed: the JWS as received, for others to verify

	Prior *Prior // the rotation that Message.FromPrior proves; nil if there is none
}

// Unpack opens the envelopes of b for the keys in Secrets, verifies all that expect demands, and that the DIDs in the message
// are those of the keys that protect it (DIDComm Messaging v2.1, "Message Layer Addressing Consistency"): the sender is that of skid, of
// the signature's kid and of the message; the message's recipients, which must be named if it is signed and encrypted, include the one
// whose key opened it. The envelopes may be those of Protection and no others.
//
// An error is ErrInvalid, which is final, or ErrUnknown: a document, a key that may be new, or a secret could not be had. Among the first are
// ErrNotRecipient, ErrRefused and ErrExpired. Nothing of the content is returned with an error. The secret keys of recipients are
// sought before anybody's document is; then this side's documents are resolved, and the sender's last.
func (a *Agent) Unpack(ctx context.Context, b []byte, expect *Expect) (*Received, error) {
	if expect == nil || expect.Accept&everyProtection == 0 {
		return nil, invalidBecause("unpack", "nothing is accepted", ErrRefused)
	}
	limit := expect.MaxSize
	if limit <= 0 || limit > MaxMessage {
		limit = MaxMessage
	}
	if len(b) > limit {
		return nil, invalid("unpack", "%d bytes, at most %d", len(b), limit)
	}
	v, err := parseLayer(b)
	if err != nil {
		return nil, err
	}
	u := unpacking{agent: a, expect: expect, got: &Received{}}
	if v, err = u.encrypted(ctx, v); err != nil {
		return nil, err
	}
	if isEnvelope(v) {
		return nil, invalid("unpack", "envelopes in an order that the specification does not have")
	}
	if err := u.message(ctx, v); err != nil {
		return nil, err
	}
	if err := u.check(); err != nil {
		return nil, err
	}
	if err := u.prior(ctx); err != nil {
		return nil, err
	}
	return u.got, nil
}

// unpacking is one message on its way out of its envelopes.
type unpacking struct {
	agent  *Agent
	expect *Expect
	got    *Received
}

// parseLayer reads the JSON of an envelope or message.
func parseLayer(b []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(b, messageLimits)
	if err != nil {
		return v, invalidBecause("unpack", "", err)
	}
	if v.Kind() != strictjson.Object {
		return v, invalid("unpack", "not a JSON object")
	}
	if isEnvelope(v) && isSigned(v) {
		return v, invalid("unpack", "both encrypted and signed in one layer")
	}
	return v, nil
}

// encrypted opens up to two envelopes, of which the second is authcrypt in anoncrypt, and returns what is inside.
func (u *unpacking) encrypted(ctx context.Context, v strictjson.Value) (strictjson.Value, error) {
	for outer := (*opened)(nil); isEnvelope(v); {
		e, err := parseEnvelope(v)
		if err != nil {
			return v, err
		}
		auth := e.alg == algAuthcrypt
		if outer != nil && !auth {
			return v, invalid("unpack", "envelopes in an order that the specification does not have")
		}
		if err := u.promise(e); err != nil {
			return v, err
		}
		expect := *u.expect
		if outer != nil {
			// Both envelopes are for one DID, also where this side has several.
			expect.To = outer.recipient.DID()
			if !slices.ContainsFunc(e.recipients, func(r recipient) bool { return r.kid.DID() == expect.To }) {
				return v, invalid("unpack", "the outer envelope is for another DID than the inner one")
			}
		}
		o, err := u.agent.open(ctx, e, &expect)
		if err != nil {
			return v, err
		}
		u.took(e, o, outer != nil)
		if v, err = parseLayer(o.content); err != nil || auth {
			return v, err
		}
		outer = o
	}
	return v, nil
}

// promise refuses an envelope in which nothing that is accepted can be, before anybody's document is looked at.
func (u *unpacking) promise(e *envelope) error {
	want := Authcrypt
	if e.alg == algAnoncrypt {
		want |= Anoncrypt | SignedAnoncrypt
	} else if from := u.expect.From; !from.IsZero() && e.sender.DID() != from {
		return invalidBecause("unpack", "not from the expected sender", ErrRefused)
	}
	if u.expect.Accept&want == 0 {
		return invalidBecause("unpack", "", ErrRefused)
	}
	return nil
}

func (u *unpacking) took(e *envelope, o *opened, hidden bool) {
	u.got.Encrypted, u.got.SenderHidden = true, hidden
	u.got.SenderKey = e.sender
	u.got.RecipientKey = o.recipient
	u.got.Retired = o.retired
	u.got.ContentEncryption = e.cipher.name
	u.got.RecipientKeys = make([]did.URL, len(e.recipients))
	for i, r := range e.recipients {
		u.got.RecipientKeys[i] = r.kid
	}
}

// message reads the innermost layer or two: the message, alone or signed. A signature is looked at after the protection is known to be
// accepted, and the signer's document after the message is known to be the signer's.
func (u *unpacking) message(ctx context.Context, v strictjson.Value) error {
	var s *signature
	if isSigned(v) {
		var err error
		if s, err = parseSigned(v); err != nil {
			return err
		}
		u.got.Signed, u.got.SignedBy, u.got.SignedMessage = true, s.kid, v.Raw()
		if !u.got.Encrypted {
			u.got.SignedMessage = bytes.Clone(v.Raw()) // of the caller's memory
		}
		if v, err = parseLayer(s.payload); err != nil {
			return err
		}
		if isEnvelope(v) || isSigned(v) {
			return invalid("unpack", "envelopes in an order that the specification does not have")
		}
	}
	u.got.Protection = u.protection()
	if u.expect.Accept&u.got.Protection == 0 || u.expect.Signature && s == nil {
		return invalidBecause("unpack", u.got.Protection.String(), ErrRefused)
	}
	var m *Message
	var err error
	if u.got.Encrypted || s != nil {
		m, err = messageOf(v)
	} else {
		m, err = ParseMessage(v.Raw()) // the caller's memory
	}
	if err != nil {
		return invalidBecause("unpack", "", err)
	}
	u.got.Message = m
	if from := u.expect.From; !from.IsZero() && m.From != from {
		return invalidBecause("unpack", "not from the expected sender", ErrRefused)
	}
	if s != nil {
		if err := u.agent.verify(ctx, s, m.From); err != nil {
			return err
		}
	}
	u.got.Authenticated = s != nil || !u.got.SenderKey.IsZero()
	return nil
}

func (u *unpacking) protection() Protection {
	switch {
	case !u.got.SenderKey.IsZero():
		return Authcrypt
	case u.got.Encrypted && u.got.Signed:
		return SignedAnoncrypt
	case u.got.Encrypted:
		return Anoncrypt
	case u.got.Signed:
		return Signed
	}
	return InsecurePlaintext
}
