package realdid

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// rememberedNotes is how many checkpoints of one log a Memory keeps: the largest ones.
const rememberedNotes = 16

const (
	memoryVersion = 2
	maxMemory     = 64 << 20 // bytes of a memory file
)

// A Memory is what a client remembers of the checkpoints that it has verified: by it a client notices a log that goes back,
// or that shows it another history than before. A log is known by its origin and key together. It is safe for concurrent use. A log that was caught signing two histories
// stays refused until somebody makes a new Memory; the evidence is in Accusations.
type Memory struct {
	mu   sync.Mutex
	path string                 // empty: in memory only
	logs map[string]*remembered // by logName
}

type remembered struct {
	_           struct{}   `cbor:",toarray"`
	Seen        []seenNote // by size, the largest last
	Accusations [][]byte
}

type seenNote struct {
	_    struct{} `cbor:",toarray"`
	Size uint64
	Root []byte
	AsOf int64 // Unix seconds
	Note []byte
}

type wireMemory struct {
	_       struct{} `cbor:",toarray"`
	Version uint64
	Logs    map[string]*remembered
}

// A RollbackError says that a checkpoint is older than one that was seen before. That is no misbehaviour by itself: a
// replica may lag, and a proof may have been kept for a while.
type RollbackError struct {
	Origin      string
	Seen, Shown uint64    // sizes of the log
	SeenAsOf    time.Time // of the largest that was seen
	ShownAsOf   time.Time
}

func (e *RollbackError) Error() string {
	return fmt.Sprintf("realdid: memory: log %q: a checkpoint of size %d as of %s, after one of size %d as of %s was seen",
		e.Origin, e.Shown, e.ShownAsOf.UTC().Format(time.RFC3339), e.Seen, e.SeenAsOf.UTC().Format(time.RFC3339))
}

// An EquivocationError says that a log signed two checkpoints that cannot both be true. Accusation proves it to anybody.
type EquivocationError struct {
	Origin     string
	Size       uint64
	Accusation []byte // proof.ParseAccusation reads it
}

func (e *EquivocationError) Error() string {
	return fmt.Sprintf("realdid: memory: log %q signed two different histories of size %d", e.Origin, e.Size)
}

// ErrMemory says that a memory file cannot be read or written. A damaged one is not taken for an empty one.
var ErrMemory = errors.New("realdid: memory")

// NewMemory returns an empty memory that lives as long as the program.
func NewMemory() *Memory { return &Memory{logs: map[string]*remembered{}} }

// OpenMemory returns the memory that is kept in a file, which is made if it does not exist. The file is replaced as a whole, and
// read again before each change; two programs that change it at the same moment can lose what one of them saw.
func OpenMemory(path string) (*Memory, error) {
	m := NewMemory()
	m.path = path
	if err := m.load(); err != nil {
		return nil, err
	}
	return m, nil
}

// See compares a verified checkpoint with those seen before and remembers it. asOf is the time that the proof with it is about;
// a checkpoint smaller than the largest that was seen is accepted if it lags by no more than lag. Errors are *RollbackError,
// *EquivocationError and ErrMemory.
func (m *Memory) See(c *proof.VerifiedCheckpoint, asOf time.Time, lag time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	change, err := m.check(c, asOf, lag)
	if change != nil && m.path != "" { // another program may have written since
		if err := m.load(); err != nil {
			return err
		}
		change, err = m.check(c, asOf, lag)
	}
	if change == nil {
		return err
	}
	change()
	return errors.Join(err, m.save())
}

// check says what is wrong with c, and what there is to remember about it: change does that, and is nil if it is nothing.
func (m *Memory) check(c *proof.VerifiedCheckpoint, asOf time.Time, lag time.Duration) (change func(), err error) {
	seen := seenNote{Size: c.Size, Root: c.Root[:], AsOf: asOf.Unix(), Note: c.Note}
	name := logName(c.Origin, c.Log)
	log := m.logs[name]
	if log == nil {
		return func() { m.logs[name] = &remembered{Seen: []seenNote{seen}} }, nil
	}
	if len(log.Accusations) > 0 {
		return nil, &EquivocationError{Origin: c.Origin, Size: c.Size, Accusation: log.Accusations[0]}
	}
	place, known := slices.BinarySearchFunc(log.Seen, c.Size, func(s seenNote, size uint64) int { return cmp.Compare(s.Size, size) })
	if known && proof.Hash(log.Seen[place].Root) != c.Root {
		return log.accuse(&log.Seen[place], c)
	}
	if top := &log.Seen[len(log.Seen)-1]; c.Size < top.Size {
		if newest := unixTime(top.AsOf); newest.Sub(asOf) > lag || lag == 0 {
			return nil, &RollbackError{Origin: c.Origin, Seen: top.Size, Shown: c.Size, SeenAsOf: newest, ShownAsOf: asOf}
		}
	}
	switch {
	case !known:
		return func() { log.remember(place, seen) }, nil
	case log.Seen[place].AsOf < seen.AsOf: // the same checkpoint, cosigned again later
		return func() { log.Seen[place] = seen }, nil
	}
	return nil, nil
}

// remember puts a checkpoint in its place, and forgets the smallest if there are too many.
func (r *remembered) remember(place int, s seenNote) {
	r.Seen = slices.Insert(r.Seen, place, s)
	if n := len(r.Seen); n > rememberedNotes {
		r.Seen = slices.Delete(r.Seen, 0, n-rememberedNotes)
	}
}

func (r *remembered) accuse(s *seenNote, c *proof.VerifiedCheckpoint) (change func(), err error) {
	b, err := (&proof.Accusation{A: s.Note, B: c.Note}).Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: accusation: %w", ErrMemory, err)
	}
	return func() { r.Accusations = append(r.Accusations, b) }, &EquivocationError{Origin: c.Origin, Size: c.Size, Accusation: b}
}

// logName tells logs apart. A trust domain can give its log the origin of another domain's, whose memory that must not spoil:
// only who has the key of a log makes its checkpoints.
func logName(origin string, key proof.VerifierKey) string { return origin + " " + key.String() }

// Highest returns the largest checkpoint that was seen of the log with that origin and key, as a signed note.
func (m *Memory) Highest(origin string, key proof.VerifierKey) (note []byte, size uint64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	log := m.logs[logName(origin, key)]
	if log == nil || len(log.Seen) == 0 {
		return nil, 0, false
	}
	top := log.Seen[len(log.Seen)-1]
	return slices.Clone(top.Note), top.Size, true
}

// Accusations returns the evidence against every log that was caught, for proof.ParseAccusation.
func (m *Memory) Accusations() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out [][]byte
	for _, log := range m.logs {
		for _, a := range log.Accusations {
			out = append(out, slices.Clone(a))
		}
	}
	return out
}

func (m *Memory) load() error {
	f, err := os.Open(m.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() > maxMemory {
		return fmt.Errorf("%w: over %d bytes (%v)", ErrMemory, maxMemory, err)
	}
	b := make([]byte, info.Size())
	if _, err := f.ReadAt(b, 0); err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	var w wireMemory
	if err := decode(b, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	if w.Version != memoryVersion {
		return fmt.Errorf("%w: version %d is not known", ErrMemory, w.Version)
	}
	for _, log := range w.Logs {
		if log == nil || len(log.Seen) == 0 || len(log.Seen) > rememberedNotes {
			return fmt.Errorf("%w: a log without checkpoints, or with too many", ErrMemory)
		}
		for i, s := range log.Seen {
			if len(s.Root) != proof.HashSize || i > 0 && s.Size <= log.Seen[i-1].Size {
				return fmt.Errorf("%w: checkpoints out of order", ErrMemory)
			}
		}
	}
	if w.Logs == nil {
		w.Logs = map[string]*remembered{}
	}
	m.logs = w.Logs
	return nil
}

// save replaces the file, so that a crash leaves the old one or the new one.
func (m *Memory) save() error {
	if m.path == "" {
		return nil
	}
	fail := func(err error) error { return fmt.Errorf("%w: %w", ErrMemory, err) }
	b, err := encode(&wireMemory{Version: memoryVersion, Logs: m.logs})
	if err != nil {
		return fail(err)
	}
	f, err := os.CreateTemp(filepath.Dir(m.path), filepath.Base(m.path)+".*")
	if err != nil {
		return fail(err)
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), m.path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fail(err)
	}
	return nil
}
