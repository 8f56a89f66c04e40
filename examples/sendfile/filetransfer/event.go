package filetransfer

import (
	"time"

	"github.com/realdid/realdid/did"
)

// EventKind is what happened.
type EventKind uint8

// What happens on the sender's side, then what happens on the receiver's.
const (
	Offered     EventKind = iota + 1 // an offer was delivered
	Accepted                         // it goes on at Offset
	ChunkGoes                        // the chunk at Offset is about to be read and packed
	Delivered                        // all before Offset was taken by the receiver's server
	Acked                            // all before Offset is on the receiver's disk
	Reported                         // the receiver reported a problem, Detail, in which its text is quoted
	Interrupted                      // Err; another try follows
	Finished                         // the receiver has everything

	Opened    // a transfer begins, or goes on, at Offset
	ChunkCame // the chunk at Offset was opened, and is about to be looked at
	OnDisk    // all before Offset
	KeyGone   // a message was for OwnKey, which is no more
	Complete  // Detail is the name of the file
	Failed    // Err: the transfer stops on this side
)

// Event tells an observer what happens. Fields that do not apply are zero.
type Event struct {
	Kind     EventKind
	Transfer string
	Offset   int64
	Size     int64
	PeerKey  did.URL // of the other side, as proven by the message that came
	OwnKey   did.URL // of this side
	Detail   string
	Err      error
	Pause    time.Duration // before the next try
}
