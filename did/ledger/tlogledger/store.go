package tlogledger

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// maxHeld bounds the states that are held between epochs.
const maxHeld = 64 << 20

// store is the ledger.Store of a Ledger: commits go to the log, and what they say to the index.
type store struct {
	log    log
	add    tessera.AddFn
	red    ledger.HeadReducer
	origin string
	dir    *directory
	index  *index
	m      *authmap.Map
	fault  func(stage string) error
	moved  func(next uint64, last time.Time) // of the Sequencer
	bulk   uint64                            // entries from which on a map is built in bulk if there is none
	chunk  uint64                            // leaves that are taken into the index at once

	ctx      context.Context // ends when Tessera is not waited for any more
	patience time.Duration   // how long leaves are waited for that have a place
	pause    time.Duration   // before leaves are offered again that were pushed back

	writing sync.Mutex // held while leaves are added; comes before mu
	failed  error      // under writing: nothing can be added any more
	tried   []byte     // under writing: the epoch leaf that was added last, or was to be

	mu      sync.Mutex
	now     end
	changed map[string][]byte // keys with entries since the last epoch, with their states; nil is to be asked of the index
	held    int               // bytes of those states
	epoch   proof.EpochLeaf   // the last one, if sealed
	sealed  bool

	resumed *sealed // what load found sealed and not published
}

func (s *store) end() end {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Head implements ledger.Store.
func (s *store) Head(key string) (ledger.Head, error) { return s.index.head(key) }

// Read implements ledger.Store.
func (s *store) Read(key string, seq uint64) (ledger.Entry, error) {
	e, ok, err := s.at(s.ctx, key, seq)
	if err == nil && !ok {
		err = corrupt("the index has no place for an entry below its key's length")
	}
	return e, err
}

// at reads an entry from the log; ok is false if there is none.
func (s *store) at(ctx context.Context, key string, seq uint64) (e ledger.Entry, ok bool, err error) {
	at, ok, err := s.index.place(key, seq)
	if err != nil || !ok {
		return ledger.Entry{}, false, err
	}
	leaf, err := s.log.leaf(ctx, at.pos)
	if err != nil {
		return ledger.Entry{}, false, err
	}
	if !at.holds(leaf) {
		return ledger.Entry{}, false, corrupt("leaf %d is another one than was added", at.pos)
	}
	e, isEntry, err := parseLeaf(leaf)
	if err == nil && (!isEntry || e.Key != key || e.Seq != seq) {
		err = corrupt("leaf %d is not the entry that the index leads to", at.pos)
	}
	return e, true, err
}

// expect checks that a leaf read in the order of the log is that of an entry, and the one that was added.
func (s *store) expect(e *ledger.Entry, leaf []byte, entry uint64) error {
	at, ok, err := s.index.place(e.Key, e.Seq)
	if err == nil && (!ok || e.Anchor.Index != entry || !at.holds(leaf)) {
		err = corrupt("the leaf of entry %d is another one than was added", entry)
	}
	return err
}

// Commit implements ledger.Store. If Tessera takes the beginning of the batch and not the rest, the beginning stands.
func (s *store) Commit(batch []ledger.Admitted) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.current(); err != nil {
		return err
	}
	now := s.end()
	if batch[0].Entry.Anchor.Index != now.entries {
		return &ledger.MovedError{Next: now.entries, Last: now.last}
	}
	if s.fault != nil {
		if err := s.fault("commit"); err != nil {
			return err
		}
	}
	leaves := make([][]byte, len(batch))
	for i := range batch {
		e := &batch[i].Entry
		leaves[i] = proof.EntryLeaf{Index: e.Anchor.Index, Time: e.Anchor.Time.Unix(), Seq: e.Seq, Key: e.Key, Op: e.Op}.Append(nil)
	}
	ready := make(chan prepared, 1) // while Tessera writes
	go func() { ready <- s.prepare(batch, leaves, now) }()
	n, err := s.addAll(leaves, now.size)
	p := <-ready
	defer func() { p.Close() }()
	if 0 < n && n < len(batch) {
		p.Close()
		p = s.prepare(batch[:n], leaves, now)
	}
	if n > 0 {
		if kept := s.keep(batch[:n], p); kept != nil {
			s.failed = kept
			return kept
		}
	}
	if err != nil && n > 0 {
		s.moved(batch[n].Entry.Anchor.Index, batch[n-1].Entry.Anchor.Time) // the Sequencer takes it that nothing stands
	}
	return err
}

// prepared is what leaves make of the index, once they are in the log.
type prepared struct {
	update
	next end
	err  error
}

func (s *store) prepare(batch []ledger.Admitted, leaves [][]byte, now end) prepared {
	p := prepared{update: s.index.update(), next: end{size: now.size, frontier: now.frontier.Clone()}}
	for i := range batch {
		hash := proof.LeafHash(leaves[i])
		if p.err = p.entry(&batch[i].Entry, batch[i].State, p.next.size, hash); p.err != nil {
			break
		}
		p.next.frontier.Append(hash, nil)
		p.next.size++
		p.next.entries, p.next.last = batch[i].Entry.Anchor.Index+1, batch[i].Entry.Anchor.Time
	}
	return p
}

// keep takes leaves that are in the log into the index.
func (s *store) keep(batch []ledger.Admitted, p prepared) error {
	if p.err != nil {
		return p.err
	}
	if err := p.commit(p.next); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = p.next
	for i := range batch {
		var state []byte
		if s.held < maxHeld {
			state = append([]byte{}, batch[i].State...)
		}
		s.held += len(state) - len(s.changed[batch[i].Entry.Key])
		s.changed[batch[i].Entry.Key] = state
	}
	return nil
}

func (s *store) close() error {
	return errors.Join(s.index.close(), s.m.Close(), s.dir.close())
}
