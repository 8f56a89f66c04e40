package tlog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := OpenStore(dir, &StoreOptions{Origin: origin, disk: disk{noSync: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func begin(t *testing.T, s *Store) *Batch {
	t.Helper()
	b, err := s.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// entry makes the entry of an index, each of a key of its own, a second apart.
func entry(index uint64) ledger.Entry {
	at := epochTime.Add(time.Duration(index) * time.Second)
	return ledger.Entry{Key: fmt.Sprintf("key-%d", index), Op: []byte("op"), Anchor: ledger.Anchor{Index: index, Time: at}}
}

// add adds the next n entries and their heads.
func add(t *testing.T, b *Batch, n int) {
	t.Helper()
	for range n {
		e := entry(b.Entries())
		if err := errors.Join(b.AddEntry(e), b.SetHead(e.Key, []byte("head of "+e.Key))); err != nil {
			t.Fatal(err)
		}
	}
}

// note signs a checkpoint.
func note(t *testing.T, c proof.Checkpoint) []byte {
	t.Helper()
	signer, _ := alone(t)
	n := &proof.Note{Text: c.Append(nil)}
	sig, err := signer.SignNote(n.Text)
	if err != nil {
		t.Fatal(err)
	}
	n.Signatures = []proof.NoteSignature{sig}
	return n.Append(nil)
}

// publish seals what is in b and publishes it.
func publish(t *testing.T, b *Batch) Sealed {
	t.Helper()
	c, e, err := b.Seal(epochTime)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(note(t, c)); err != nil {
		t.Fatal(err)
	}
	return Sealed{c, e}
}

func TestAddEntry(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s)
	add(t, b, 3)
	for name, edit := range map[string]func(e *ledger.Entry){
		"an index before":   func(e *ledger.Entry) { e.Anchor.Index = 2 },
		"an index beyond":   func(e *ledger.Entry) { e.Anchor.Index = 4 },
		"a time before":     func(e *ledger.Entry) { e.Anchor.Time = epochTime },
		"a time before all": func(e *ledger.Entry) { e.Anchor.Time = time.Unix(-1, 0) },
		"a time beyond all": func(e *ledger.Entry) { e.Anchor.Time = time.Unix(proof.MaxTime+1, 0) },
		"no key":            func(e *ledger.Entry) { e.Key = "" },
		"a key of no kind":  func(e *ledger.Entry) { e.Key = "Key" },
	} {
		e := entry(3)
		edit(&e)
		if err := b.AddEntry(e); !errors.Is(err, ledger.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	for _, n := range []int{0, ledger.MaxHeadSize + 1} {
		if err := b.SetHead("key-1", make([]byte, n)); !errors.Is(err, ledger.ErrInvalid) {
			t.Errorf("head of %d bytes: %v, want ErrInvalid", n, err)
		}
	}
	if b.Entries() != 3 || b.Size() != 3 {
		t.Errorf("%d entries, %d leaves", b.Entries(), b.Size())
	}
	publish(t, b)
	b = begin(t, s)
	e := entry(3)
	e.Anchor.Time = epochTime
	if err := b.AddEntry(e); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("a time before the last batch's: %v, want ErrInvalid", err)
	}
}

// TestBatchOrder: what comes at the wrong time is refused and does no harm.
func TestBatchOrder(t *testing.T) {
	s := openStore(t, t.TempDir())
	b := begin(t, s)
	if _, err := s.Begin(); !errors.Is(err, ErrBusy) {
		t.Errorf("a second batch: %v, want ErrBusy", err)
	}
	if err := b.Publish(note(t, proof.Checkpoint{Origin: origin, Root: proof.EmptyRoot()})); err == nil {
		t.Error("published before it was sealed")
	}
	if err := b.Settle(); err == nil {
		t.Error("settled before it was sealed")
	}
	add(t, b, 2)
	c, e, err := b.Seal(epochTime)
	if err != nil {
		t.Fatal(err)
	}
	if e.Time != entry(1).Anchor.Time.Unix() || e.Size != 2 || e.Entries != 2 || c.Size != 3 {
		t.Errorf("epoch %+v, checkpoint %+v", e, c)
	}
	if got := s.Pending(); len(got) != 1 || !got[0].equal(&Sealed{c, e}) {
		t.Errorf("pending %+v", got)
	}
	if s.Size() != 0 || s.Entries() != 0 || s.Checkpoint() != nil {
		t.Error("it is part of the log before it is published")
	}
	other := c
	other.Root[0] ^= 1
	for name, n := range map[string][]byte{"of another root": note(t, other), "malformed": []byte("hello")} {
		if err := b.Publish(n); err == nil {
			t.Errorf("published a note %s", name)
		}
	}
	add(t, b, 1)
	if err := b.Publish(note(t, c)); err == nil {
		t.Error("published with an entry behind the epoch")
	}
	if err := b.Settle(); err == nil || s.Size() != 0 {
		t.Error("settled with an entry behind the epoch")
	}
	last := publish(t, b)
	if last.Epoch.Size != 4 || s.Size() != 5 || s.Entries() != 3 || s.tip.epochs != 2 {
		t.Errorf("epoch %+v, %d leaves, %d entries, %d epochs", last.Epoch, s.Size(), s.Entries(), s.tip.epochs)
	}
	for name, err := range map[string]error{
		"AddEntry": b.AddEntry(entry(3)), "SetHead": b.SetHead("key", []byte("x")), "Publish": b.Publish(note(t, last.Checkpoint)),
		"Settle": b.Settle(), "SealAs": b.SealAs(last),
	} {
		if !errors.Is(err, errDone) {
			t.Errorf("%s of a batch that is done: %v", name, err)
		}
	}
	b.Discard()
	b = begin(t, s)
	b.Discard()
	b.Discard()
	begin(t, s).Discard()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Begin after Close: %v, want ErrClosed", err)
	}
	if _, err := s.Prove("key"); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Prove after Close: %v, want ErrClosed", err)
	}
}

// TestSealAs: an epoch is recomputed, and what differs is named before anything is written.
func TestSealAs(t *testing.T) {
	from := openStore(t, t.TempDir())
	b := begin(t, from)
	add(t, b, 5)
	want := publish(t, b)
	s := openStore(t, t.TempDir())
	for _, c := range []struct {
		what string
		edit func(w *Sealed)
	}{
		{"origin", func(w *Sealed) { w.Checkpoint.Origin = "elsewhere" }},
		{"size", func(w *Sealed) { w.Checkpoint.Size++ }},
		{"size", func(w *Sealed) { w.Epoch.Size++; w.Checkpoint.Size++ }},
		{"entries", func(w *Sealed) { w.Epoch.Entries-- }},
		{"time", func(w *Sealed) { w.Epoch.Time = epochTime.Unix() }},
		{"map root", func(w *Sealed) { w.Epoch.MapRoot[0] ^= 1 }},
		{"log root", func(w *Sealed) { w.Epoch.Time++ }},
		{"log root", func(w *Sealed) { w.Checkpoint.Root[0] ^= 1 }},
	} {
		b := begin(t, s)
		add(t, b, 5)
		w := want
		c.edit(&w)
		var m *MismatchError
		if err := b.SealAs(w); !errors.As(err, &m) || m.What != c.what || m.Got == m.Want {
			t.Errorf("%s: %v", c.what, err)
		}
		b.Discard()
		if p := s.Pending(); len(p) != 0 {
			t.Fatalf("%s: %d epochs are pending", c.what, len(p))
		}
	}
	b = begin(t, s)
	add(t, b, 5)
	if err := b.SealAs(want); err != nil {
		t.Fatal(err)
	}
	if err := b.Publish(from.Checkpoint()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Prove("key-3")
	if err != nil || string(got.Head) != "head of key-3" {
		t.Errorf("Prove: %+v, %v", got, err)
	}
}

// TestPendingBinds: what was sealed has to be sealed again, each of it.
func TestPendingBinds(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s)
	var chain []Sealed
	for range 3 {
		add(t, b, 2)
		c, e, err := b.Seal(epochTime)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, Sealed{c, e})
	}
	if got := b.Sealed(); len(got) != 3 || !got[2].equal(&chain[2]) {
		t.Errorf("Sealed: %+v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	if got := s.Pending(); len(got) != 3 || !got[0].equal(&chain[0]) || !got[2].equal(&chain[2]) {
		t.Fatalf("pending %+v", got)
	}
	b = begin(t, s)
	add(t, b, 2)
	if _, _, err := b.Seal(epochTime.Add(time.Hour)); !errors.Is(err, ErrPending) {
		t.Errorf("Seal: %v, want ErrPending", err)
	}
	add(t, b, 1)
	later := Sealed{Epoch: proof.EpochLeaf{Size: 3, Entries: 3, Time: chain[0].Epoch.Time + 1}}
	if err := b.stage(&later.Epoch, nil); !errors.Is(err, ErrPending) {
		t.Errorf("another epoch: %v, want ErrPending", err)
	}
	b.Discard()
	b = begin(t, s)
	add(t, b, 2)
	if err := b.SealAs(chain[0]); err != nil {
		t.Fatal(err)
	}
	b.Discard()
	if _, onDisk, err := s.readPending(); err != nil || len(onDisk) != 3 || len(s.Pending()) != 3 {
		t.Fatalf("with one sealed again %d are pending, and %d on the disk; %v", len(s.Pending()), len(onDisk), err)
	}
	b = begin(t, s)
	for i, c := range chain {
		add(t, b, 2)
		if err := b.SealAs(c); err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			if err := b.Publish(note(t, c.Checkpoint)); !errors.Is(err, ErrPending) {
				t.Errorf("Publish of epoch %d: %v, want ErrPending", i, err)
			}
			if err := b.Settle(); !errors.Is(err, ErrPending) {
				t.Errorf("Settle of epoch %d: %v, want ErrPending", i, err)
			}
		}
	}
	if err := b.Publish(note(t, chain[2].Checkpoint)); err != nil {
		t.Fatal(err)
	}
	if len(s.Pending()) != 0 || s.Size() != chain[2].Checkpoint.Size {
		t.Errorf("%d pending, %d leaves", len(s.Pending()), s.Size())
	}
}

// TestSettle: epochs can become part of the log without a checkpoint, also over a restart; proofs wait for one.
func TestSettle(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s)
	add(t, b, 2)
	first := publish(t, b)
	for range 2 {
		b := begin(t, s)
		add(t, b, 300)
		if _, _, err := b.Seal(epochTime); err != nil {
			t.Fatal(err)
		}
		if err := b.Settle(); err != nil {
			t.Fatal(err)
		}
		if s.Size() <= first.Checkpoint.Size || string(s.Checkpoint()) != string(note(t, first.Checkpoint)) {
			t.Errorf("%d leaves, checkpoint %s", s.Size(), s.Checkpoint())
		}
		if _, err := s.Prove("key-1"); !errors.Is(err, ErrUnproven) {
			t.Errorf("Prove: %v, want ErrUnproven", err)
		}
		if _, at, path, err := s.ProveEntry(1); err != nil {
			t.Error(err)
		} else if err := proof.VerifyInclusion(at, 3, proof.LeafHash(leafOf(t, s, 1)), path, first.Checkpoint.Root); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir)
	}
	if err := s.Fsck(t.Context(), func(f Fault) { t.Error(f) }); err != nil {
		t.Fatal(err)
	}
	last := publish(t, begin(t, s))
	if p, err := s.Prove("key-600"); err != nil || string(p.Head) != "head of key-600" || p.Epoch != last.Epoch {
		t.Errorf("Prove: %+v, %v", p, err)
	}
	if err := s.Amend(note(t, first.Checkpoint)); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("Amend with an older checkpoint: %v, want ErrInvalid", err)
	}
	if err := s.Amend([]byte("hello")); err == nil {
		t.Error("Amend with no note")
	}
}

func leafOf(t *testing.T, s *Store, index uint64) []byte {
	t.Helper()
	leaf, _, _, err := s.ProveEntry(index)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestOpenStoreErrors(t *testing.T) {
	for _, opt := range []*StoreOptions{nil, {}, {Origin: "two\nlines"}} {
		if s, err := OpenStore(t.TempDir(), opt); err == nil {
			s.Close()
			t.Errorf("opened with %+v", opt)
		}
	}
	dir := t.TempDir()
	s := openStore(t, dir)
	b := begin(t, s)
	add(t, b, 300)
	publish(t, b)
	b = begin(t, s)
	add(t, b, 3)
	publish(t, b)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p := func(t *testing.T) *plant {
		c := &plant{T: t, dir: t.TempDir()}
		copyDir(t, c.dir, dir)
		return c
	}
	for name, c := range map[string]struct {
		plant func(p *plant)
		want  error
		text  string
	}{
		"format of the future":      {func(p *plant) { p.write(formatFile, []byte("realdid-tlog 2\n")) }, ErrFormat, "realdid-tlog 2"},
		"format missing":            {func(p *plant) { p.remove(formatFile) }, ledger.ErrCorrupt, "FORMAT"},
		"epochs damaged":            {func(p *plant) { p.change(epochsFile, flip(-7)) }, ledger.ErrCorrupt, "record 1"},
		"epochs lost":               {func(p *plant) { p.change(epochsFile, func(b []byte) []byte { return b[:epochRecord] }) }, ledger.ErrCorrupt, "map"},
		"map lost":                  {func(p *plant) { p.rename(mapDir, "was") }, ledger.ErrCorrupt, "map"},
		"map damaged":               {func(p *plant) { p.change(mapDir+"/FORMAT", flip(0)) }, ErrFormat, "authmap"},
		"last tile lost":            {func(p *plant) { p.remove("log/tile/0/001.p/49") }, ledger.ErrCorrupt, "tile/0/001.p/49"},
		"last tile cut":             {func(p *plant) { p.change("log/tile/0/001.p/49", func(b []byte) []byte { return b[:100] }) }, ledger.ErrCorrupt, "100 bytes"},
		"last hash flipped":         {func(p *plant) { p.change("log/tile/0/001.p/49", flip(-1)) }, ledger.ErrCorrupt, "another root"},
		"last entries cut":          {func(p *plant) { p.change("log/tile/entries/001.p/49", func(b []byte) []byte { return b[:100] }) }, ledger.ErrCorrupt, "entries"},
		"epoch flipped":             {func(p *plant) { p.change("log/tile/entries/001.p/49", flip(-1)) }, ledger.ErrCorrupt, "record 1"},
		"map root flipped":          {func(p *plant) { p.change("log/tile/entries/001.p/49", flip(-30)) }, ledger.ErrCorrupt, "map's root"},
		"checkpoint malformed":      {func(p *plant) { p.write("log/checkpoint", []byte("hello")) }, ledger.ErrCorrupt, "checkpoint"},
		"checkpoint of another log": {func(p *plant) { p.write("log/checkpoint", note(p.T, proof.Checkpoint{Origin: "other", Size: 1})) }, ledger.ErrCorrupt, "other"},
		"checkpoint too long":       {func(p *plant) { p.write("log/checkpoint", note(p.T, proof.Checkpoint{Origin: origin, Size: 1000})) }, ledger.ErrCorrupt, "1000"},
		"checkpoint in between":     {func(p *plant) { p.write("log/checkpoint", note(p.T, proof.Checkpoint{Origin: origin, Size: 10})) }, ledger.ErrCorrupt, "does not end"},
		"pending damaged":           {func(p *plant) { p.write(pendingFile, []byte("hello, this is no epoch")) }, ledger.ErrCorrupt, "pending"},
		"pending of the future":     {func(p *plant) { p.write(pendingFile, withSum([]byte("\x02 this is another version"))) }, ErrFormat, "version 2"},
		"pending of no epochs":      {func(p *plant) { p.write(pendingFile, encodePending(305, nil)) }, ledger.ErrCorrupt, "pending"},
		"pending beyond the log": {func(p *plant) {
			p.write(pendingFile, encodePending(400, []Sealed{{Epoch: proof.EpochLeaf{Size: 400}}}))
		}, ledger.ErrCorrupt, "400"},
	} {
		t.Run(name, func(t *testing.T) {
			p := p(t)
			c.plant(p)
			s, err := OpenStore(p.dir, &StoreOptions{Origin: origin})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want %v with %q", err, c.want, c.text)
			}
		})
	}
	t.Run("pending of an older log", func(t *testing.T) {
		p := p(t)
		p.write(pendingFile, encodePending(0, []Sealed{{Epoch: proof.EpochLeaf{Size: 300}}}))
		if s := openStore(t, p.dir); len(s.Pending()) != 0 {
			t.Error("it counts")
		}
	})
}
