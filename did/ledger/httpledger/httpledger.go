// Package httpledger carries the ledger contract over HTTP: [Handler] serves a ledger that others may append to, and
// [Client] is a [ledger.Ledger] that is kept elsewhere. PROTOCOL.md beside the code describes the wire, byte by byte.
//
// What the contract promises holds across the wire: the same bytes at the same seq succeed again, so the client repeats
// what it did not hear the answer to; errors keep their class, and [*ledger.ConflictError] and [*ledger.ClockError] their
// details. Nothing that a client reads is evidence: a server can invent entries and withhold them. The method replays
// what it reads, and proofs show the rest.
package httpledger

import (
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// prefix begins the path of every resource.
const prefix = "/ledger/v1/"

// Limits of the wire, in bytes.
const (
	pageSize   = 128 << 10                                    // a page takes no further entry beyond this
	maxRecord  = 1 + ledger.MaxKeyLen + 26 + ledger.MaxOpSize // one entry
	maxPage    = pageSize + maxRecord                         // marker included: the last entry may cross pageSize
	maxState   = 8 + ledger.MaxStateSize                      // seq and state
	maxProof   = 64 << 10                                     // opaque
	maxProblem = 32 << 10                                     // a refusal, with the entry of a conflict in base64
	maxDetail  = 1 << 10                                      // the text in it
	anchorSize = 16                                           // index and time
	maxCauses  = 8                                            // in a refusal
	maxName    = 32                                           // of a cause
	latestTime = int64(253402300799)                          // the last second of the year 9999
	media      = "application/octet-stream"                   // what is not a refusal
	problem    = "application/problem+json"                   // a refusal (RFC 9457)
)

// ErrAnswer is an answer that breaks the protocol: malformed, oversized, redirected or contradicting itself. It says
// nothing about the operation, and trying again will hardly help.
var ErrAnswer = errors.New("httpledger: the server's answer breaks the protocol")

// An UnavailableError reports that the ledger could not be asked, or could not answer now. It is [ledger.ErrUnavailable], never final:
// repeating the call with the same bytes settles it.
type UnavailableError struct {
	Status     int           // of HTTP; 0 if there was no answer
	Code       Code          // what the server calls it; empty if there was no answer, or not the ledger's own
	Detail     string        // for people
	RetryAfter time.Duration // what the server asks to wait before the next try; 0 if it does not say
	Err        error         // the cause; may be nil
}

// Error returns "httpledger: unavailable: detail: cause".
func (e *UnavailableError) Error() string {
	s := "httpledger: unavailable"
	if e.Status != 0 {
		s += ": status " + strconv.Itoa(e.Status)
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.RetryAfter > 0 {
		s += ", retry after " + e.RetryAfter.String()
	}
	return s
}

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Is tells that the error is ledger.ErrUnavailable.
func (e *UnavailableError) Is(target error) bool { return target == ledger.ErrUnavailable }

// Causes gives names to errors that a caller wants to recognise, such as a reducer's: the handler sends the name of each
// that an error is (errors.Is), and for a client that knows the name, the error that it returns is that again. A name is 1
// to 32 of [a-z0-9-].
type Causes map[string]error

func (c Causes) check() error {
	for name, err := range c {
		if !isName(name) || err == nil {
			return errors.New("httpledger: options: causes: a name is not 1 to 32 of [a-z0-9-], or names no error")
		}
	}
	return nil
}

func isName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// parseNumber reads a decimal without sign and leading zeros.
func parseNumber(s string) (uint64, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' || (s[0] == '0' && len(s) > 1) {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

// clientAddress is what stands for one client: an IPv4 address, or the first 64 bits of an IPv6 address.
func clientAddress(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
