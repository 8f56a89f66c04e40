// Package mirror follows somebody else's log: it fetches what is published, checks all of it, keeps it durably, and says so by
// cosigning.
//
//   - [Mirror] is a full replica. It imports every entry into a ledger of its own, which executes it again, computes the map anew and
//     compares each epoch; it serves the log's files and proves what stands at a key, as the log itself does. Its key is an
//     auditor's.
//   - [Archive] holds the bytes and checks the log's tree, and knows nothing of what they mean. Its key is a mirror's.
//
// Both answer C2SP tlog-witness's add-checkpoint, with a cosignature as soon as they hold the bytes. They fetch them themselves, by
// C2SP tlog-tiles from where the log publishes; the add-entries of C2SP tlog-mirror, by which a log would push them, is not offered.
//
// # What an auditor checks
//
//   - Every leaf is in the tree that the log signed, and is an entry or an epoch in its one encoding.
//   - Entries have the indexes 0, 1, 2 … without gaps, and epochs count leaves and entries rightly.
//   - The reducer accepts every entry after those before it, at the anchor that the log gave it.
//   - The map root of every epoch is the root of the heads that the reducer computed.
//   - Times: those of entries never decrease, nor do those of epochs; an entry is not later than its epoch, and not more than
//     [DefaultMaxSkew] earlier than the epoch before. No epoch is more than that ahead of the auditor's clock.
//   - To be cosigned, the log must end in an epoch that is not more than DefaultMaxSkew behind the auditor's clock either.
//
// # Gaps
//
// An auditor cannot know when an entry was made that it sees later: after an outage, of the log or its own, all of it arrives at
// once. So the rule is about epochs: whoever cosigns every epoch while it is fresh leaves the operator no more room to date
// an entry than the time between two of them and the allowed skew. Where two epochs are further apart than
// that skew, the times of the entries between them are the operator's word, and [Options.OnGap] is told. A pending epoch that has become
// too old is followed but not cosigned; the log seals another one behind it, which is.
//
// # What is durable
//
// Before the first byte of a checkpoint is taken over, the checkpoint itself is written down; from then on no other history is
// followed, whatever becomes of the process. A cosignature is made when entries, tiles and the state of the cosigner are durable.
// The process may be killed at any moment; the next one goes on from where it was.
package mirror

import (
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// DefaultMaxSkew is how far the times of a log may be off an auditor's clock.
const DefaultMaxSkew = 5 * time.Minute

// Limits of an epoch. A log that has larger ones cannot be followed.
const (
	MaxEpochEntries = 1 << 18
	MaxEpochBytes   = 512 << 20
)

// A Fault says that a log is not what it should be. It is [witness.ErrRefused]: no such checkpoint is cosigned.
type Fault struct {
	Kind FaultKind
	Leaf uint64 // where it was noticed, if it is about a leaf
	Text string // what was found, and what should have been

	// Checkpoint is what the log signed about it. Whoever executes the log up to there finds the same.
	Checkpoint []byte
	// Accusation proves a Fork to people who have nothing of the log. It is nil for other faults.
	Accusation *proof.Accusation
}

// A FaultKind is a short name for what is wrong.
type FaultKind string

// The kinds.
const (
	Fork      FaultKind = "fork"      // the log signed two histories
	Truncated FaultKind = "truncated" // what is published is older than what is held. It may be a stale copy: no proof of guilt
	Leaf      FaultKind = "leaf"      // a leaf is not the one encoding of an entry or epoch
	Order     FaultKind = "order"     // an entry's index, or an epoch's counts, are not what stands before it
	Time      FaultKind = "time"      // a time goes back, is off the auditor's clock, or an entry is out of its epoch
	Execution FaultKind = "execution" // the reducer refuses an entry
	MapRoot   FaultKind = "map root"  // an epoch's map is not the one that the entries make
	NoEpoch   FaultKind = "no epoch"  // the log does not end in an epoch
	Size      FaultKind = "size"      // an epoch is over the limits
)

func (f *Fault) Error() string {
	switch f.Kind {
	case Fork, Truncated, NoEpoch:
		return fmt.Sprintf("mirror: %s: %s", f.Kind, f.Text)
	}
	return fmt.Sprintf("mirror: %s: leaf %d: %s", f.Kind, f.Leaf, f.Text)
}

// Unwrap makes a Fault witness.ErrRefused.
func (f *Fault) Unwrap() error { return witness.ErrRefused }

// unavailable is an error that may pass: it is witness.ErrUnavailable.
func unavailable(err error) error { return fmt.Errorf("%w: mirror: %w", witness.ErrUnavailable, err) }
