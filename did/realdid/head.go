package realdid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// HeadVersion is the version of the head record's encoding.
const HeadVersion = 1

const (
	historyLabel = "realdid/history/v1"
	stateLabel   = "realdid/state/v1"
)

// A Status says how an identifier stood after its last operation.
type Status uint8

const (
	StatusActive      Status = 1
	StatusPending     Status = 2 // a recovery waits
	StatusDeactivated Status = 3 // whether or not a recovery waits that revives it
	StatusMoving      Status = 5 // a migration is announced
	StatusMoved       Status = 6 // departed to another ledger: nothing follows here
)

// String returns the status in lower case.
func (s Status) String() string {
	switch s {
	case StatusActive:
		return "active"
	case StatusPending:
		return "pending"
	case StatusDeactivated:
		return "deactivated"
	case StatusMoving:
		return "moving"
	case StatusMoved:
		return "moved"
	}
	return fmt.Sprintf("status %d", uint8(s))
}

// A Head is the head record of an identifier: what the authenticated map of a ledger commits to under the identifier's key.
// It describes the state right after the last operation; the passing of time does not change it. SPEC.md section 8.3.
type Head struct {
	Seq       uint64    // place of the last valid operation
	Operation Digest    // its ID
	State     Digest    // hash of the portable state
	History   Digest    // commits to every valid operation with its index and time
	Status    Status    // right after the last operation
	Time      time.Time // of the last operation, UTC, whole seconds
	Effective time.Time // of the recovery that waits, or end of a migration's notice; zero if there is neither
}

type wireHead struct {
	Version   uint64 `cbor:"0,keyasint"`
	Seq       uint64 `cbor:"1,keyasint"`
	Operation []byte `cbor:"2,keyasint"`
	State     []byte `cbor:"3,keyasint"`
	History   []byte `cbor:"4,keyasint"`
	Status    uint64 `cbor:"5,keyasint"`
	Time      int64  `cbor:"6,keyasint"`
	Effective int64  `cbor:"7,keyasint,omitempty"`
}

// ErrHead says that a head record is malformed. It is final.
var ErrHead = errors.New("realdid: head")

// ParseHead reads a head record strictly. Errors are ErrHead.
func ParseHead(b []byte) (*Head, error) {
	if len(b) > ledger.MaxHeadSize {
		return nil, fmt.Errorf("%w: %d bytes, limit %d", ErrHead, len(b), ledger.MaxHeadSize)
	}
	var w wireHead
	if err := decode(b, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHead, err)
	}
	if w.Version != HeadVersion {
		return nil, fmt.Errorf("%w: version %d is not known", ErrHead, w.Version)
	}
	for _, d := range [][]byte{w.Operation, w.State, w.History} {
		if len(d) != len(Digest{}) {
			return nil, fmt.Errorf("%w: a hash is not 32 bytes", ErrHead)
		}
	}
	if err := w.checkStatus(); err != nil {
		return nil, err
	}
	return &Head{
		Seq: w.Seq, Operation: Digest(w.Operation), State: Digest(w.State), History: Digest(w.History),
		Status: Status(w.Status), Time: time.Unix(w.Time, 0).UTC(), Effective: unixTime(w.Effective),
	}, nil
}

func (w *wireHead) checkStatus() error {
	least, most := w.Time+1, w.Time+int64(MaxDelay/time.Second)
	if w.Status == uint64(StatusMoving) { // others may follow when the notice is over
		least, most = 0, w.Time+2*int64(MaxDelay/time.Second)
	}
	if w.Time < 0 || w.Time > maxTime || w.Effective != 0 && (w.Effective < least || w.Effective > most) {
		return fmt.Errorf("%w: time out of range", ErrHead)
	}
	known := false
	switch Status(w.Status) {
	case StatusActive, StatusMoved:
		known = w.Effective == 0
	case StatusPending, StatusMoving:
		known = w.Effective != 0
	case StatusDeactivated:
		known = true
	}
	if !known || w.Status > uint64(StatusMoved) {
		return fmt.Errorf("%w: status %d", ErrHead, w.Status)
	}
	return nil
}

// Bytes encodes the record as deterministic CBOR.
func (h *Head) Bytes() ([]byte, error) {
	w := wireHead{
		Version: HeadVersion, Seq: h.Seq, Operation: h.Operation[:], State: h.State[:], History: h.History[:],
		Status: uint64(h.Status), Time: h.Time.Unix(),
	}
	if !h.Effective.IsZero() {
		w.Effective = h.Effective.Unix()
	}
	return encode(w)
}

// HeadRecord returns the head record of the state, which must be as Apply returned it or ParseState read it.
func (s *State) HeadRecord() (*Head, error) {
	b, err := s.Portable()
	if err != nil {
		return nil, err
	}
	return s.headOf(b), nil
}

// headOf makes the record of a state whose portable form is b.
func (s *State) headOf(b []byte) *Head {
	h := &Head{
		Seq: s.seq, Operation: s.head, State: s.scid.Suite.hash(stateLabel, b), History: s.history,
		Status: StatusActive, Time: time.Unix(s.time, 0).UTC(),
	}
	if s.pending != nil {
		h.Status, h.Effective = StatusPending, time.Unix(s.pending.effective, 0).UTC()
	}
	if s.deactivate != nil {
		h.Status = StatusDeactivated
	}
	if m := s.migration; m != nil && m.departed {
		h.Status = StatusMoved
	} else if m != nil {
		h.Status, h.Effective = StatusMoving, unixTime(m.ready)
	}
	return h
}

// History returns the history root: a hash over every valid operation so far with the index and time that the ledger gave it.
func (s *State) History() Digest { return s.history }

// foldHistory adds an operation to a history root; the root before the create is zero.
func (s Suite) foldHistory(root, op Digest, at ledger.Anchor) Digest {
	var place [16]byte
	binary.BigEndian.PutUint64(place[:8], at.Index)
	binary.BigEndian.PutUint64(place[8:], uint64(at.Time.Unix()))
	return s.hash(historyLabel, root[:], op[:], place[:])
}

// Head implements ledger.HeadReducer.
func (r reducer) Head(key string, state []byte) ([]byte, error) {
	if isDescriptorKey(key) {
		h, err := descriptorHead(key, state)
		if err != nil {
			return nil, err
		}
		return h.Bytes()
	}
	s, err := ParseState(state)
	if err != nil {
		return nil, err
	}
	if s.Identifier().Key() != key {
		return nil, fmt.Errorf("%w: the state is of another key", ErrHead)
	}
	if len(state) > maxPortable {
		if state, err = s.Portable(); err != nil {
			return nil, err
		}
	}
	return s.headOf(state).Bytes()
}
