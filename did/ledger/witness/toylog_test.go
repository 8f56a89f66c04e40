package witness

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

const origin = "log.example/people"

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// toyLog is a log in memory with the files that it would publish.
type toyLog struct {
	mu       sync.Mutex
	signer   *proof.NoteSigner
	frontier proof.Frontier
	leaves   [][]byte
	hashes   map[[2]uint64]proof.Hash
	missing  string // paths that begin with it are not there
}

func newToyLog(tb testing.TB) *toyLog {
	return &toyLog{signer: newSigner(tb, origin, proof.LogEd25519), hashes: make(map[[2]uint64]proof.Hash)}
}

func newSigner(tb testing.TB, name string, t proof.KeyType) *proof.NoteSigner {
	tb.Helper()
	s, err := proof.GenerateNoteSigner(name, t)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// fork returns a log of the same key with the same leaves, of which only the first n stay.
func (l *toyLog) fork(n int) *toyLog {
	f := &toyLog{signer: l.signer, hashes: make(map[[2]uint64]proof.Hash)}
	for _, leaf := range l.leaves[:n] {
		f.add(leaf)
	}
	return f
}

func (l *toyLog) add(leaf []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaves = append(l.leaves, leaf)
	l.frontier.Append(proof.LeafHash(leaf), func(level uint8, index uint64, h proof.Hash) {
		l.hashes[[2]uint64{uint64(level), index}] = h
	})
}

// grow adds n-1 entries and an epoch.
func (l *toyLog) grow(n int) {
	for range n - 1 {
		i := uint64(len(l.leaves))
		l.add(proof.EntryLeaf{Index: i, Key: fmt.Sprint("key-", i), Op: []byte("op")}.Append(nil))
	}
	l.add(proof.EpochLeaf{Size: uint64(len(l.leaves)), Time: noon.Unix()}.Append(nil))
}

func (l *toyLog) size() uint64 { return l.frontier.Size() }

func (l *toyLog) ReadHash(level uint8, index uint64) (proof.Hash, error) {
	h, ok := l.hashes[[2]uint64{uint64(level), index}]
	if !ok {
		return h, fmt.Errorf("no hash at %d, %d", level, index)
	}
	return h, nil
}

// note returns the signed checkpoint.
func (l *toyLog) note(tb testing.TB) []byte {
	tb.Helper()
	text := proof.Checkpoint{Origin: origin, Size: l.size(), Root: l.frontier.Root()}.Append(nil)
	sig, err := l.signer.SignNote(text)
	if err != nil {
		tb.Fatal(err)
	}
	n := proof.Note{Text: text, Signatures: []proof.NoteSignature{sig}}
	return n.Append(nil)
}

func (l *toyLog) path(tb testing.TB, old uint64) []proof.Hash {
	tb.Helper()
	path, err := proof.ConsistencyPath(l, old, l.size())
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

func (l *toyLog) ReadFile(ctx context.Context, path string) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := proof.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	if l.missing != "" && strings.HasPrefix(path, l.missing) || proof.WidthAt(t.Level, t.Index, l.size()) < t.Width {
		return nil, fs.ErrNotExist
	}
	var b []byte
	for i := range uint64(t.Width) {
		at := t.Index*proof.TileWidth + i
		if t.Entries {
			if b, err = proof.AppendEntry(b, l.leaves[at]); err != nil {
				return nil, err
			}
			continue
		}
		h := l.hashes[[2]uint64{uint64(t.Level) * 8, at}]
		b = append(b, h[:]...)
	}
	return b, nil
}

// newTestServer starts a witness of l in a new directory.
func newTestServer(tb testing.TB, l *toyLog, opt *Options) *Server {
	tb.Helper()
	return openTestServer(tb, tb.TempDir(), newSigner(tb, "witness.example/w1", proof.CosignatureEd25519), l, opt)
}

func openTestServer(tb testing.TB, dir string, signer *proof.NoteSigner, l *toyLog, opt *Options) *Server {
	tb.Helper()
	o := Options{Create: true, Clock: func() time.Time { return noon }}
	if opt != nil {
		o = *opt
		o.Clock = func() time.Time { return noon }
	}
	s, err := NewServer(dir, signer, []Log{{Key: l.signer.Verifier()}}, &o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}
