package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// How much is sealed before it is settled. While a log is being caught up with, that costs nothing, and a small number makes it
// faster; when one that is up to date publishes nothing for long, nothing can be proven from then on until it does.
const (
	settleEpochs, settleEntries           = 64, 1 << 14
	unpublishedEpochs, unpublishedEntries = 1024, 1 << 18
)

// Sync looks at what the log publishes and takes it over. An error is a [*Fault], or [witness.ErrUnavailable] and may pass, or one of
// the replica or the store. fs.ErrNotExist: nothing is published yet.
func (m *Mirror) Sync(ctx context.Context) error {
	if err := m.take(ctx); err != nil {
		return err
	}
	defer m.release()
	ctx, stop := m.bound(ctx)
	defer stop()
	note, err := m.src.ReadFile(ctx, "checkpoint")
	if err != nil {
		return unavailable(err)
	}
	return m.follow(ctx, note)
}

// bound makes a context that ends with the mirror as well.
func (m *Mirror) bound(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	off := context.AfterFunc(m.ctx, cancel)
	return ctx, func() { off(); cancel() }
}

// follow takes over a published checkpoint and publishes it here.
func (m *Mirror) follow(ctx context.Context, note []byte) error {
	c, signed, err := witness.VerifySigned(m.trust.Log, m.trust.Origin, note)
	if err != nil {
		return unavailable(err) // whoever serves this is not the log
	}
	if err := m.advance(ctx, c, signed); err != nil {
		return err
	}
	if held := m.size(); c.Size < held {
		if last, ok := m.store.Published(); ok && c.Size <= last.Size {
			return m.report(&Fault{
				Kind: Truncated, Checkpoint: signed,
				Text: fmt.Sprintf("the source shows a checkpoint of %d leaves, and one of %d was published", c.Size, last.Size+1),
			})
		}
		return nil // what is held beyond it was cosigned and is not published yet
	}
	return m.publish(c, note)
}

// hold is what the cosigner calls for a checkpoint that it is about to cosign.
func (m *Mirror) hold(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	err := m.holdNow(ctx, c, signed)
	if err != nil {
		m.opt.OnError(err)
	}
	return err
}

func (m *Mirror) holdNow(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	if err := m.take(ctx); err != nil {
		if errors.Is(err, ledger.ErrClosed) {
			return unavailable(err)
		}
		return err
	}
	defer m.release()
	ctx, stop := m.bound(ctx)
	defer stop()
	if m.batch != nil && c.Size > m.size() {
		// What was cosigned before is published by now, and the next one can only be sealed in its place or behind it.
		if note, err := m.src.ReadFile(ctx, "checkpoint"); err == nil {
			if old, _, err := witness.VerifySigned(m.trust.Log, m.trust.Origin, note); err == nil && old.Size == m.size() {
				_ = m.publish(old, note) // or later
			}
		}
	}
	if err := m.advance(ctx, c, signed); err != nil {
		return err
	}
	leaf, err := m.epochAt(ctx, c)
	if err != nil {
		return err
	}
	a := audit{size: c.Size, epoch: leaf.Time, now: m.opt.Clock().Unix(), skew: int64(m.opt.MaxSkew / time.Second)}
	if f := a.fresh(); f != nil {
		f.Checkpoint = signed
		return f
	}
	return nil
}

// size returns the number of leaves that are held.
func (m *Mirror) size() uint64 {
	if m.batch != nil {
		return m.batch.Size()
	}
	return m.store.Size()
}

// advance takes over what the log has up to a checkpoint. It returns nil if all of it is held, or already was.
func (m *Mirror) advance(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	if err := m.begin(ctx); err != nil {
		return err
	}
	if held := m.size(); c.Size <= held {
		return m.known(ctx, c, signed)
	}
	if err := m.target.check(ctx, m.src, c, signed); err != nil {
		return m.report(err)
	}
	t, err := openTree(ctx, m.src, c)
	if err != nil {
		return err
	}
	if err := m.target.pin(ctx, t, signed); err != nil {
		return m.report(err)
	}
	if err := m.read(ctx, t); err != nil {
		m.drop()
		if f := (*Fault)(nil); errors.As(err, &f) && f.Checkpoint == nil {
			f.Checkpoint = signed
		}
		return m.report(err)
	}
	return nil
}

// known returns nil if a checkpoint is of the beginning of what is held.
func (m *Mirror) known(ctx context.Context, c proof.Checkpoint, signed []byte) error {
	if c.Size == 0 {
		return nil
	}
	own := storeSource{m.store}
	root, err := proof.Root(witness.NewHashReader(ctx, own, m.size()), c.Size)
	if err != nil || root == c.Root {
		return err
	}
	src := m.src
	if m.target.c.Size == m.size() {
		src = own
	}
	if err := m.target.check(ctx, src, c, signed); err != nil {
		return m.report(err)
	}
	return fmt.Errorf("%w: mirror: what is held is not the log of the target", ledger.ErrCorrupt)
}

// storeSource reads the files that are held.
type storeSource struct{ s *tlog.Store }

func (s storeSource) ReadFile(_ context.Context, path string) ([]byte, error) {
	return s.s.ReadFile(path)
}

// epochAt returns the epoch in which a checkpoint ends that is held.
func (m *Mirror) epochAt(ctx context.Context, c proof.Checkpoint) (proof.EpochLeaf, error) {
	if c.Size == 0 {
		return proof.EpochLeaf{}, m.report(&Fault{Kind: NoEpoch, Text: "the log is empty"})
	}
	leaf, err := witness.LastEpoch(ctx, storeSource{m.store}, c)
	if errors.Is(err, witness.ErrRefused) {
		return leaf, m.report(&Fault{Kind: NoEpoch, Leaf: c.Size - 1, Text: "the log does not end in an epoch"})
	}
	return leaf, err
}

// begin makes m.batch a batch that has everything sealed before, by this process or an earlier one.
func (m *Mirror) begin(ctx context.Context) error {
	if m.batch != nil || len(m.store.Pending()) == 0 {
		return nil
	}
	return m.open(ctx)
}

// open begins the batch.
func (m *Mirror) open(ctx context.Context) (err error) {
	if m.batch, err = m.store.Begin(); err != nil {
		return err
	}
	for _, p := range m.store.Pending() {
		if err = tlog.Fill(ctx, m.batch, m.replica, m.red, p.Epoch.Entries); err == nil {
			err = m.batch.SealAs(p)
		}
		if err != nil {
			m.drop()
			if differs := (*tlog.MismatchError)(nil); errors.As(err, &differs) {
				return fmt.Errorf("%w: mirror: the epoch of %d leaves cannot be made of the replica again: %w", ledger.ErrCorrupt, p.Checkpoint.Size, err)
			}
			return err
		}
	}
	return nil
}

// read takes over the leaves of t beyond what is held, epoch by epoch.
func (m *Mirror) read(ctx context.Context, t *tree) error {
	a, err := m.auditor(ctx)
	if err != nil {
		return err
	}
	var (
		entries []ledger.Entry
		bytes   int
	)
	err = t.leaves(ctx, a.size, func(index uint64, leaf []byte) error {
		parsed, err := proof.ParseLeaf(leaf)
		if err != nil {
			return fault(Leaf, index, "%v", err)
		}
		switch l := parsed.(type) {
		case proof.EntryLeaf:
			if f := a.next(&l); f != nil {
				return f
			}
			if bytes += len(leaf); len(entries) == m.limits.entries || bytes > m.limits.bytes {
				return fault(Size, index, "epoch of more than %d entries or %d bytes", m.limits.entries, m.limits.bytes)
			}
			entries = append(entries, entryOf(l))
		case proof.EpochLeaf:
			before, any := a.epoch, a.epochs
			if f := a.seal(&l); f != nil {
				return f
			}
			if any && l.Time-before > a.skew {
				m.opt.OnGap(time.Unix(before, 0).UTC(), time.Unix(l.Time, 0).UTC())
			}
			if err := m.execute(ctx, t, entries, l); err != nil {
				return err
			}
			entries, bytes = entries[:0], 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return &Fault{Kind: NoEpoch, Leaf: t.c.Size - 1, Text: "the log does not end in an epoch"}
	}
	return nil
}

// entryOf returns the entry that a leaf is of.
func entryOf(l proof.EntryLeaf) ledger.Entry {
	return ledger.Entry{Key: l.Key, Seq: l.Seq, Op: l.Op, Anchor: ledger.Anchor{Index: l.Index, Time: time.Unix(l.Time, 0).UTC()}}
}

// auditor returns an audit that goes on from what is held.
func (m *Mirror) auditor(ctx context.Context) (*audit, error) {
	a := &audit{size: m.size(), entries: m.store.Entries(), now: m.opt.Clock().Unix(), skew: int64(m.opt.MaxSkew / time.Second)}
	leaf, ok := m.store.Epoch()
	if m.batch != nil {
		a.entries = m.batch.Entries()
		if chain := m.batch.Sealed(); len(chain) > 0 {
			leaf, ok = chain[len(chain)-1].Epoch, true
		}
	}
	a.epoch, a.epochs = leaf.Time, ok
	if a.entries == 0 {
		return a, nil
	}
	for e, err := range m.replica.Follow(ctx, a.entries-1) {
		if err != nil {
			return nil, err
		}
		a.entry = e.Anchor.Time.Unix()
		return a, nil
	}
	return nil, fmt.Errorf("%w: mirror: the replica has fewer than the %d entries of the log", ledger.ErrCorrupt, a.entries)
}

// execute imports the entries of an epoch and seals it, if it is what the log says it is.
func (m *Mirror) execute(ctx context.Context, t *tree, entries []ledger.Entry, epoch proof.EpochLeaf) error {
	if err := m.importEntries(ctx, entries, epoch); err != nil {
		return err
	}
	if err := m.room(); err != nil {
		return err
	}
	if m.batch == nil {
		if err := m.open(ctx); err != nil {
			return err
		}
	}
	if err := tlog.Fill(ctx, m.batch, m.replica, m.red, epoch.Entries); err != nil {
		return err
	}
	root, err := t.rootAt(ctx, epoch.Size+1)
	if err != nil {
		return err
	}
	c := tlog.Sealed{Checkpoint: proof.Checkpoint{Origin: m.trust.Origin, Size: epoch.Size + 1, Root: root}, Epoch: epoch}
	last := c.Checkpoint.Size == t.c.Size
	settle := !last && (len(m.batch.Sealed()) >= settleEpochs || epoch.Entries >= m.store.Entries()+settleEntries)
	if last || settle {
		err = m.batch.SealAs(c)
	} else {
		err = m.batch.PassAs(c)
	}
	if err == nil && settle {
		if err = m.batch.Settle(); err == nil {
			m.batch = nil
		}
	}
	if differs := (*tlog.MismatchError)(nil); errors.As(err, &differs) {
		if differs.What == "map root" {
			return fault(MapRoot, epoch.Size, "the log says %s, and its entries make %s", differs.Want, differs.Got)
		}
		return fmt.Errorf("%w: mirror: epoch at leaf %d: %w", ledger.ErrCorrupt, epoch.Size, err) // the leaves were checked
	}
	return err
}

// room settles the batch if so much was sealed since the last publication that it takes long to go on from there.
func (m *Mirror) room() error {
	if m.batch == nil || len(m.batch.Sealed()) < m.limits.unpublished && m.batch.Entries() < m.store.Entries()+unpublishedEntries {
		return nil
	}
	err := m.batch.Settle()
	if err == nil {
		m.batch = nil
	}
	return err
}

// importEntries brings the entries of an epoch into the replica. Those that an earlier process imported have to be the same.
func (m *Mirror) importEntries(ctx context.Context, entries []ledger.Entry, epoch proof.EpochLeaf) error {
	if len(entries) == 0 {
		return nil
	}
	held := uint64(0)
	if last, ok := m.replica.Last(); ok {
		held = last.Index + 1
	}
	if first := entries[0].Anchor.Index; first < held {
		n := min(held-first, uint64(len(entries)))
		if err := m.same(ctx, entries[:n]); err != nil {
			return err
		}
		entries = entries[n:]
	}
	if len(entries) == 0 {
		return nil
	}
	err := m.replica.Import(ctx, entries)
	if !errors.Is(err, ledger.ErrInvalid) && !errors.Is(err, ledger.ErrConflict) {
		return err
	}
	index := entries[0].Anchor.Index
	if last, ok := m.replica.Last(); ok {
		index = last.Index + 1
	}
	return fault(Execution, epoch.Size-(epoch.Entries-index), "entry %d: %v", index, err)
}

func (m *Mirror) same(ctx context.Context, entries []ledger.Entry) error {
	i := 0
	for e, err := range m.replica.Follow(ctx, entries[0].Anchor.Index) {
		if err != nil {
			return err
		}
		want := &entries[i]
		if e.Key != want.Key || e.Seq != want.Seq || string(e.Op) != string(want.Op) || !e.Anchor.Time.Equal(want.Anchor.Time) {
			return fmt.Errorf("%w: mirror: entry %d of the replica is not the one in the log", ledger.ErrCorrupt, e.Anchor.Index)
		}
		if i++; i == len(entries) {
			return nil
		}
	}
	return fmt.Errorf("%w: mirror: the replica has lost entries", ledger.ErrCorrupt)
}

// report stores what is known about a fault, for people to look at, and returns err.
func (m *Mirror) report(err error) error { return report(m.dir, err) }

func report(dir string, err error) error {
	f := (*Fault)(nil)
	if !errors.As(err, &f) || f.Kind == Truncated || f.Kind == Fork { // of a fork there is an accusation
		return err
	}
	b, jsonErr := json.MarshalIndent(struct {
		Kind       FaultKind `json:"kind"`
		Leaf       uint64    `json:"leaf"`
		Text       string    `json:"text"`
		Checkpoint string    `json:"checkpoint"`
	}{f.Kind, f.Leaf, f.Text, string(f.Checkpoint)}, "", "\t")
	if jsonErr == nil {
		_ = writeFile(dir, "fault.json", append(b, '\n')) // the error itself is what counts
	}
	return err
}
