package cometledger

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
)

// grow makes blocks of random transactions.
func (d *driver) grow(r *rand.Rand, blocks int) {
	d.Helper()
	for range blocks {
		txs, err := randomBlock(r, d.store.view())
		if err != nil {
			d.Fatal(err)
		}
		d.block(txs...)
		d.taking.running.Wait() // so that every snapshot is taken
	}
}

// snapshots returns what the application offers.
func (d *driver) offered() []*abci.Snapshot {
	d.Helper()
	r, err := d.ListSnapshots(d.Context(), &abci.RequestListSnapshots{})
	if err != nil {
		d.Fatal(err)
	}
	return r.Snapshots
}

func (d *driver) chunk(s *abci.Snapshot, n uint32) []byte {
	d.Helper()
	r, err := d.LoadSnapshotChunk(d.Context(), &abci.RequestLoadSnapshotChunk{Height: s.Height, Format: s.Format, Chunk: n})
	if err != nil {
		d.Fatal(err)
	}
	return r.Chunk
}

// empty opens an application without a chain.
func empty(t testing.TB) *driver {
	d := &driver{TB: t, dir: t.TempDir(), time: chainBegin}
	d.open()
	return d
}

func (d *driver) offer(s *abci.Snapshot, appHash []byte) abci.ResponseOfferSnapshot_Result {
	d.Helper()
	r, err := d.OfferSnapshot(d.Context(), &abci.RequestOfferSnapshot{Snapshot: s, AppHash: appHash})
	if err != nil {
		d.Fatal(err)
	}
	return r.Result
}

func (d *driver) apply(n uint32, chunk []byte) *abci.ResponseApplySnapshotChunk {
	d.Helper()
	r, err := d.ApplySnapshotChunk(d.Context(), &abci.RequestApplySnapshotChunk{Index: n, Chunk: chunk, Sender: "peer"})
	if err != nil {
		d.Fatal(err)
	}
	return r
}

// growTo makes blocks and returns the app hash after each.
func (d *driver) growTo(r *rand.Rand, blocks int) map[int64][]byte {
	hashes := make(map[int64][]byte)
	for range blocks {
		d.grow(r, 1)
		h := d.store.view().appHash
		hashes[d.store.view().Height] = h[:]
	}
	return hashes
}

func TestSnapshot(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{Snapshots: 5})
	r := rand.New(rand.NewPCG(1, 2))
	hashes := d.growTo(r, 23)
	list := d.offered()
	if len(list) != keptSnapshots || list[0].Height != 15 || list[1].Height != 20 {
		t.Fatalf("got snapshots %v, want those of blocks 15 and 20", list)
	}
	for _, s := range list {
		other := empty(t)
		if got := other.offer(s, hashes[int64(s.Height)]); got != abci.ResponseOfferSnapshot_ACCEPT {
			t.Fatalf("offered: got %v", got)
		}
		for n := range s.Chunks {
			if got := other.apply(n, d.chunk(s, n)); got.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
				t.Fatalf("chunk %d: got %v", n, got)
			}
		}
		info, err := other.Info(t.Context(), &abci.RequestInfo{})
		if err != nil || info.LastBlockHeight != int64(s.Height) || !bytes.Equal(info.LastBlockAppHash, hashes[int64(s.Height)]) {
			t.Fatalf("got height %d, app hash %x, %v", info.LastBlockHeight, info.LastBlockAppHash, err)
		}
		if err := other.store.check(t.Context()); err != nil {
			t.Error(err)
		}
		other.reopen()
		// Both go on alike.
		fork := rand.New(rand.NewPCG(3, s.Height))
		if s.Height == list[1].Height {
			continue
		}
		for other.store.view().Height < d.store.view().Height {
			other.finalize(other.time.Add(time.Hour))
		}
		txs, err := randomBlock(fork, other.store.view())
		if err != nil {
			t.Fatal(err)
		}
		other.block(txs...)
		if err := other.store.check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestSnapshotHostile: a peer that lies costs a retry, never a wrong ledger.
func TestSnapshotHostile(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{Snapshots: 4})
	hashes := d.growTo(rand.New(rand.NewPCG(5, 6)), 8)
	list := d.offered()
	s := list[len(list)-1]
	appHash, good := hashes[int64(s.Height)], d.chunk(s, 0)
	forged := func(change func(*metadata)) *abci.Snapshot {
		m, err := parseMetadata(s.Metadata)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		b := mustEncode(m)
		sum := sha256.Sum256(b)
		return &abci.Snapshot{Height: s.Height, Format: s.Format, Chunks: uint32(len(m.Chunks) / 32), Hash: sum[:], Metadata: b}
	}
	other := empty(t)
	for name, f := range map[string]*abci.Snapshot{
		"hash":      {Height: s.Height, Format: 1, Chunks: s.Chunks, Hash: appHash, Metadata: s.Metadata},
		"chunks":    {Height: s.Height, Format: 1, Chunks: s.Chunks + 1, Hash: s.Hash, Metadata: s.Metadata},
		"metadata":  {Height: s.Height, Format: 1, Chunks: s.Chunks, Hash: s.Hash},
		"height":    {Format: 1, Chunks: s.Chunks, Hash: s.Hash, Metadata: s.Metadata},
		"no leaves": forged(func(m *metadata) { m.Size = m.Entries }),
		"no chunks": forged(func(m *metadata) { m.Chunks = []byte{} }),
		"no chain":  forged(func(m *metadata) { m.ChainID = "" }),
	} {
		if got := other.offer(f, appHash); got != abci.ResponseOfferSnapshot_REJECT {
			t.Errorf("%s: got %v", name, got)
		}
	}
	if got := other.offer(&abci.Snapshot{Height: s.Height, Format: 2}, appHash); got != abci.ResponseOfferSnapshot_REJECT_FORMAT {
		t.Errorf("another format: got %v", got)
	}
	if got := d.offer(s, appHash); got != abci.ResponseOfferSnapshot_ABORT {
		t.Errorf("offered to one that has blocks: got %v", got)
	}
	if got := other.apply(0, good); got.Result != abci.ResponseApplySnapshotChunk_ABORT {
		t.Errorf("a chunk before a snapshot: got %v", got)
	}
	// A chunk that is not the announced one is asked for again elsewhere.
	other.offer(s, appHash)
	got := other.apply(0, append(bytes.Clone(good), 0))
	if got.Result != abci.ResponseApplySnapshotChunk_RETRY || len(got.RejectSenders) != 1 || len(got.RefetchChunks) != 1 {
		t.Errorf("another chunk: got %v", got)
	}
	if got := other.apply(1, good); got.Result != abci.ResponseApplySnapshotChunk_RETRY_SNAPSHOT {
		t.Errorf("out of order: got %v", got)
	}
	// What is announced and is not what the chain has is found by executing it, or by the app hash at last.
	lies := map[string]func(*chunk, *metadata){
		"an operation":     func(c *chunk, _ *metadata) { c.Entries[3].Op[len(c.Entries[3].Op)-1] ^= 1 },
		"one is missing":   func(c *chunk, m *metadata) { c.Entries = c.Entries[:len(c.Entries)-1] },
		"a gap":            func(c *chunk, _ *metadata) { c.Entries[2].Index++ },
		"a time":           func(c *chunk, _ *metadata) { c.Entries[len(c.Entries)-1].Time++ },
		"time goes back":   func(c *chunk, _ *metadata) { c.Entries[0].Time += 1e6 },
		"two change place": func(c *chunk, _ *metadata) { c.Entries[0], c.Entries[1] = c.Entries[1], c.Entries[0] },
		"a map root":       func(c *chunk, _ *metadata) { c.Epochs[1].MapRoot[0] ^= 1 },
		"the last root":    func(c *chunk, _ *metadata) { c.Epochs[len(c.Epochs)-1].MapRoot[0] ^= 1 },
		"no epoch":         func(c *chunk, _ *metadata) { c.Epochs = c.Epochs[1:] },
		"epoch beyond":     func(c *chunk, _ *metadata) { c.Epochs[0].Entries = 1 << 40 },
		"key":              func(c *chunk, _ *metadata) { c.Entries[0].Key = "UPPER" },
		"chain":            func(_ *chunk, m *metadata) { m.ChainID = "other-chain" },
		"sizes":            func(_ *chunk, m *metadata) { m.Entries, m.Size = m.Entries-1, m.Size-1 },
	}
	for name, lie := range lies {
		var c chunk
		if err := decode("chunk", maxChunk, good, &c); err != nil {
			t.Fatal(err)
		}
		var b []byte
		f := forged(func(m *metadata) {
			lie(&c, m)
			b = mustEncode(&c)
			sum := sha256.Sum256(b)
			m.Chunks = sum[:]
		})
		other := empty(t)
		if got := other.offer(f, appHash); got != abci.ResponseOfferSnapshot_ACCEPT {
			t.Fatalf("%s: offered: got %v", name, got)
		}
		if got := other.apply(0, b); got.Result != abci.ResponseApplySnapshotChunk_REJECT_SNAPSHOT {
			t.Errorf("%s: got %v", name, got)
		}
		if v := other.store.view(); v.Height != 0 || v.Entries != 0 || v.ChainID != "" {
			t.Errorf("%s: left behind %+v", name, v.tip)
		}
		// The right one comes next.
		other.offer(s, appHash)
		if got := other.apply(0, good); got.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
			t.Errorf("%s: the right one after it: got %v", name, got)
		}
	}
}

// TestSnapshotChunks: snapshots of more than one chunk share all but the last.
func TestSnapshotChunks(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{Snapshots: 1 << 40})
	for i := 0; d.store.view().Entries < chunkEntries+2000; i++ {
		var txs [][]byte
		for j := range 16 {
			ops := make([]operation, MaxTxOps)
			for k := range ops {
				ops[k] = op(fmt.Sprintf("k-%d-%d-%d", i, j, k), 0, nil, "x")
			}
			txs = append(txs, d.tx(ops...))
		}
		d.block(txs...)
	}
	take := func() *abci.Snapshot {
		if err := d.store.takeSnapshot(d.store.view()); err != nil {
			t.Fatal(err)
		}
		list := d.offered()
		return list[len(list)-1]
	}
	first := take()
	d.block(d.tx(op("more", 0, nil, "x")))
	second := take()
	if first.Chunks != 2 || second.Chunks != 2 || !bytes.Equal(d.chunk(first, 0), d.chunk(second, 0)) {
		t.Fatalf("got %d and %d chunks, want 2, the first one shared", first.Chunks, second.Chunks)
	}
	if c := d.chunk(first, 2); c != nil {
		t.Errorf("a chunk beyond the last: got %d bytes", len(c))
	}
	hash := d.store.view().appHash
	other := empty(t)
	other.offer(second, hash[:])
	other.apply(0, d.chunk(second, 0))
	// The machine fails in the middle: what is left is nothing.
	if err := other.app.close(); err != nil {
		t.Fatal(err)
	}
	other.open()
	if v := other.store.view(); v.Height != 0 || v.Entries != 0 {
		t.Errorf("a restore that did not end left %+v", v.tip)
	}
	other.offer(second, hash[:])
	for n := range second.Chunks {
		if got := other.apply(n, d.chunk(second, n)); got.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
			t.Fatalf("chunk %d: got %v", n, got)
		}
	}
	if v := other.store.view(); v.appHash != hash {
		t.Errorf("got app hash %v, want %v", v.appHash, hash)
	}
	if err := other.store.check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSnapshotOfNothing: a chain without entries has one chunk, with the epoch of the genesis.
func TestSnapshotOfNothing(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{Snapshots: 1})
	d.grow(rand.New(rand.NewPCG(0, 0)), 0)
	d.block()
	d.taking.running.Wait()
	s, hash := d.offered()[0], d.store.view().appHash
	other := empty(t)
	other.offer(s, hash[:])
	if got := other.apply(0, d.chunk(s, 0)); got.Result != abci.ResponseApplySnapshotChunk_ACCEPT {
		t.Errorf("got %v", got)
	}
	if v := other.store.view(); v.appHash != hash || v.Height != 1 {
		t.Errorf("got %+v", v.tip)
	}
}

func TestRetain(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{Retain: 3, Snapshots: 4})
	heights := map[int64]int64{1: 0, 2: 0, 3: 1, 4: 2, 5: 3, 6: 4, 7: 4, 8: 4, 9: 4, 13: 8}
	for h := int64(1); h <= 13; h++ {
		r, err := d.FinalizeBlock(t.Context(), &abci.RequestFinalizeBlock{Height: h, Time: d.time.Add(time.Duration(h) * time.Second)})
		if err != nil {
			t.Fatal(err, r)
		}
		c, err := d.Commit(t.Context(), &abci.RequestCommit{})
		if err != nil {
			t.Fatal(err)
		}
		d.taking.running.Wait()
		if want, ok := heights[h]; ok && c.RetainHeight != want {
			t.Errorf("after block %d: got %d, want %d", h, c.RetainHeight, want)
		}
		d.reopen() // what is retained for snapshots is so after a restart too
	}
}

func FuzzSnapshot(f *testing.F) {
	d := newDriver(f, f.TempDir(), appOptions{Snapshots: 3})
	d.grow(rand.New(rand.NewPCG(7, 8)), 3)
	s := d.offered()[0]
	f.Add(s.Metadata, d.chunk(s, 0))
	f.Fuzz(func(t *testing.T, m, c []byte) {
		if got, err := parseMetadata(m); err == nil && !bytes.Equal(mustEncode(got), m) {
			t.Fatalf("metadata: got %x, want %x", mustEncode(got), m)
		}
		steps, epochs, err := parseChunk(c, 0)
		if err == nil && len(steps) > chunkEntries*2 || len(epochs) > 1<<14 {
			t.Fatalf("got %d entries and %d epochs", len(steps), len(epochs))
		}
	})
}

func FuzzTip(f *testing.F) {
	d := newDriver(f, f.TempDir(), appOptions{})
	d.grow(rand.New(rand.NewPCG(7, 8)), 3)
	f.Add(d.store.view().tip.bytes())
	f.Add(newTip().bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := parseTip(b); err == nil && !bytes.Equal(got.bytes(), b) {
			t.Fatalf("got %x, want %x", got.bytes(), b)
		}
	})
}
