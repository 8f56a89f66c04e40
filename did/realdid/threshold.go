package realdid

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/keys"
)

// Limits of key sets and recovery (SPEC.md section 5).
const (
	MaxKeys       = 16  // keys or commitments in one set
	MaxWeight     = 255 // weight of one key
	MaxTiers      = 3
	MaxRetiring   = 12                   // replaced tiers that are still usable
	MinDelay      = time.Hour            // of a recovery tier
	MaxDelay      = 365 * 24 * time.Hour // of a recovery tier
	DefaultDelay  = 72 * time.Hour
	minRetirement = 7 * 24 * time.Hour  // a replaced tier stays usable for the longer of this and its delay
	minGrace      = 30 * 24 * time.Hour // a deactivation can be undone for the longer of this and twice the longest delay
)

// A KeySet is a weighted threshold over public keys: 1 to 16 distinct signing keys, weights of 1 to 255 (nil means that
// each weighs 1), and a threshold from 1 to their sum.
type KeySet struct {
	Threshold int
	Keys      []keys.PublicKey
	Weights   []int
}

// OneKey is the set of a single key.
func OneKey(k keys.PublicKey) KeySet { return KeySet{Threshold: 1, Keys: []keys.PublicKey{k}} }

// Commitments is a weighted threshold over digests of keys that are still secret. Limits are those of KeySet.
type Commitments struct {
	Threshold int
	Digests   []Digest
	Weights   []int
}

const (
	nextLabel     = "realdid/next/v1"
	recoveryLabel = "realdid/recovery/v1"
)

// CommitKey returns the digest by which an operation commits to a next key without showing it.
func (s Suite) CommitKey(k keys.PublicKey) Digest { return s.hash(nextLabel, k.Multicodec()) }

// Commit commits to next keys, each of weight 1, all of them needed. Use the suite of the identifier.
func (s Suite) Commit(ks ...keys.PublicKey) Commitments {
	c := Commitments{Threshold: len(ks)}
	for _, k := range ks {
		c.Digests = append(c.Digests, s.CommitKey(k))
	}
	return c
}

// A RecoverySalt hides who a guardian is: without it the digest of a known public key says nothing. 16 random bytes.
type RecoverySalt [16]byte

// CommitRecovery returns the salted digest by which a tier commits to one recovery key.
func (s Suite) CommitRecovery(salt RecoverySalt, k keys.PublicKey) Digest {
	return s.hash(recoveryLabel, salt[:], k.Multicodec())
}

// A Tier is one way to recover: after Delay, by keys that reach the threshold. Lower tiers may cancel it, and so may the
// committed next keys if it is Vetoable, which suits guardians and does not suit an own backup (SPEC.md section 6.5).
type Tier struct {
	Delay    time.Duration // whole seconds from MinDelay to MaxDelay
	Vetoable bool
	Keys     Commitments // by CommitRecovery
}

// NewTier commits to recovery keys of weight 1 behind fresh random salts, with DefaultDelay and no veto for the next keys.
// Keep the RecoveryKeys, which are as public as the keys and as private as who they belong to: recovering needs them.
func (s Suite) NewTier(threshold int, ks ...keys.PublicKey) (Tier, []RecoveryKey) {
	t := Tier{Delay: DefaultDelay, Keys: Commitments{Threshold: threshold}}
	var rks []RecoveryKey
	for _, k := range ks {
		rk := RecoveryKey{Key: k}
		rand.Read(rk.Salt[:]) // never fails (crypto/rand)
		rks = append(rks, rk)
		t.Keys.Digests = append(t.Keys.Digests, s.CommitRecovery(rk.Salt, k))
	}
	return t, rks
}

// A TierID names a tier for good: the place in the history of the operation that set it, and its rank from 0.
type TierID struct {
	Seq   uint64
	Index int
}

// before says whether a stands above b: a was set earlier, or at the same time with a lower rank. Among the present tiers
// that is the order of rank; a replaced tier stands above those that replaced it for as long as it is usable, so that a
// thief of the next keys can neither outwait nor overrule the owner with tiers that the thief set.
func (a TierID) before(b TierID) bool { return a.compare(b) < 0 }

func (a TierID) compare(b TierID) int {
	return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Index, b.Index))
}

var errSet = errors.New("key set")

func (w *wireSet) check() error {
	n := len(w.Members)
	if n == 0 || n > MaxKeys {
		return fmt.Errorf("%w: %d members, want 1 to %d", errSet, n, MaxKeys)
	}
	for i := range w.Members {
		for j := range i {
			if bytes.Equal(w.Members[i], w.Members[j]) {
				return fmt.Errorf("%w: member %d twice", errSet, j)
			}
		}
	}
	sum := uint64(n)
	if w.Weights != nil {
		if len(w.Weights) != n {
			return fmt.Errorf("%w: %d weights for %d members", errSet, len(w.Weights), n)
		}
		sum = 0
		allOne := true
		for _, x := range w.Weights {
			if x == 0 || x > MaxWeight {
				return fmt.Errorf("%w: weight outside 1 to %d", errSet, MaxWeight)
			}
			sum, allOne = sum+x, allOne && x == 1
		}
		if allOne {
			return fmt.Errorf("%w: weights of 1 are not written", errSet)
		}
	}
	if w.Threshold == 0 || w.Threshold > sum {
		return fmt.Errorf("%w: threshold outside 1 to %d", errSet, sum)
	}
	return nil
}

func (w *wireSet) ints() []int {
	var out []int
	for _, x := range w.Weights {
		out = append(out, int(x))
	}
	return out
}

func wireWeights(n int, ws []int) ([]uint64, error) {
	if ws == nil {
		return nil, nil
	}
	if len(ws) != n {
		return nil, fmt.Errorf("%w: %d weights for %d members", errSet, len(ws), n)
	}
	out, allOne := make([]uint64, n), true
	for i, x := range ws {
		if x < 1 || x > MaxWeight {
			return nil, fmt.Errorf("%w: weight outside 1 to %d", errSet, MaxWeight)
		}
		out[i], allOne = uint64(x), allOne && x == 1
	}
	if allOne {
		return nil, nil
	}
	return out, nil
}

func (c Commitments) wire() (*wireSet, error) {
	ws, err := wireWeights(len(c.Digests), c.Weights)
	if err != nil {
		return nil, err
	}
	if c.Threshold < 1 {
		return nil, fmt.Errorf("%w: threshold below 1", errSet)
	}
	w := &wireSet{Threshold: uint64(c.Threshold), Weights: ws}
	for _, d := range c.Digests {
		w.Members = append(w.Members, d[:])
	}
	return w, w.check()
}

func (k KeySet) wire() (*wireSet, error) {
	ws, err := wireWeights(len(k.Keys), k.Weights)
	if err != nil {
		return nil, err
	}
	if k.Threshold < 1 {
		return nil, fmt.Errorf("%w: threshold below 1", errSet)
	}
	w := &wireSet{Threshold: uint64(k.Threshold), Weights: ws}
	for _, p := range k.Keys {
		w.Members = append(w.Members, p.Multicodec())
	}
	return w, w.check()
}

func (w *wireSet) commitments() (Commitments, error) {
	if err := w.check(); err != nil {
		return Commitments{}, err
	}
	c := Commitments{Threshold: int(w.Threshold), Weights: w.ints()}
	for i, m := range w.Members {
		if len(m) != len(Digest{}) {
			return Commitments{}, fmt.Errorf("%w: digest %d is not 32 bytes", errSet, i)
		}
		c.Digests = append(c.Digests, Digest(m))
	}
	return c, nil
}

func (w *wireSet) keySet(parse func([]byte) (keys.PublicKey, error)) (KeySet, error) {
	if err := w.check(); err != nil {
		return KeySet{}, err
	}
	k := KeySet{Threshold: int(w.Threshold), Weights: w.ints()}
	for i, m := range w.Members {
		p, err := parse(m)
		if err != nil {
			return KeySet{}, fmt.Errorf("%w: key %d: %w", errSet, i, err)
		}
		k.Keys = append(k.Keys, p)
	}
	return k, nil
}

// parseControlKey takes any key that can sign; the key agreement algorithms cannot.
func parseControlKey(b []byte) (keys.PublicKey, error) {
	p, err := keys.ParseMulticodec(b)
	if err != nil {
		return keys.PublicKey{}, err
	}
	if !p.Algorithm().CanSign() {
		return keys.PublicKey{}, fmt.Errorf("%v cannot sign", p.Algorithm())
	}
	return p, nil
}

func (w *wireTier) tier() (Tier, error) {
	if w.Delay < uint64(MinDelay/time.Second) || w.Delay > uint64(MaxDelay/time.Second) {
		return Tier{}, fmt.Errorf("tier: delay outside %v to %v", MinDelay, MaxDelay)
	}
	c, err := w.Keys.commitments()
	return Tier{Delay: time.Duration(w.Delay) * time.Second, Vetoable: w.Vetoable, Keys: c}, err
}

func (t Tier) wire() (wireTier, error) {
	if t.Delay%time.Second != 0 {
		return wireTier{}, errors.New("tier: delay is not whole seconds")
	}
	set, err := t.Keys.wire()
	if err != nil {
		return wireTier{}, fmt.Errorf("tier: %w", err)
	}
	w := wireTier{Delay: uint64(t.Delay / time.Second), Vetoable: t.Vetoable, Keys: *set}
	_, err = w.tier()
	return w, err
}
