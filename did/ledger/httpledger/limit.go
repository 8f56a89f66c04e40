package httpledger

import (
	"errors"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// A Rate is a token bucket: so many tokens a second flow in, and it holds Burst of them. The zero Rate means the default.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits of a [Handler].
type Limits struct {
	// Requests is what one client may ask, appends included. Default: 200 a second, bursts of 1,000.
	Requests Rate

	// Appends is what one client may try to append. Default: 20 a second, bursts of 200.
	Appends Rate

	// Key is how often entries may be added to one key. Only entries that were accepted count, which none but who has secrets of
	// the key can make, so that no stranger can use up a key's limit; Options.Overrules keeps a thief of some of the secrets from
	// holding up, say, a recovery. Default: one in 10 seconds, bursts of 20.
	Key Rate
}

func (r Rate) or(fallback Rate) (Rate, error) {
	if r == (Rate{}) {
		return fallback, nil
	}
	if !(r.PerSecond > 0) || math.IsInf(r.PerSecond, 0) || r.Burst < 1 {
		return r, errors.New("httpledger: options: a rate must be more than 0 a second with bursts of at least 1")
	}
	return r, nil
}

// bucketSlots is how many buckets a table has in each of its two rows. A table takes 1 MiB, however many names it sees.
const bucketSlots = 1 << 16

// buckets is a token bucket for every name, in memory that does not grow. A name has a slot in each of two rows, by a hash
// with a secret seed, and counts as empty only if both slots do: whoever shares a slot with a busy name still has the
// other. There is nothing to evict, so no flood of names makes a busy one forgotten.
//
// A slot holds when the bucket will be full again, in nanoseconds since start.
type buckets[Name comparable] struct {
	seed  maphash.Seed
	start time.Time
	token int64 // nanoseconds until one token has flowed in
	full  int64 // nanoseconds until an empty bucket is full
	mu    sync.Mutex
	slots [2][bucketSlots]int64
	clock func() time.Time
}

func newBuckets[Name comparable](r Rate, now func() time.Time) *buckets[Name] {
	token := int64(min(max(float64(time.Second)/r.PerSecond, 1), float64(24*time.Hour)))
	burst := min(int64(r.Burst), math.MaxInt64/4/token)
	return &buckets[Name]{seed: maphash.MakeSeed(), start: now(), token: token, full: token * burst, clock: now}
}

// wait returns how long it takes until the bucket of name holds a token: 0 if it does.
func (b *buckets[Name]) wait(name Name) time.Duration { return b.use(name, 0) }

// take is wait, and takes the token if there is one.
func (b *buckets[Name]) take(name Name) time.Duration { return b.use(name, 1) }

// charge takes tokens whether they are there or not; a bucket never owes more than it can hold.
func (b *buckets[Name]) charge(name Name, tokens int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first, second, now := b.find(name)
	b.put(first, second, min(max(min(*first, *second), now)+int64(tokens)*b.token, now+2*b.full))
}

func (b *buckets[Name]) use(name Name, tokens int64) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	first, second, now := b.find(name)
	at := max(min(*first, *second), now)
	if missing := at + b.token - now - b.full; missing > 0 {
		return time.Duration(missing)
	}
	b.put(first, second, at+tokens*b.token)
	return 0
}

// find returns the slots of name, and the time.
func (b *buckets[Name]) find(name Name) (first, second *int64, now int64) {
	h := maphash.Comparable(b.seed, name)
	return &b.slots[0][h%bucketSlots], &b.slots[1][h>>32%bucketSlots], int64(b.clock().Sub(b.start))
}

func (b *buckets[Name]) put(first, second *int64, at int64) {
	*first, *second = max(*first, at), max(*second, at)
}
