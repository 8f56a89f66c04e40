package didcomm

import (
	"context"
	"errors"
	"slices"

	"github.com/realdid/realdid/did"
)

// ContentEncryption is how the content of a message is encrypted, by its JOSE name. The zero value means A256CBCHS512.
type ContentEncryption string

// The content encryptions. Authcrypt takes A256CBCHS512 only, which commits to its key. The others do not: whoever packs can make
// an envelope of anoncrypt with them that two recipients read differently.
const (
	A256CBCHS512 ContentEncryption = "A256CBC-HS512" // RFC 7518, 5.2.5
	A256GCM      ContentEncryption = "A256GCM"       // RFC 7518, 5.3
	XC20P        ContentEncryption = "XC20P"         // draft-amringer-jose-chacha-02
)

// EncryptOptions are the choices when a message is encrypted; nil means the defaults.
type EncryptOptions struct {
	ContentEncryption ContentEncryption

	// For names those of the message's recipients for whom this envelope is; nil: all of them. With it, one message can be
	// packed once for each group of recipients whose keys have a curve in common (ErrCurves).
	For []did.DID

	// RecipientKeys names the very keys to encrypt to, in the place of all keyAgreement keys of the recipients that lie on the
	// common curve: each a keyAgreement method of its DID's document. If the message names recipients, these are keys of all those
	// for whom the envelope is, and of nobody else.
	RecipientKeys []did.URL

	// SenderKey names the keyAgreement key of the message's sender to use for Authcrypt; zero: the first in the document
	// whose secret is held here and whose curve serves every recipient.
	SenderKey did.URL

	// SignBy names an authentication key of the message's sender with which the message is signed before it is encrypted, so
	// that recipients can prove to others what was said. Zero: not signed. The message must name its recipients, lest one of them pass it
	// on as if it were for another.
	SignBy did.URL

	// HideSender puts the authcrypt envelope into one of anoncrypt for the same keys, so that who carries it does not learn the
	// sender. ContentEncryption is then that of the outer envelope.
	HideSender bool

	// NoCache asks the source for the documents, past caches: for when a recipient did not know the key (ErrNotRecipient there). Without
	// it only a document is that lacks a key which is named here, or has no key at all.
	NoCache bool
}

// Authcrypt encrypts m to its recipients with the sender's key (ECDH-1PU+A256KW, draft 04; A256CBC-HS512), so that they know
// that it is from m.From and nobody can prove it to others (DIDComm Messaging v2.1, "Sender Authenticated Encryption"). m.From is
// required, and a recipient: in m.To, or by RecipientKeys. The result is the JSON of the envelope, at most MaxMessage bytes. Keys are
// those that stand in keyAgreement of the documents now, of X25519, P-384 and P-256, at most 64 in all; others are passed over. Errors:
// ErrCurves, ErrNoSecret, ErrUnknown if a document or a secret could not be had; all others are final.
func (a *Agent) Authcrypt(ctx context.Context, m *Message, opt *EncryptOptions) ([]byte, error) {
	if opt == nil {
		opt = &EncryptOptions{}
	}
	const what = "authcrypt"
	if m.From.IsZero() {
		return nil, invalid(what, "the message has no sender")
	}
	outer, err := opt.cipher(what)
	if err != nil {
		return nil, err
	}
	if !opt.HideSender && outer.name != A256CBCHS512 {
		return nil, invalid(what, "authcrypt takes %s only, which commits to its key", A256CBCHS512)
	}
	groups, err := a.recipientKeys(ctx, what, m, opt)
	if err != nil {
		return nil, err
	}
	from, err := a.senderKey(ctx, what, m.From, opt, groups)
	if err != nil {
		return nil, err
	}
	targets := groups.on(from.key.Algorithm())
	content, err := a.content(ctx, what, m, opt)
	if err != nil {
		return nil, err
	}
	b, err := sealEnvelope(cipherByName(A256CBCHS512), from, targets, content)
	if err == nil && opt.HideSender {
		b, err = sealEnvelope(outer, nil, targets, b)
	}
	if err != nil {
		return nil, invalidBecause(what, "", err)
	}
	return b, nil
}

// Anoncrypt encrypts m to its recipients without proving who does (ECDH-ES+A256KW). EncryptOptions.SenderKey and HideSender
// are refused; with SignBy the signature, inside, proves the sender. Otherwise it is as Authcrypt. m.From may be zero; if it is
// not, the recipients see it, unproven.
func (a *Agent) Anoncrypt(ctx context.Context, m *Message, opt *EncryptOptions) ([]byte, error) {
	if opt == nil {
		opt = &EncryptOptions{}
	}
	const what = "anoncrypt"
	if opt.HideSender || !opt.SenderKey.IsZero() {
		return nil, invalid(what, "HideSender and SenderKey are for authcrypt")
	}
	c, err := opt.cipher(what)
	if err != nil {
		return nil, err
	}
	groups, err := a.recipientKeys(ctx, what, m, opt)
	if err != nil {
		return nil, err
	}
	var targets []target
	for _, curve := range agreementCurves {
		if targets = groups.on(curve); targets != nil {
			break
		}
	}
	if targets == nil {
		return nil, invalidBecause(what, "", ErrCurves)
	}
	content, err := a.content(ctx, what, m, opt)
	if err != nil {
		return nil, err
	}
	b, err := sealEnvelope(c, nil, targets, content)
	if err != nil {
		return nil, invalidBecause(what, "", err)
	}
	return b, nil
}

var errTooLarge = errors.New("larger than the limit of packed messages")

// cipher returns the content encryption that was chosen.
func (o *EncryptOptions) cipher(what string) (*contentCipher, error) {
	name := o.ContentEncryption
	if name == "" {
		name = A256CBCHS512
	}
	if c := cipherByName(name); c != nil {
		return c, nil
	}
	return nil, invalid(what, "unknown content encryption")
}

// content returns what is encrypted: the message or, if it is to be signed, the JWS. It is in memory of its own, with room for padding and tag.
func (a *Agent) content(ctx context.Context, what string, m *Message, opt *EncryptOptions) ([]byte, error) {
	b, err := m.JSON()
	if err != nil {
		return nil, invalidBecause(what, "", err)
	}
	if !opt.SignBy.IsZero() {
		if len(m.To) == 0 {
			return nil, invalid(what, "a message that is signed and encrypted must say to whom")
		}
		if b, err = a.sign(ctx, what, m.From, b, opt.SignBy); err != nil {
			return nil, err
		}
	}
	return slices.Grow(b, grow), nil
}
