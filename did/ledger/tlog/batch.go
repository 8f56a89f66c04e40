package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A Batch is what comes next in a [Store]: entries, heads, and the epoch leaf that seals them. One goroutine uses it.
//
// A batch that was sealed and could not be published can be added to and sealed again: the epoch leaf before stays in the log,
// and the checkpoint to publish ends in the new one. After [Batch.Publish], [Batch.Settle] or [Batch.Discard] it is done.
type Batch struct {
	s           *Store
	base        uint64 // leaves below,
	baseEntries uint64 // and entries among them

	edge    *edge
	entries uint64 // of the ledger, those below included
	last    int64  // time of the last entry
	after   int64  // time of the last epoch
	size    int    // bytes of leaves that are not written yet
	files   []file // full tiles that are not written yet

	heads     map[proof.Hash][]byte // what changed since the committed map
	staged    *authmap.Staged
	committed bool // the map is, and the rest is to follow

	chain   []Sealed
	onDisk  []Sealed // by the file pending, when the batch began
	passing bool     // the epoch that is being sealed is not to be written
	written bool     // the last one of chain was
	err     error    // what ended the batch
}

var errDone = errors.New("tlog: batch: it is done")

// Begin returns a new batch on top of the log. Errors: [ErrBusy] while another is under way; what ended writing to the store.
func (s *Store) Begin() (*Batch, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if s.batching.Swap(true) {
		return nil, ErrBusy
	}
	s.mu.RLock()
	t := s.tip
	s.mu.RUnlock()
	b := &Batch{s: s, base: t.edge.size, baseEntries: t.entries(), edge: t.edge.clone(), entries: t.entries(), last: t.entryTime, after: t.last.Time}
	b.heads = make(map[proof.Hash][]byte)
	base, chain, err := s.readPending() // an attempt that failed may have left it behind
	if err == nil && len(chain) > 0 && base == b.base {
		b.onDisk = chain
	}
	s.mu.Lock()
	s.pending = b.onDisk
	s.mu.Unlock()
	if err != nil {
		s.batching.Store(false)
		return nil, err
	}
	return b, nil
}

// Entries returns how many entries of the ledger the log has with the batch: the index of the next one to add.
func (b *Batch) Entries() uint64 { return b.entries }

// Size returns the number of leaves of the log with the batch.
func (b *Batch) Size() uint64 { return b.edge.size }

// Sealed returns the epochs of the batch, the one to publish last.
func (b *Batch) Sealed() []Sealed { return append([]Sealed(nil), b.chain...) }

// AddEntry appends the leaf of an entry. Entries come in the order of the index, without gaps, and their times do not decrease.
func (b *Batch) AddEntry(e ledger.Entry) error {
	if b.err != nil {
		return b.err
	}
	at := e.Anchor.Time.Unix()
	switch err := ledger.CheckKey(e.Key); {
	case err != nil:
		return err
	case e.Anchor.Index != b.entries:
		return fmt.Errorf("%w: tlog: entry %d, and the next one is %d", ledger.ErrInvalid, e.Anchor.Index, b.entries)
	case at < 0 || at > proof.MaxTime || at < b.last:
		return fmt.Errorf("%w: tlog: entry %d: time %d is out of range, or before the last one", ledger.ErrInvalid, e.Anchor.Index, at)
	}
	if err := b.add(proof.EntryLeaf{Index: e.Anchor.Index, Time: at, Seq: e.Seq, Key: e.Key, Op: e.Op}.Append(nil)); err != nil {
		return err
	}
	b.last = at
	b.entries++
	return nil
}

func (b *Batch) add(leaf []byte) error {
	b.size += len(leaf)
	return b.edge.append(leaf, func(t proof.Tile, data []byte) {
		b.files = append(b.files, file{t.Path(), data})
	})
}

// SetHead makes head the head record of key; the last one for a key counts. Without an entry of that key in the batch
// it would say something that nothing in the log explains.
func (b *Batch) SetHead(key string, head []byte) error {
	if b.err != nil {
		return b.err
	}
	if len(head) == 0 || len(head) > ledger.MaxHeadSize {
		return fmt.Errorf("%w: tlog: head of %d bytes, not 1 to %d", ledger.ErrInvalid, len(head), ledger.MaxHeadSize)
	}
	b.heads[proof.MapPath(key)] = bytes.Clone(head)
	return nil
}

// Seal appends an epoch leaf and makes the epoch binding: when it returns, the tiles of the log that ends in it are
// readable, and whatever happens, no other epoch of that size will come from this store. The epoch's time is at, or that of the last
// entry or epoch if one is later. Errors: [ErrPending] if another epoch is binding already; after any error the batch is
// to be discarded.
func (b *Batch) Seal(at time.Time) (proof.Checkpoint, proof.EpochLeaf, error) {
	if n := len(b.chain); b.err == nil && n < len(b.onDisk) {
		return proof.Checkpoint{}, proof.EpochLeaf{}, fmt.Errorf("%w: one of %d leaves", ErrPending, b.onDisk[n].Checkpoint.Size)
	}
	leaf := proof.EpochLeaf{Time: max(at.Unix(), b.last, b.after)}
	err := b.seal(&leaf, nil)
	if err != nil {
		return proof.Checkpoint{}, proof.EpochLeaf{}, err
	}
	last := &b.chain[len(b.chain)-1]
	return last.Checkpoint, last.Epoch, nil
}

// SealAs is Seal for an epoch that is given: it computes the epoch anew and compares. Nothing is written if it differs,
// which is a [*MismatchError].
func (b *Batch) SealAs(want Sealed) error {
	if b.err != nil {
		return b.err
	}
	if want.Checkpoint.Origin != b.s.origin {
		return &MismatchError{"origin", b.s.origin, want.Checkpoint.Origin}
	}
	switch {
	case want.Epoch.Size+1 != want.Checkpoint.Size:
		return &MismatchError{"size", number(want.Epoch.Size + 1), number(want.Checkpoint.Size)}
	case want.Epoch.Size != b.edge.size:
		return &MismatchError{"size", number(b.edge.size), number(want.Epoch.Size)}
	case want.Epoch.Entries != b.entries:
		return &MismatchError{"entries", number(b.entries), number(want.Epoch.Entries)}
	}
	return b.seal(&proof.EpochLeaf{Time: want.Epoch.Time}, &want)
}

// PassAs is SealAs for an epoch behind which the batch goes on, by one who follows a log that went on long ago: it computes the epoch
// anew and compares, and leaves it to the next SealAs to write it. Until then the batch cannot be published or settled.
func (b *Batch) PassAs(want Sealed) error {
	b.passing = true
	defer func() { b.passing = false }()
	return b.SealAs(want)
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// seal completes leaf and appends it.
func (b *Batch) seal(leaf *proof.EpochLeaf, want *Sealed) error {
	err := b.err
	if err == nil {
		err = b.s.usable()
	}
	if err == nil && leaf.Time < max(b.last, b.after) {
		err = &MismatchError{"time", number(uint64(leaf.Time)), "at least " + number(uint64(max(b.last, b.after)))}
	}
	if err == nil && len(b.chain) == maxPending {
		err = fmt.Errorf("tlog: batch: %d epochs, none of them published", maxPending)
	}
	if err != nil {
		return err
	}
	if err = b.stage(leaf, want); err != nil {
		b.err = err
		return err
	}
	return nil
}

func (b *Batch) stage(leaf *proof.EpochLeaf, want *Sealed) error {
	if err := b.stageMap(); err != nil {
		return err
	}
	leaf.MapRoot, leaf.Size, leaf.Entries = b.staged.Root(), b.edge.size, b.entries
	if want != nil && leaf.MapRoot != want.Epoch.MapRoot { // before anything depends on it
		return &MismatchError{"map root", leaf.MapRoot.String(), want.Epoch.MapRoot.String()}
	}
	if err := b.add(leaf.Append(nil)); err != nil {
		return err
	}
	root, err := b.edge.root()
	if err != nil {
		return err
	}
	sealed := b.s.sealed(*leaf, root)
	if want != nil && root != want.Checkpoint.Root {
		return &MismatchError{"log root", root.String(), want.Checkpoint.Root.String()}
	}
	n := len(b.chain)
	if n < len(b.onDisk) && !sealed.equal(&b.onDisk[n]) {
		return fmt.Errorf("%w: one of %d leaves", ErrPending, b.onDisk[n].Checkpoint.Size)
	}
	b.chain = append(b.chain, sealed)
	b.after, b.written = leaf.Time, !b.passing
	if b.passing {
		return nil
	}
	if err := b.bind(); err != nil {
		return err
	}
	b.edge.partial(func(t proof.Tile, data []byte) { b.files = append(b.files, file{t.Path(), data}) })
	if err := b.s.inject("tiles"); err != nil {
		return err
	}
	if err := b.s.disk.writeFiles(b.s.logRoot(), b.files); err != nil {
		return err
	}
	b.files, b.size = nil, 0
	return b.s.inject("sealed")
}

// stageMap stages all heads that the batch changes.
func (b *Batch) stageMap() error {
	changes := make([]authmap.Change, 0, len(b.heads))
	for path, head := range b.heads {
		changes = append(changes, authmap.Change{Path: path, Head: head})
	}
	if b.staged != nil {
		b.staged.Discard()
		b.staged = nil
	}
	staged, err := b.s.m.Stage(changes)
	if err != nil {
		return mapError(err)
	}
	b.staged = staged
	return nil
}

// bind writes the file pending, unless it names further epochs that are yet to be sealed again.
func (b *Batch) bind() error {
	if len(b.chain) < len(b.onDisk) {
		return nil
	}
	s := b.s
	if err := s.inject("pending"); err != nil {
		return err
	}
	if err := s.disk.replaceFile(s.dir, pendingFile, encodePending(b.base, b.chain)); err != nil {
		return err
	}
	s.mu.Lock()
	s.pending = slices.Clone(b.chain)
	s.mu.Unlock()
	return s.inject("bound")
}

// Discard ends the batch. What it sealed stays pending: the next batch has to seal the same.
func (b *Batch) Discard() {
	if b.err == errDone {
		return
	}
	if b.staged != nil && !b.committed {
		b.staged.Discard() // which is nothing after a Commit that failed
	}
	if b.committed {
		b.s.fail(errors.New("an epoch was left half published"))
	}
	b.done()
}

func (b *Batch) done() {
	b.err, b.staged, b.files, b.heads = errDone, nil, nil, nil
	b.s.batching.Store(false)
}

// mapError gives an error of the map the class that this package promises.
func mapError(err error) error {
	for of, is := range map[error]error{
		authmap.ErrCorrupt: ledger.ErrCorrupt, authmap.ErrClosed: ledger.ErrClosed, authmap.ErrLocked: ledger.ErrLocked, authmap.ErrFormat: ErrFormat,
	} {
		if errors.Is(err, of) {
			return fmt.Errorf("%w: %w", is, err)
		}
	}
	return err
}
