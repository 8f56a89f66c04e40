package status

import (
	"strconv"
	"testing"
	"time"
)

// TestSeenIsBounded: what is remembered of lists that went does not grow without end, and is of one issuer and one URI.
func TestSeenIsBounded(t *testing.T) {
	s := seen{}
	at := time.Unix(1e9, 0)
	for i := range maxSeen + 100 {
		s.note(key{"did:example:authority", strconv.Itoa(i)}, age{made: at})
	}
	if len(s) != maxSeen {
		t.Errorf("got %d remembered, want %d", len(s), maxSeen)
	}
	k := key{"did:example:authority", "last"}
	s.note(k, age{made: at})
	if s.check(k, age{made: at.Add(-time.Second)}) == nil || s.check(k, age{made: at}) != nil {
		t.Error("an older list is taken, or the same is not")
	}
	for _, other := range []key{{"did:example:other", "last"}, {"did:example:authority", "another"}, {"did:example:authority\x00last", ""}} {
		if err := s.check(other, age{}); err != nil {
			t.Errorf("%q: got %v", other, err)
		}
	}
}
