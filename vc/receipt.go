package vc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/realdid/realdid/did"
)

// A Receipt shows that a credential existed when its issuer anchored a root in its DID's history: the path from a salted
// digest of the credential to that root. So a credential outlives the key that signed it, even if the key is stolen later:
// a thief can write any date into a signature and cannot put it into the past of a history.
//
// A receipt is as linkable as the credential that it belongs to: whoever sees it twice knows it again. It is for
// credentials that are themselves recognised by their signature, as every SD-JWT is; with one whose showings must not be
// linked it must not be shown. The root says neither what was issued nor how much: the leaves are salted, the tree has a
// fixed height, and what is not used is filled with random.
//
// The text form is base64url without padding of: version 1 (one byte), the height h of the tree (one byte, 0 to
// MaxReceiptHeight), the leaf's place (4 bytes, big-endian), the salt (16 bytes), and h hashes of 32 bytes, that beside the leaf
// first. A leaf is SHA-256("realdid/receipt/v1" 00 || salt || digest), an inner node SHA-256("realdid/receipt/v1" 01 || left || right).
type Receipt struct {
	salt  [receiptSalt]byte
	place uint32
	path  [][32]byte
}

// MaxReceiptHeight is the greatest height of the tree behind a receipt.
const MaxReceiptHeight = 20

const (
	receiptVersion = 1
	receiptSalt    = 16
	receiptHead    = 1 + 1 + 4 + receiptSalt
	receiptDomain  = "realdid/receipt/v1"
)

// ErrReceipt says that a receipt is malformed.
var ErrReceipt = errors.New("vc: receipt: malformed")

// ParseReceipt reads the text form; there is one text for every receipt.
func ParseReceipt(text string) (*Receipt, error) {
	if len(text) > base64.RawURLEncoding.EncodedLen(receiptHead+32*MaxReceiptHeight) {
		return nil, ErrReceipt
	}
	for i := range len(text) {
		if text[i] == '\r' || text[i] == '\n' { // which the decoder passes over
			return nil, ErrReceipt
		}
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < receiptHead || b[0] != receiptVersion || b[1] > MaxReceiptHeight || len(b) != receiptHead+32*int(b[1]) {
		return nil, ErrReceipt
	}
	r := &Receipt{place: binary.BigEndian.Uint32(b[2:]), path: make([][32]byte, b[1])}
	if uint64(r.place) >= 1<<len(r.path) {
		return nil, ErrReceipt
	}
	copy(r.salt[:], b[6:])
	for i := range r.path {
		copy(r.path[i][:], b[receiptHead+32*i:])
	}
	return r, nil
}

// String returns the text form, which ParseReceipt reads.
func (r *Receipt) String() string {
	b := append(make([]byte, 0, receiptHead+32*len(r.path)), receiptVersion, byte(len(r.path)))
	b = binary.BigEndian.AppendUint32(b, r.place)
	b = append(b, r.salt[:]...)
	for _, h := range r.path {
		b = append(b, h[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// Root returns the root to which the receipt leads from a credential's [Issuance] digest.
func (r *Receipt) Root(digest [32]byte) [32]byte {
	h := receiptLeaf(r.salt, digest)
	for i, beside := range r.path {
		if r.place>>i&1 == 0 {
			h = receiptNode(h, beside)
		} else {
			h = receiptNode(beside, h)
		}
	}
	return h
}

func receiptLeaf(salt [receiptSalt]byte, digest [32]byte) [32]byte {
	b := append(make([]byte, 0, 96), receiptDomain...)
	b = append(b, 0)
	b = append(b, salt[:]...)
	return sha256.Sum256(append(b, digest[:]...))
}

func receiptNode(left, right [32]byte) [32]byte {
	b := append(make([]byte, 0, 96), receiptDomain...)
	b = append(b, 1)
	b = append(b, left[:]...)
	return sha256.Sum256(append(b, right[:]...))
}

// Issuance is implemented by a [Parsed] whose credential can have a receipt.
type Issuance interface {
	// IssuanceDigest is the SHA-256 of what the issuer signed: for an SD-JWT, the protected header and the payload as in the
	// JWS signing input (RFC 7515, section 2). It does not depend on what is disclosed.
	IssuanceDigest() [32]byte
}

// WithReceipt returns p accompanied by a receipt. A Verifier looks at it where the policy asks for one, and otherwise not.
func WithReceipt(p Presentation, r *Receipt) Presentation { return receipted{p, r} }

type receipted struct {
	Presentation
	receipt *Receipt
}

// anchored finds the root of the receipt among those that the issuer's history commits to, while the key was in service
// and, if it was compromised, before that. A credential that says it was issued after the root was anchored is another one.
func (r *run) anchored(k *did.ResolvedKey) (did.Anchored, *Fault) {
	p, ok := r.presentation.(receipted)
	if !ok || p.receipt == nil {
		return did.Anchored{}, Invalid("vc.receipt.missing", "the policy wants an issuance receipt for such a key, and there is none")
	}
	issued, ok := r.parsed.(Issuance)
	if !ok {
		return did.Anchored{}, Invalid("vc.receipt.format", "credentials of this format have no receipts")
	}
	root := p.receipt.Root(issued.IssuanceDigest())
	fault := Invalid("vc.receipt.root", "the issuer's history does not commit to this credential")
	for _, a := range k.Anchored {
		switch {
		case a.Root != root:
		case k.Status == did.KeyCompromised && a.Seq >= k.CompromisedSince, !k.Removed.IsZero() && !a.Time.Before(k.Removed):
			fault = Invalid("vc.receipt.late", "the issuer's history commits to this credential only after the key had ceased to count")
		case ended(k, a.Time):
			fault = Invalid("vc.receipt.late", "the issuer's history commits to this credential only after its verification method had ended")
		case a.Time.Before(k.Added), r.origin.IssuedAt.Before(k.Added), r.origin.IssuedAt.After(a.Time.Add(r.expect.skew())):
			fault = Invalid("vc.receipt.early", "the issuer's history commits to this credential before its key or its time of issuance")
		default:
			return a, nil
		}
	}
	return did.Anchored{}, fault
}

// ended tells whether the dates in the verification method itself end it at t or before.
func ended(k *did.ResolvedKey, t time.Time) bool {
	for _, end := range [...]time.Time{k.Method.Expires, k.Method.Revoked} {
		if !end.IsZero() && !t.Before(end) {
			return true
		}
	}
	return false
}
