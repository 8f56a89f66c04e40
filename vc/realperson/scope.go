package realperson

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/realdid/realdid/did"
)

// MaxScopeLimit bounds Scope.Limit.
const MaxScopeLimit = 4096

// Scope says how often one person may do something at one platform: "vote in poll-7, once", "post without an account, three times in
// 2026". Each use is a pseudonym of its own, which links to no account and to no other use; the person chooses among Limit of them, in
// an order that is the person's secret, so that the platform does not learn which use it is. The zero Scope is no scope.
type Scope struct {
	Name   string `json:"name"`   // 1 to 64 characters of a-z, 0-9, "-" and "."
	Period string `json:"period"` // 0 to 32 of the same: "2026", "2026-w47"
	Limit  int    `json:"limit"`  // 1 to MaxScopeLimit
}

// Use is one use of a Scope that a platform accepted.
type Use struct {
	Scope     Scope
	Index     int // 0 to Limit-1; says nothing about which use of the person it is
	Authority did.DID
	Pseudonym []byte
	Claims    map[string]any // what the platform's policy asked for
}

// The errors of scopes.
var (
	ErrScope          = errors.New("realperson: scope")
	ErrScopeUsed      = errors.New("realperson: scope: this index is used up: the wallet may try its next one")
	ErrScopeExhausted = errors.New("realperson: scope: the wallet has used every index")
)

// Check returns an ErrScope unless s is a scope.
func (s Scope) Check() error {
	if !scopeText(s.Name, 1, 64) || !scopeText(s.Period, 0, 32) {
		return refuse(ErrScope, "a name has 1 to 64 and a period 0 to 32 characters of a-z, 0-9, - and .")
	}
	if s.Limit < 1 || s.Limit > MaxScopeLimit {
		return refuse(ErrScope, "the limit is not between 1 and 4096")
	}
	return nil
}

func scopeText(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// permutation returns the indexes 0 to Limit-1 in a person's secret order: SPEC.md, section "Scopes". It is a Fisher-Yates shuffle by a
// stream of HMAC-SHA-256 blocks, with rejection, so that every order is equally likely.
func (s Scope) permutation(secret *[scopeSecretSize]byte, platform did.DID) []int {
	about := hashOf("realperson/scope/v1", []byte(platform.String()), []byte(s.Name), []byte(s.Period), uint64Bytes(uint64(s.Limit)))
	k := hmac.New(sha256.New, secret[:])
	k.Write(about[:])
	stream := wordStream{key: k.Sum(nil)}
	defer clear(stream.key)
	order := make([]int, s.Limit)
	for i := range order {
		order[i] = i
	}
	for i := len(order) - 1; i > 0; i-- {
		j := stream.below(uint32(i) + 1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// wordStream is a stream of 32-bit words: the blocks HMAC-SHA-256(key, 0), HMAC-SHA-256(key, 1), …, numbers and words big endian.
type wordStream struct {
	key   []byte
	next  uint64
	block []byte
}

func (w *wordStream) word() uint32 {
	if len(w.block) == 0 {
		h := hmac.New(sha256.New, w.key)
		h.Write(uint64Bytes(w.next))
		w.block = h.Sum(nil)
		w.next++
	}
	word := binary.BigEndian.Uint32(w.block)
	w.block = w.block[4:]
	return word
}

// below returns a number from 0 to n-1, each as likely as the others. Words at or above the highest multiple of n that 32 bits hold
// are passed over.
func (w *wordStream) below(n uint32) uint32 {
	limit := (1 << 32) / uint64(n) * uint64(n)
	for {
		if word := w.word(); uint64(word) < limit {
			return word % n
		}
	}
}
