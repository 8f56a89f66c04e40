package didcomm

import (
	"github.com/realdid/realdid/did"
)

// Protection is how a message was protected on its way; a set of them says what a reader accepts.
type Protection uint8

// The protections, each of which is a way of its own: none contains another.
const (
	// Authcrypt: encrypted to the reader by a sender whose key proves who it is, to the reader alone (ECDH-1PU). The layer may
	// stand inside one of anoncrypt, which hides the sender from the mediators, and around a signed message.
	Authcrypt Protection = 1 << iota
	// SignedAnoncrypt: signed by the sender's authentication key, then encrypted by somebody. The message names its reader.
	SignedAnoncrypt
	// Anoncrypt: encrypted to the reader by somebody. If the message says who sent it, nothing proves it.
	Anoncrypt
	// Signed: signed by the sender's authentication key, and readable for all.
	Signed
	// InsecurePlaintext: anybody may have written, read or changed it.
	InsecurePlaintext
)

// String returns the names of the protections, joined by a bar.
func (p Protection) String() string {
	s := ""
	for i, name := range [...]string{"authcrypt", "anoncrypt(signed)", "anoncrypt", "signed", "plaintext"} {
		if p&(1<<i) == 0 {
			continue
		}
		if s != "" {
			s += "|"
		}
		s += name
	}
	if s == "" {
		return "none"
	}
	return s
}

// everyProtection is the set of all.
const everyProtection = Authcrypt | SignedAnoncrypt | Anoncrypt | Signed | InsecurePlaintext

// MaxMessage is the length in bytes of the longest packed message that is read or written.
const MaxMessage = 32 << 20

// The other limits of what is read.
const (
	maxRecipients = 64
)

// Expect says what Unpack accepts. The zero value accepts nothing.
type Expect struct {
	Accept Protection // which protections are accepted; required

	From did.DID // who must have sent the message, proven by Authcrypt or a signature; zero: whoever

	// To is the DID of this side for which the message must be: encrypted to a key of it or, if the message is not encrypted, an
	// addressee that it names. Zero: any whose key is in Secrets, and nothing is demanded of a message that is not encrypted: whoever has
	// one that is signed can show it to others than those it was meant for.
	To did.DID

	Thread string // the thread that the message must belong to (thid, or its id if it starts one); empty: whichever

	// Signature demands a signature of the sender also where Accept is satisfied by Authcrypt: proof for third parties.
	Signature bool

	// RetiredRecipientKeys reads messages for a key of this side that no longer stands in its document, unless it was declared
	// compromised. For messages that were on their way when a key was rotated.
	RetiredRecipientKeys bool

	// IgnorePrior does not look at the message's from_prior: for a sender whose rotation was seen before. Otherwise one that cannot be
	// verified, be it that the old DID has gone or that nothing proves the sender, is an error.
	IgnorePrior bool

	// InsecureExpired reads messages whose expires_time has come.
	InsecureExpired bool

	MaxSize int // bytes of the packed message; 0 or more than MaxMessage: MaxMessage
}
