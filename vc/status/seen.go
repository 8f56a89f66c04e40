package status

import (
	"crypto/sha256"
	"errors"
	"time"

	"github.com/realdid/realdid/vc"
)

// maxSeen is of how many lists that went from the cache it is remembered how new they were: some 8 MiB.
const maxSeen = 1 << 16

var errOlder = errors.New("a newer list was seen before")

// age is how new a list is.
type age struct {
	made    time.Time // when it was signed or, if it does not say, when it began to be valid
	expires time.Time
}

// before compares two lists of one URI by when they were made, and if that is the same by when they end.
func (a age) before(b age) bool {
	if !a.made.Equal(b.made) {
		return a.made.Before(b.made)
	}
	return !a.expires.IsZero() && a.expires.Before(b.expires)
}

// seen remembers how new the lists were that went from the cache, so that nobody can go back behind a revocation by pushing the list
// out.
type seen map[[sha256.Size]byte]age

func (k key) hash() [sha256.Size]byte { return sha256.Sum256([]byte(k.issuer + "\x00" + k.uri)) }

func (s seen) note(k key, a age) {
	if len(s) >= maxSeen {
		for other := range s { // any: nobody can foresee which
			delete(s, other)
			break
		}
	}
	s[k.hash()] = a
}

// check refuses a list that is older than one that went.
func (s seen) check(k key, a age) *vc.Fault {
	if len(s) == 0 {
		return nil
	}
	if known, ok := s[k.hash()]; ok && a.before(known) {
		return vc.UnknownBecause("status.list.stale", errOlder)
	}
	return nil
}
