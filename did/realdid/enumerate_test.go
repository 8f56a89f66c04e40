package realdid_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/realdid"
)

// TestEnumeratingPeopleGainsNothing is P1. The number of an identity card has about 37 bits that are not fixed: six digits of
// place, a date of birth, three digits, a check digit. Whoever takes a hash of it for an identifier can be found by trying. The
// attacker here knows all attributes of the victim but some bits of the number and tries 2^16 of them (2^22 if
// REALDID_ENUMERATE=22), first on such an identifier, then on ours. Extrapolation: the rate that is logged, times 2^37.
func TestEnumeratingPeopleGainsNothing(t *testing.T) {
	bits := 16
	if os.Getenv("REALDID_ENUMERATE") == "22" {
		bits = 22
	}
	person := func(n int) []byte {
		return fmt.Appendf(nil, "Zhang San|%06d%s%03dX", 110101+n>>9&0xff, "19900307", n&0x1ff)
	}
	victim := 1<<bits - 77
	encoding := base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	naive := sha256.Sum256(person(victim))

	d, err := realdid.DraftCreate(&realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)), Document: authKey("auth", 3)})
	ours := draftOf(t, d, err, ed(0))
	scid := ours.Identifier().SCID

	began := time.Now()
	found, gained := -1, 0
	for n := range 1 << bits {
		p := person(n)
		h := sha256.Sum256(p)
		if bytes.Equal(h[:], naive[:]) {
			found = n
		}
		// On ours: is a hash of the attributes, alone or with what the genesis shows, the digest or anything in it?
		if h == scid.Digest || bytes.Contains(ours.Bytes(), h[:16]) || bytes.Contains(ours.Bytes(), p) {
			gained++
		}
	}
	spent := time.Since(began)
	if found < 0 || !bytes.Equal(person(found), person(victim)) {
		t.Errorf("the enumerator does not break an identifier that is a hash of attributes: %d", found)
	}
	if gained != 0 {
		t.Errorf("the enumerator matched our identifier %d times", gained)
	}
	t.Logf("2^%d tries on %s… took %v: 2^37 would take %v on one core",
		bits, encoding.EncodeToString(naive[:5]), spent, (spent << (37 - bits)).Round(time.Hour))
}

// TestIdentifierIsIndependentOfItsHolder is the reason: the same person with the same keys and document gets another
// identifier each time, and no type that makes one has a place for an attribute of a person.
func TestIdentifierIsIndependentOfItsHolder(t *testing.T) {
	seen := map[string]bool{}
	for range 64 {
		d, err := realdid.DraftCreate(&realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)), Document: authKey("auth", 3)})
		op := draftOf(t, d, err, ed(0))
		s := op.Identifier().Short().String()
		if seen[s] {
			t.Fatal("an identifier twice")
		}
		seen[s] = true
	}
	// The digests of identifiers differ in half of their bits, as random ones do.
	a, b := "", ""
	for s := range seen {
		a, b = b, s
	}
	if same := strings.Count(a, b[20:24]); same > 0 || a[:12] != b[:12] {
		t.Errorf("identifiers share more than the prefix: %s %s", a, b)
	}
}

// TestSaltsAreRandom looks at the entropy of what DraftCreate draws.
func TestSaltsAreRandom(t *testing.T) {
	ones := make([]int, 128)
	const n = 512
	for range n {
		d, err := realdid.DraftCreate(&realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))})
		salt := decodeOp(t, draftOf(t, d, err, ed(0)).Bytes()).payload[memberSalt].([]byte)
		for i := range ones {
			ones[i] += int(salt[i/8] >> (i % 8) & 1)
		}
	}
	for i, c := range ones {
		if c < n/2-120 || c > n/2+120 { // more than ten standard deviations
			t.Errorf("bit %d of the salt is one in %d of %d", i, c, n)
		}
	}
	tier, rks := realdid.SHA256.NewTier(2, ed(10).Public(), ed(11).Public(), ed(12).Public())
	if len(rks) != 3 || rks[0].Salt == rks[1].Salt || rks[0].Salt == (realdid.RecoverySalt{}) || len(tier.Keys.Digests) != 3 || tier.Keys.Threshold != 2 {
		t.Error("recovery salts are not random")
	}
	for i, rk := range rks {
		if tier.Keys.Digests[i] != realdid.SHA256.CommitRecovery(rk.Salt, rk.Key) {
			t.Error("NewTier commits to something else")
		}
	}
}
