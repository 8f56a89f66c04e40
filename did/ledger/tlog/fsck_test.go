package tlog

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// plant is a directory to be damaged.
type plant struct {
	*testing.T
	dir    string
	signer *proof.NoteSigner
	lg     *memledger.Ledger // as the log was made of
	other  *memledger.Ledger // what is compared with
	clock  *testClock
}

func (p *plant) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

// change rewrites a file.
func (p *plant) change(name string, f func(b []byte) []byte) {
	p.Helper()
	b, err := os.ReadFile(p.path(name))
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(p.path(name), f(b), 0o644); err != nil {
		p.Fatal(err)
	}
}

func (p *plant) write(name string, b []byte) {
	p.Helper()
	if err := os.MkdirAll(filepath.Dir(p.path(name)), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(p.path(name), b, 0o644); err != nil {
		p.Fatal(err)
	}
}

func (p *plant) remove(name string) {
	p.Helper()
	if err := os.Remove(p.path(name)); err != nil {
		p.Fatal(err)
	}
}

func (p *plant) rename(from, to string) {
	p.Helper()
	if err := os.Rename(p.path(from), p.path(to)); err != nil {
		p.Fatal(err)
	}
}

// withSum appends the sum of a file pending.
func withSum(b []byte) []byte { return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)) }

func flip(at int) func(b []byte) []byte {
	return func(b []byte) []byte {
		b[(at+len(b))%len(b)] ^= 1
		return b
	}
}

// rebuild makes the directory anew of leaves that edit has changed, under a checkpoint that the log signs: what an operator
// can do who has the key.
func (p *plant) rebuild(edit func(leaves [][]byte) [][]byte, heads func(set func(key string, head []byte))) {
	p.Helper()
	var leaves [][]byte
	s := &Store{dir: p.dir}
	size := uint64(0)
	if e, err := openEpochs(p.path(epochsFile)); err != nil {
		p.Fatal(err)
	} else {
		r, err := e.read(e.n.Load() - 1)
		if err != nil {
			p.Fatal(err)
		}
		size = r.size + 1
		e.f.Close()
	}
	for i := range size {
		leaf, err := s.readLeaf(i, size)
		if err != nil {
			p.Fatal(err)
		}
		leaves = append(leaves, bytes.Clone(leaf))
	}
	if edit != nil {
		leaves = edit(leaves)
	}
	if heads != nil {
		m, err := authmap.Open(p.path(mapDir), nil)
		if err != nil {
			p.Fatal(err)
		}
		var changes []authmap.Change
		heads(func(key string, head []byte) {
			changes = append(changes, authmap.Change{Path: proof.MapPath(key), Head: head})
		})
		staged, err := m.Stage(changes)
		if err != nil {
			p.Fatal(err)
		}
		// The planted root stands in the last epoch, and the version is what it should be.
		last, err := proof.ParseEpochLeaf(leaves[len(leaves)-1])
		if err != nil {
			p.Fatal(err)
		}
		more := proof.EpochLeaf{MapRoot: staged.Root(), Size: uint64(len(leaves)), Entries: last.Entries, Time: last.Time}
		leaves = append(leaves, more.Append(nil))
		if err := errors.Join(staged.Commit(uint64(len(leaves))), m.Close()); err != nil {
			p.Fatal(err)
		}
		p.change(epochsFile, func(b []byte) []byte {
			return append(b, epoch{more.Size, more.Entries, more.Time}.encode(uint64(len(b))/epochRecord)...)
		})
	}
	if err := os.RemoveAll(p.path(logDir)); err != nil {
		p.Fatal(err)
	}
	e := new(edge)
	var files []file
	add := func(t proof.Tile, data []byte) { files = append(files, file{t.Path(), data}) }
	for _, leaf := range leaves {
		if err := e.append(leaf, add); err != nil {
			p.Fatal(err)
		}
	}
	e.partial(add)
	if err := (disk{noSync: true}).writeFiles(p.path(logDir), files); err != nil {
		p.Fatal(err)
	}
	root, err := e.root()
	if err != nil {
		p.Fatal(err)
	}
	p.sign(proof.Checkpoint{Origin: origin, Size: uint64(len(leaves)), Root: root})
}

// sign publishes a checkpoint.
func (p *plant) sign(c proof.Checkpoint) {
	p.Helper()
	text := c.Append(nil)
	sig, err := p.signer.SignNote(text)
	if err != nil {
		p.Fatal(err)
	}
	p.write("log/checkpoint", (&proof.Note{Text: text, Signatures: []proof.NoteSignature{sig}}).Append(nil))
}

// fork is the ledger with another operation in the place of entry n, or without what comes from there on.
func (p *plant) fork(n uint64, cut bool) {
	p.Helper()
	p.other = memledger.New(nil, &memledger.Options{Clock: p.clock.read})
	for e, err := range p.lg.Follow(p.Context(), 0) {
		if err != nil {
			p.Fatal(err)
		}
		if cut && e.Anchor.Index == n {
			return
		}
		if e.Anchor.Index == n {
			e.Op = append(e.Op, '!')
		}
		if err := p.other.Import(p.Context(), []ledger.Entry{e}); err != nil {
			p.Fatal(err)
		}
	}
}

// The log of these tests has 700 entries and three epochs: 0 is the epoch of nothing, 601 that of 600 entries, 702 the last.
const (
	plantFirst, plantSecond = 600, 100
	plantSize               = 1 + plantFirst + 1 + plantSecond + 1
	lastBundle              = "log/tile/entries/002.p/191"
	lastTile                = "log/tile/0/002.p/191"
	upperTile               = "log/tile/1/000.p/2"
)

// TestFsckFaults plants each kind of fault and wants it named, and nothing when there is none.
func TestFsckFaults(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	signer, trust := alone(t)
	dir := t.TempDir()
	l := openLog(t, lg, dir, manual(clock))
	seal(t, l)
	clock.add(time.Second)
	fill(t, lg, plantFirst)
	seal(t, l)
	clock.add(time.Second)
	fill(t, lg, plantSecond)
	seal(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l.store.Size() != plantSize {
		t.Fatalf("%d leaves, want %d", l.store.Size(), plantSize)
	}

	entryLeaf := func(edit func(e *proof.EntryLeaf)) func(b [][]byte) [][]byte {
		return func(leaves [][]byte) [][]byte {
			e, err := proof.ParseEntryLeaf(leaves[100])
			if err != nil {
				t.Fatal(err)
			}
			edit(&e)
			leaves[100] = e.Append(nil)
			return leaves
		}
	}
	epochLeaf := func(at int, edit func(e *proof.EpochLeaf)) func(b [][]byte) [][]byte {
		return func(leaves [][]byte) [][]byte {
			e, err := proof.ParseEpochLeaf(leaves[at])
			if err != nil {
				t.Fatal(err)
			}
			edit(&e)
			leaves[at] = e.Append(nil)
			return leaves
		}
	}
	for _, c := range []struct {
		name  string
		plant func(p *plant)
		want  []FaultCode // exactly these, each at least once
	}{
		{"nothing", func(*plant) {}, nil},
		{"format missing", func(p *plant) { p.remove(formatFile) }, []FaultCode{FaultFormat}},
		{"format of the future", func(p *plant) { p.write(formatFile, []byte("realdid-tlog 2\nx\n")) }, []FaultCode{FaultFormat}},
		{"epochs missing", func(p *plant) { p.remove(epochsFile) }, []FaultCode{FaultEpochsRecord}},
		{"epochs damaged", func(p *plant) { p.change(epochsFile, flip(epochRecord+3)) }, []FaultCode{FaultEpochsRecord}},
		{"epochs torn", func(p *plant) { p.change(epochsFile, func(b []byte) []byte { return append(b, 1, 2, 3) }) }, []FaultCode{FaultEpochsRecord}},
		{"epochs of another time", func(p *plant) {
			p.change(epochsFile, func(b []byte) []byte {
				r := epoch{plantFirst + 1, plantFirst, 12345}.encode(1)
				return slices.Concat(b[:epochRecord], r, b[2*epochRecord:])
			})
		}, []FaultCode{FaultEpochsLeaf}},
		{"entry flipped in a full bundle", func(p *plant) { p.change("log/tile/entries/001", flip(-1)) }, []FaultCode{FaultBundleLeaf, FaultLedgerEntry}},
		{"entry flipped in the last bundle", func(p *plant) { p.change(lastBundle, flip(40)) }, []FaultCode{FaultBundleLeaf, FaultLedgerEntry}},
		{"bundle missing", func(p *plant) { p.remove("log/tile/entries/001") }, []FaultCode{FaultBundleMissing}},
		{"bundle cut", func(p *plant) {
			p.change("log/tile/entries/000", func(b []byte) []byte { return b[:len(b)-1] })
		}, []FaultCode{FaultBundleMalformed}},
		{"tile missing", func(p *plant) { p.remove("log/tile/0/001") }, []FaultCode{FaultTileMissing}},
		{"upper tile missing", func(p *plant) { p.remove(upperTile) }, []FaultCode{FaultTileMissing}},
		{"tile too long", func(p *plant) { p.change(lastTile, func(b []byte) []byte { return append(b, 0) }) }, []FaultCode{FaultTileSize}},
		{"tile flipped", func(p *plant) { p.change("log/tile/0/000", flip(777)) }, []FaultCode{FaultTileHash}},
		{"last tile flipped", func(p *plant) { p.change(lastTile, flip(33)) }, []FaultCode{FaultTileHash}},
		{"upper tile flipped", func(p *plant) { p.change(upperTile, flip(33)) }, []FaultCode{FaultTileHash}},
		{"old partial tile flipped", func(p *plant) { p.change("log/tile/0/002.p/90", flip(33)) }, []FaultCode{FaultTilePartial}},
		{"old partial bundle flipped", func(p *plant) { p.change("log/tile/entries/002.p/90", flip(33)) }, []FaultCode{FaultTilePartial}},
		{"file of somebody else", func(p *plant) { p.write("log/tile/0/x000/note.txt", []byte("hello")) }, []FaultCode{FaultStray}},
		{"tile of a longer log", func(p *plant) { p.write("log/tile/0/007", []byte("hello")) }, []FaultCode{FaultStray}},
		{"wider tile than the log", func(p *plant) { p.write("log/tile/0/002.p/200", []byte("hello")) }, []FaultCode{FaultStray}},
		{"checkpoint missing", func(p *plant) { p.remove("log/checkpoint") }, []FaultCode{FaultCheckpointMissing}},
		{"checkpoint malformed", func(p *plant) { p.change("log/checkpoint", flip(-1)) }, []FaultCode{FaultCheckpointMalformed}},
		{"checkpoint forged", func(p *plant) { p.change("log/checkpoint", flip(-30)) }, []FaultCode{FaultCheckpointSignature}},
		{"checkpoint of another log", func(p *plant) {
			p.sign(proof.Checkpoint{Origin: "elsewhere.example", Size: plantSize, Root: proof.EmptyRoot()})
		}, []FaultCode{FaultCheckpointMalformed}},
		{"checkpoint inside an epoch", func(p *plant) {
			p.sign(proof.Checkpoint{Origin: origin, Size: 300, Root: proof.EmptyRoot()})
		}, []FaultCode{FaultCheckpointSize}},
		{"checkpoint of a longer log", func(p *plant) {
			p.sign(proof.Checkpoint{Origin: origin, Size: plantSize + 5, Root: proof.EmptyRoot()})
		}, []FaultCode{FaultCheckpointSize}},
		{"checkpoint with another root", func(p *plant) {
			p.sign(proof.Checkpoint{Origin: origin, Size: plantSize, Root: proof.EmptyRoot()})
		}, []FaultCode{FaultLogRoot}},
		{"pending damaged", func(p *plant) { p.write(pendingFile, make([]byte, 120)) }, []FaultCode{FaultPending}},
		{"pending on top of a longer log", func(p *plant) {
			p.write(pendingFile, encodePending(plantSize+7, []Sealed{{Epoch: proof.EpochLeaf{Size: plantSize + 7}}}))
		}, []FaultCode{FaultPending}},
		{"map missing", func(p *plant) {
			if err := os.RemoveAll(p.path(mapDir)); err != nil {
				p.Fatal(err)
			}
		}, []FaultCode{FaultMapUnreadable}},
		{"map damaged", func(p *plant) { p.change(mapDir+"/FORMAT", flip(0)) }, []FaultCode{FaultMapUnreadable}},
		{"map pages damaged", func(p *plant) { p.change(mapDir+"/pages", func(b []byte) []byte { clear(b[len(b)/2:]); return b }) }, []FaultCode{FaultMapUnreadable}},
		{"map ahead of the log", func(p *plant) {
			m, err := authmap.Open(p.path(mapDir), nil)
			if err != nil {
				p.Fatal(err)
			}
			staged, err := m.Stage(nil)
			if err != nil {
				p.Fatal(err)
			}
			if err := errors.Join(staged.Commit(plantSize+10), m.Close()); err != nil {
				p.Fatal(err)
			}
		}, []FaultCode{FaultMapVersion}},
		// What follows is signed by the log.
		{"index of an entry", func(p *plant) {
			p.rebuild(entryLeaf(func(e *proof.EntryLeaf) { e.Index = 77777 }), nil)
		}, []FaultCode{FaultLeafIndex, FaultLedgerMissing}},
		{"time of an entry", func(p *plant) {
			p.rebuild(entryLeaf(func(e *proof.EntryLeaf) { e.Time -= 3600 }), nil)
		}, []FaultCode{FaultLeafTime, FaultLedgerEntry}},
		{"operation of an entry", func(p *plant) {
			p.rebuild(entryLeaf(func(e *proof.EntryLeaf) { e.Op = []byte("another") }), nil)
		}, []FaultCode{FaultLedgerEntry}},
		{"leaf of no kind", func(p *plant) {
			p.rebuild(func(leaves [][]byte) [][]byte { leaves[100] = []byte{9, 9}; return leaves }, nil)
		}, []FaultCode{FaultLeafMalformed}},
		{"place of an epoch", func(p *plant) {
			p.rebuild(epochLeaf(plantFirst+1, func(e *proof.EpochLeaf) { e.Size++ }), nil)
		}, []FaultCode{FaultEpochSize, FaultEpochsLeaf}},
		{"entries of an epoch", func(p *plant) {
			p.rebuild(epochLeaf(plantFirst+1, func(e *proof.EpochLeaf) { e.Entries-- }), nil)
		}, []FaultCode{FaultEpochSize, FaultEpochsLeaf}},
		{"time of an epoch", func(p *plant) {
			p.rebuild(epochLeaf(plantFirst+1, func(e *proof.EpochLeaf) { e.Time -= 3600 }), nil)
		}, []FaultCode{FaultEpochTime, FaultEpochsLeaf}},
		{"map root of the last epoch", func(p *plant) {
			p.rebuild(epochLeaf(plantSize-1, func(e *proof.EpochLeaf) { e.MapRoot[3] ^= 1 }), nil)
		}, []FaultCode{FaultMapRoot}},
		{"log that ends in an entry", func(p *plant) {
			p.rebuild(func(leaves [][]byte) [][]byte {
				return append(leaves[:plantSize-1], proof.EntryLeaf{Index: plantFirst + plantSecond, Time: epochTime.Unix() + 2, Key: "key"}.Append(nil))
			}, nil)
		}, []FaultCode{FaultLogEnd, FaultLedgerMissing}},
		{"planted head", func(p *plant) {
			p.rebuild(nil, func(set func(string, []byte)) { set("key-3", []byte("planted")) })
		}, []FaultCode{FaultMapHead}},
		{"head of a key that is not there", func(p *plant) {
			p.rebuild(nil, func(set func(string, []byte)) { set("ghost", []byte("planted")) })
		}, []FaultCode{FaultMapExtra}},
		// These ledgers have no reducer, and so no states that make the heads.
		{"another entry in the ledger", func(p *plant) { p.fork(plantFirst+plantSecond-1, false) }, []FaultCode{FaultLedgerEntry, FaultMapHead}},
		{"ledger cut off", func(p *plant) { p.fork(650, true) }, []FaultCode{FaultLedgerMissing, FaultMapHead}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &plant{T: t, dir: t.TempDir(), signer: signer, lg: lg, other: lg, clock: clock}
			copyDir(t, p.dir, dir)
			c.plant(p)
			opt := &FsckOptions{Trust: trust, Clock: clock.read, Ledger: p.other, Reducer: reducer}
			found := make(map[FaultCode]Fault)
			if err := Fsck(t.Context(), p.dir, opt, func(f Fault) { found[f.Code] = f }); err != nil {
				t.Fatalf("Fsck: %v", err)
			}
			for _, code := range c.want {
				if _, ok := found[code]; !ok {
					t.Errorf("%s was not found", code)
				}
			}
			for code, f := range found {
				if !slices.Contains(c.want, code) {
					t.Errorf("found as well: %v", f)
				}
			}
		})
	}
}

// TestFsckOpen: the methods find the same in an open directory, and stand back from a batch.
func TestFsckOpen(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l := openLog(t, lg, t.TempDir(), manual(clock))
	fill(t, lg, 20)
	seal(t, l)
	fill(t, lg, 5) // not covered
	noFaults(t, l)
	b, err := l.store.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.store.Fsck(t.Context(), func(Fault) {}); !errors.Is(err, ErrBusy) {
		t.Errorf("during a batch: %v, want ErrBusy", err)
	}
	b.Discard()
	path := filepath.Join(l.store.dir, filepath.FromSlash("log/tile/0/000.p/21"))
	tile, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint64(tile, 1)
	if err := os.WriteFile(path, tile, 0o644); err != nil {
		t.Fatal(err)
	}
	var found []Fault
	for _, fsck := range []func(context.Context, func(Fault)) error{l.Fsck, l.store.Fsck} {
		if err := fsck(t.Context(), func(f Fault) { found = append(found, f) }); err != nil {
			t.Fatal(err)
		}
	}
	if len(found) != 2 || found[0].Code != FaultTileHash || found[1] != found[0] || found[0].Path != "log/tile/0/000.p/21" {
		t.Errorf("found %v", found)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Fsck(ctx, func(Fault) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
