package proof

import (
	"bytes"
	"slices"
	"sync/atomic"
	"time"
)

// Recent remembers the checkpoint that verified last, so that many proofs under one checkpoint cost its signatures once. It is
// for one [Trust], which must not change. The zero value is ready; it is safe for concurrent use.
type Recent struct {
	last atomic.Pointer[VerifiedCheckpoint]
}

// Verify is [Latest.Verify].
func (r *Recent) Verify(l *Latest, t *Trust, key string, now time.Time) (*VerifiedHead, error) {
	return l.verify(t, key, now, func() (*VerifiedCheckpoint, error) { return r.strict(t, l.Checkpoint, now) })
}

// Select is [Trust.Select]. The caller must not change what it returns.
func (r *Recent) Select(t *Trust, note []byte, now time.Time) ([]byte, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	if v, err := r.strict(t, note, now); err == nil && v.exact(t) {
		return v.Note, nil
	}
	return t.Select(note, now)
}

// strict is VerifyStrict under a policy that was checked. What was remembered does not count once the clock has gone back to
// where a cosignature is from too far ahead of it.
func (r *Recent) strict(t *Trust, note []byte, now time.Time) (*VerifiedCheckpoint, error) {
	ahead := func(c Cosigned) bool { return c.Time.After(now.Add(t.skew())) }
	if v := r.last.Load(); v != nil && bytes.Equal(v.Note, note) && !slices.ContainsFunc(v.Cosigned, ahead) {
		return v, nil
	}
	v, err := t.verify(bytes.Clone(note), now, true)
	if err == nil {
		r.last.Store(v)
	}
	return v, err
}

// exact tells whether there are as many cosignatures as the quorum asks for, so that Select has nothing to leave out.
func (v *VerifiedCheckpoint) exact(t *Trust) bool {
	for _, r := range roles {
		if v.number(r) != t.Quorum.of(r) {
			return false
		}
	}
	return true
}
