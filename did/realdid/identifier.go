package realdid

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/emmansun/gmsm/sm3"

	"github.com/realdid/realdid/did"
)

// MethodName is the method part of every identifier of this package.
const MethodName = "realdid"

// Limits of the identifier (SPEC.md section 2).
const (
	MaxLongForm  = 2048 // characters of a long-form DID
	maxName      = 31   // characters of a domain or home ledger name
	scidTextLen  = 53   // suite letter and 52 base32 characters
	defaultLabel = "main"
)

// ErrIdentifier says that a DID is not a did:realdid of the one valid spelling. It is final.
var ErrIdentifier = errors.New("realdid: identifier")

// A Digest is the 32-byte output of a suite's hash.
type Digest [32]byte

// A Suite is the letter that opens an SCID and fixes the hash of everything that the method hashes for that identifier.
// It does not restrict the algorithms of keys.
type Suite byte

const (
	SHA256 Suite = 'q' // FIPS 180-4
	SM3    Suite = 's' // GB/T 32905-2016
)

func (s Suite) valid() bool { return s == SHA256 || s == SM3 }

// hash returns H(label 0x00 parts…).
func (s Suite) hash(label string, parts ...[]byte) Digest {
	buf := make([]byte, 0, 512)
	buf = append(append(buf, label...), 0)
	for _, p := range parts {
		buf = append(buf, p...)
	}
	if s == SM3 {
		return sm3.Sum(buf)
	}
	return sha256.Sum256(buf)
}

// An SCID is the self-certifying part of an identifier: it names exactly one genesis payload.
type SCID struct {
	Suite  Suite
	Digest Digest
}

var scidEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String returns the suite letter and 52 lower-case base32 characters.
func (s SCID) String() string {
	return string(rune(s.Suite)) + scidEncoding.EncodeToString(s.Digest[:])
}

func (s SCID) bytes() []byte { return append([]byte{byte(s.Suite)}, s.Digest[:]...) }

func scidFromBytes(b []byte) (SCID, error) {
	if len(b) != 33 || !Suite(b[0]).valid() {
		return SCID{}, fmt.Errorf("%w: scid: want a suite letter and 32 bytes", ErrIdentifier)
	}
	return SCID{Suite(b[0]), Digest(b[1:])}, nil
}

func parseSCID(s string) (SCID, error) {
	if len(s) != scidTextLen || !Suite(s[0]).valid() {
		return SCID{}, fmt.Errorf("%w: scid: want the letter q or s and 52 characters", ErrIdentifier)
	}
	raw, err := scidEncoding.DecodeString(s[1:])
	// Re-encoding refuses pad bits other than zero, which would give one SCID two spellings.
	if err != nil || scidEncoding.EncodeToString(raw) != s[1:] {
		return SCID{}, fmt.Errorf("%w: scid: not canonical base32", ErrIdentifier)
	}
	return SCID{Suite(s[0]), Digest(raw)}, nil
}

// A Network says where operations belong: the trust domain, which names a governance root and stands in the DID, and the
// home ledger within it, whose history alone counts. Every operation signs both. The zero value is main and main.
type Network struct {
	Domain string // 1 to 31 characters of a-z, 0-9 and "-"; "" is "main"
	Home   string // the same syntax
}

func (n Network) canonical() (Network, error) {
	for _, p := range []*string{&n.Domain, &n.Home} {
		if *p == defaultLabel {
			*p = ""
		}
		if *p != "" && !validName(*p) {
			return Network{}, fmt.Errorf("%w: network: a name is 1 to %d characters of a-z, 0-9 and \"-\"", ErrIdentifier, maxName)
		}
	}
	return n, nil
}

// check says whether op was signed for this network and for the identifier of a ledger key. Only the history on the home
// ledger counts.
func (n Network) check(op *Operation, key string) error {
	if op.wire.Domain != n.Domain || op.wire.Home != n.Home {
		return refuse("network: signed for another trust domain or home ledger")
	}
	if op.Identifier().Key() != key {
		return refuse("key: the operation is for another identifier")
	}
	return nil
}

// validHome takes the name of a home ledger as it stands on the wire.
func validHome(s string) bool { return s == "" || validName(s) && s != defaultLabel }

func validName(s string) bool {
	if len(s) == 0 || len(s) > maxName {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// An Identifier is a parsed did:realdid.
type Identifier struct {
	Domain  string // "" for the main domain
	SCID    SCID
	Genesis []byte // the signed genesis operation of a long form, else nil
}

// ParseIdentifier takes a did:realdid apart. Errors are ErrIdentifier; nothing is normalised. A long form is checked as
// far as its syntax; Method.Resolve checks that its operation is the genesis that the SCID names.
func ParseIdentifier(d did.DID) (Identifier, error) {
	if d.Method() != MethodName {
		return Identifier{}, fmt.Errorf("%w: method: not %s", ErrIdentifier, MethodName)
	}
	if len(d.String()) > MaxLongForm {
		return Identifier{}, fmt.Errorf("%w: over %d characters", ErrIdentifier, MaxLongForm)
	}
	var id Identifier
	parts := strings.Split(d.ID(), ":")
	// A domain has at most 31 characters and an SCID has 53, so the first segment tells which it is.
	if len(parts[0]) != scidTextLen {
		if !validName(parts[0]) || parts[0] == defaultLabel {
			return Identifier{}, fmt.Errorf("%w: domain: not a trust domain's name (the main domain is never written)", ErrIdentifier)
		}
		id.Domain, parts = parts[0], parts[1:]
	}
	if len(parts) == 0 || len(parts) > 2 {
		return Identifier{}, fmt.Errorf("%w: segments: want [domain:]scid[:genesis]", ErrIdentifier)
	}
	var err error
	if id.SCID, err = parseSCID(parts[0]); err != nil {
		return Identifier{}, err
	}
	if len(parts) == 2 {
		enc := base64.RawURLEncoding.Strict()
		if id.Genesis, err = enc.DecodeString(parts[1]); err != nil || len(id.Genesis) == 0 || strings.ContainsAny(parts[1], "\r\n") {
			return Identifier{}, fmt.Errorf("%w: long form: not canonical base64url", ErrIdentifier)
		}
	}
	return id, nil
}

// Key returns the ledger key, which is the method-specific id of the short form.
func (id Identifier) Key() string {
	if id.Domain == "" {
		return id.SCID.String()
	}
	return id.Domain + ":" + id.SCID.String()
}

// Short returns the short form, which is the canonical identifier.
func (id Identifier) Short() did.DID { return did.MustParse("did:" + MethodName + ":" + id.Key()) }

// Long returns the long form with the given genesis operation.
func (id Identifier) long(genesis []byte) (did.DID, error) {
	s := id.Short().String() + ":" + base64.RawURLEncoding.EncodeToString(genesis)
	if len(s) > MaxLongForm {
		return did.DID{}, fmt.Errorf("%w: long form: %d characters, limit %d", ErrIdentifier, len(s), MaxLongForm)
	}
	return did.Parse(s)
}
