package didcomm

import (
	"context"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
)

// Agent packs and unpacks messages. It finds the keys of all sides by DID, and those of its own side in Secrets. It is safe for
// concurrent use.
type Agent struct {
	resolver did.Resolver
	secrets  Secrets
	clock    func() time.Time
}

// New returns an agent. r is asked for the documents of senders, recipients and signers, those of this side included, at every
// call: give it one that caches. clock may be nil: time.Now.
func New(r did.Resolver, s Secrets, clock func() time.Time) *Agent {
	if clock == nil {
		clock = time.Now
	}
	return &Agent{resolver: r, secrets: s, clock: clock}
}

// ContentEncryption is how the content of a message is encrypted, by its JOSE name. The zero value means A256CBCHS512.
type ContentEncryption string

// The content encryptions. Authcrypt takes A256CBCHS512 only, which commits to its key.
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
	// common curve: each a keyAgreement method of its DID's document. If the message has recipients, they must be the DIDs of these keys.
	RecipientKeys []did.URL

	// SenderKey names the keyAgreement key of the message's sender to use for Authcrypt; zero: the first in the document
	// whose secret is held here and whose curve serves every recipient.
	SenderKey did.URL

	// SignBy names an authentication key of the message's sender with which the message is signed before it is encrypted, so
	// that recipients can prove to others what was said. Zero: not signed.
	SignBy did.URL

	// HideSender puts the authcrypt envelope into one of anoncrypt for the same keys, so that who carries it does not learn the
	// sender. ContentEncryption is then that of the outer envelope.
	HideSender bool
}

// Authcrypt encrypts m to its recipients with the sender's key (ECDH-1PU+A256KW, draft 04; A256CBC-HS512), so that they know
// that it is from m.From and nobody can prove it to others (DIDComm Messaging v2.1, "Sender Authenticated Encryption"). m.From and at
// least one recipient are required. The result is the JSON of the envelope, at most MaxMessage bytes. Keys are those that stand
// in keyAgreement of the documents now. Errors: ErrCurves, ErrNoSecret, ErrUnknown if a document could not be had; the others
// are final.
func (a *Agent) Authcrypt(ctx context.Context, m *Message, opt *EncryptOptions) ([]byte, error) {
	return nil, errors.New("didcomm: authcrypt: not available")
}

// Anoncrypt encrypts m to its recipients without saying or proving who does (ECDH-ES+A256KW). EncryptOptions.SenderKey and HideSender
// are refused. Otherwise it is as Authcrypt. m.From may be zero.
func (a *Agent) Anoncrypt(ctx context.Context, m *Message, opt *EncryptOptions) ([]byte, error) {
	return nil, errors.New("didcomm: anoncrypt: not available")
}

// Sign signs m, for all to read and to verify (JWS, general JSON serialization; EdDSA, ES256, ES384 or ES256K). by is an authentication key of m.From
// whose secret is held here. Errors: ErrNoSecret, ErrUnknown if the document could not be had; the others are final.
func (a *Agent) Sign(ctx context.Context, m *Message, by did.URL) ([]byte, error) {
	return nil, errors.New("didcomm: sign: not available")
}

// Received is a message whose protection was verified and found to be as expected.
type Received struct {
	Message *Message

	Protection    Protection // exactly one
	Encrypted     bool
	Authenticated bool // Message.From is proven, by Authcrypt or by a signature
	Signed        bool // Message.From is proven so that others can be convinced

	SenderKey     did.URL           // with Authcrypt: the key of Message.From
	SenderHidden  bool              // the authcrypt envelope came inside one of anoncrypt
	SignedBy      did.URL           // if Signed: the key of Message.From
	RecipientKey  did.URL           // if Encrypted: the key of this side that opened the innermost envelope
	RecipientKeys []did.URL         // if Encrypted: all keys that the innermost envelope says it is for; only RecipientKey is proven
	Retired       bool              // RecipientKey no longer stands in its document
	Content       ContentEncryption // if Encrypted: of the innermost envelope
	SignedMessage []byte            // if Signed: the JWS as received, to show to others
}

// Unpack opens the envelopes of b for the keys in Secrets, verifies all that expect demands, and that the DIDs in the message
// are those of the keys that protect it (DIDComm Messaging v2.1, "Message Layer Addressing Consistency"). An error is
// ErrInvalid, which is final, or ErrUnknown: a document or a secret could not be had. Among the first are ErrNotRecipient,
// ErrRefused and ErrExpired. Nothing of the content is returned with an error.
func (a *Agent) Unpack(ctx context.Context, b []byte, expect *Expect) (*Received, error) {
	return nil, errors.New("didcomm: unpack: not available")
}
