package proof

import (
	"crypto/sha256"
	"time"
)

// Digest returns the SHA-256 of the checkpoint's text: 32 bytes by which a chain commits to it.
func (c Checkpoint) Digest() Hash { return sha256.Sum256(c.Append(nil)) }

// VerifyDigest checks a proof whose Checkpoint is the bare text of a checkpoint, without signatures, because a chain vouches for its
// digest: that the text has that digest and no extension lines, that its last leaf is the epoch and that the epoch says so, and
// what stands at key under the epoch's map root. An epoch from further ahead of now than skew is refused.
//
// Nothing is known of the digest here. Whoever calls it has verified that, and says what it is worth: VerifiedHead.Latest
// and Absent are false, AsOf is the epoch's time, and there are no Cosigned and no Validators. Errors: [ErrInvalid].
func (l *Latest) VerifyDigest(digest Hash, key string, now time.Time, skew time.Duration) (*VerifiedHead, error) {
	return l.under(key, now.Add(skew), func() (*VerifiedCheckpoint, error) {
		if sha256.Sum256(l.Checkpoint) != digest {
			return nil, invalid("latest: the checkpoint is not the one of that digest")
		}
		cp, err := ParseCheckpoint(l.Checkpoint)
		if err != nil {
			return nil, err
		}
		if len(cp.Extensions) > 0 {
			return nil, invalid("latest: the checkpoint has extension lines")
		}
		return &VerifiedCheckpoint{Checkpoint: cp, Note: l.Checkpoint}, nil
	})
}
