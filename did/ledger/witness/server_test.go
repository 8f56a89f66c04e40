package witness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// cosign asks s for a cosignature of what l is now, and checks what it answers.
func cosign(tb testing.TB, s Cosigner, keys []proof.VerifierKey, l *toyLog, old uint64) error {
	tb.Helper()
	note := l.note(tb)
	lines, err := s.Cosign(tb.Context(), old, l.path(tb, old), note)
	if err != nil {
		return err
	}
	sigs, err := proof.ParseSignatures(lines)
	if err != nil {
		tb.Fatal(err)
	}
	n, _ := proof.ParseNote(note)
	if len(sigs) != len(keys) {
		tb.Fatalf("got %d signatures, want %d", len(sigs), len(keys))
	}
	for i, k := range keys {
		if at, err := k.VerifyCosignature(n.Text, sigs[i]); err != nil || !at.Equal(noon) {
			tb.Fatalf("signature %d: %v, %v", i, at, err)
		}
	}
	return nil
}

func TestCosign(t *testing.T) {
	for _, kind := range []proof.KeyType{proof.CosignatureEd25519, proof.CosignatureMLDSA44} {
		t.Run(kind.String(), func(t *testing.T) {
			l := newToyLog(t)
			s := openTestServer(t, t.TempDir(), newSigner(t, "w1", kind), l, nil)
			old := uint64(0)
			for i := range 12 {
				l.grow(1 + i*i)
				if err := cosign(t, s, s.Verifiers(), l, old); err != nil {
					t.Fatalf("from %d to %d: %v", old, l.size(), err)
				}
				if err := cosign(t, s, s.Verifiers(), l, l.size()); err != nil {
					t.Fatalf("%d again: %v", l.size(), err)
				}
				old = l.size()
			}
			if last, err := s.Last(t.Context(), origin); err != nil || string(last) != string(l.note(t)) {
				t.Errorf("Last: %q, %v", last, err)
			}
		})
	}
}

func TestSeveralKeys(t *testing.T) {
	l := newToyLog(t)
	l.grow(3)
	s := newTestServer(t, l, &Options{Create: true, Also: []*proof.NoteSigner{newSigner(t, "w2", proof.CosignatureMLDSA44)}})
	if keys := s.Verifiers(); len(keys) != 2 {
		t.Fatalf("%d keys", len(keys))
	}
	if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
		t.Error(err)
	}
}

// TestRefusals: each thing that a witness must not cosign, and the error that says so.
func TestRefusals(t *testing.T) {
	l := newToyLog(t)
	l.grow(5)
	s := newTestServer(t, l, nil)
	if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
		t.Fatal(err)
	}
	before := l.fork(4)
	other := l.fork(4)
	other.add([]byte("another fifth leaf"))
	forked := other.fork(5)
	forked.grow(4)
	l.grow(4)
	stranger := newToyLog(t)
	stranger.grow(9)
	rename := func(note []byte) []byte {
		return []byte(strings.Replace(string(note), origin+"\n", "other.example\n", 1))
	}
	tampered := []byte(strings.Replace(string(l.note(t)), "\n9\n", "\n8\n", 1))
	long := l.path(t, 5)
	long = append(long, long...)
	for _, test := range []struct {
		name string
		old  uint64
		path []proof.Hash
		note []byte
		want error
	}{
		{"no note", 5, nil, []byte("nothing"), ErrMalformed},
		{"no checkpoint", 5, nil, []byte("text\n\n\u2014 log AAAAAAAA\n"), ErrMalformed},
		{"another origin", 5, l.path(t, 5), rename(l.note(t)), ErrUnknownLog},
		{"another key", 5, l.path(t, 5), stranger.note(t), ErrSignature},
		{"tampered size", 5, l.path(t, 5), tampered, ErrSignature},
		{"old size over the size", 10, nil, l.note(t), ErrMalformed},
		{"smaller log", 4, nil, before.note(t), &SizeError{5}},
		{"old size of nothing", 0, nil, l.note(t), &SizeError{5}},
		{"old size that it never cosigned", 4, l.path(t, 4), l.note(t), &SizeError{5}},
		{"another root at the same size", 5, nil, other.note(t), ErrConflict},
		{"path at the same size", 5, l.path(t, 5)[:1], l.fork(5).note(t), ErrRefused},
		{"no path", 5, nil, l.note(t), ErrRefused},
		{"long path", 5, long, l.note(t), ErrRefused},
		{"another path", 5, stranger.path(t, 5), l.note(t), ErrRefused},
		{"another history", 5, forked.path(t, 5), forked.note(t), ErrRefused},
	} {
		lines, err := s.Cosign(t.Context(), test.old, test.path, test.note)
		var size *SizeError
		switch want := test.want.(type) {
		case *SizeError:
			if !errors.As(err, &size) || size.OldSize() != want.Size {
				t.Errorf("%s: got %q, %v, want %v", test.name, lines, err, want)
			}
		default:
			if !errors.Is(err, want) {
				t.Errorf("%s: got %q, %v, want %v", test.name, lines, err, want)
			}
		}
	}
	if err := cosign(t, s, s.Verifiers(), l, 5); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// TestEmptyLog: a log without leaves is one, where no epoch is asked for.
func TestEmptyLog(t *testing.T) {
	l := newToyLog(t)
	s := newTestServer(t, l, nil)
	for range 2 {
		if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Cosign(t.Context(), 0, []proof.Hash{{}}, l.note(t)); !errors.Is(err, ErrRefused) {
		t.Errorf("with a path: %v", err)
	}
	l.grow(2)
	if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
		t.Error(err)
	}
}

// TestRestart: what was cosigned is not forgotten, whether the process died before or after signing.
func TestRestart(t *testing.T) {
	l := newToyLog(t)
	l.grow(5)
	signer := newSigner(t, "w1", proof.CosignatureEd25519)
	dir := t.TempDir()
	again := func(s *Server) *Server {
		s.Close()
		return openTestServer(t, dir, signer, l, &Options{})
	}
	s := openTestServer(t, dir, signer, l, nil)
	if _, err := NewServer(dir, signer, nil, nil); !errors.Is(err, ErrLocked) {
		t.Errorf("a second server: got %v, want ErrLocked", err)
	}
	if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
		t.Fatal(err)
	}
	s = again(s)
	died := errors.New("died")
	old := l.size()
	l.grow(5)
	for _, step := range []string{"save", "sign"} {
		s.fault = func(at string) error {
			if at == step {
				return died
			}
			return nil
		}
		if err := cosign(t, s, s.Verifiers(), l, old); !errors.Is(err, died) {
			t.Fatalf("%s: %v", step, err)
		}
		s = again(s)
		var size *SizeError
		_, err := s.Cosign(t.Context(), 1, l.path(t, 1), l.note(t))
		want := old
		if step == "sign" {
			want = l.size() // whether it signed nobody knows
		}
		if !errors.As(err, &size) || size.Size != want {
			t.Errorf("after dying at %s: %v, want the size %d", step, err, want)
		}
	}
	if err := cosign(t, s, s.Verifiers(), l, l.size()); err != nil {
		t.Error(err)
	}
}

// TestLostState: a witness whose state is lost, cut or changed in one byte does not start, unless it may forget.
func TestLostState(t *testing.T) {
	l := newToyLog(t)
	l.grow(5)
	signer := newSigner(t, "w1", proof.CosignatureEd25519)
	logs := []Log{{Key: l.signer.Verifier()}}
	dir := t.TempDir()
	s := openTestServer(t, dir, signer, l, nil)
	if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	refuses := func(name string) {
		t.Helper()
		for _, opt := range []*Options{nil, {Create: true}} {
			if s, err := NewServer(dir, signer, logs, opt); !errors.Is(err, ErrState) {
				t.Errorf("%s, %+v: got %v, %v, want ErrState", name, opt, s, err)
			}
		}
	}
	for _, name := range []string{formatFile, logsFile, stateFile(origin)} {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refuses("without " + name)
		for i := range b {
			spoiled := append([]byte(nil), b...)
			spoiled[i] ^= 1
			write(t, path, spoiled)
			refuses(fmt.Sprintf("%s with byte %d changed", name, i))
			write(t, path, b[:i])
			refuses(fmt.Sprintf("%s cut at %d", name, i))
		}
		write(t, path, b)
	}
	s = openTestServer(t, dir, signer, l, &Options{})
	if err := cosign(t, s, s.Verifiers(), l, l.size()); err != nil {
		t.Fatalf("with everything back: %v", err)
	}
	s.Close()

	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := NewServer(dir, signer, logs, nil); !errors.Is(err, ErrState) {
		t.Errorf("without the directory: got %v, want ErrState", err)
	}
	for _, lost := range []string{"", formatFile, logsFile, stateFile(origin)} {
		os.Remove(filepath.Join(dir, lost))
		s = openTestServer(t, dir, signer, l, &Options{InsecureForget: true})
		want := uint64(5) // the state itself is there
		if lost == "" || lost == stateFile(origin) {
			want = 0
		}
		if got := s.logs[origin].size; got != want {
			t.Errorf("having forgotten %q: size %d, want %d", lost, got, want)
		}
		if err := cosign(t, s, s.Verifiers(), l, want); err != nil {
			t.Errorf("having forgotten %q: %v", lost, err)
		}
		s.Close()
	}
}

func write(tb testing.TB, path string, b []byte) {
	tb.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// TestStateOfAnotherKey: the state of a log counts only with the signature of the log's key.
func TestStateOfAnotherKey(t *testing.T) {
	l, other := newToyLog(t), newToyLog(t)
	l.grow(5)
	dir, signer := t.TempDir(), newSigner(t, "w1", proof.CosignatureEd25519)
	s := openTestServer(t, dir, signer, l, nil)
	if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := NewServer(dir, signer, []Log{{Key: other.signer.Verifier()}}, nil); !errors.Is(err, ErrState) {
		t.Errorf("got %v, want ErrState", err)
	}
}

// TestNewLog: a log that is added later begins from nothing, and the others keep their state.
func TestNewLog(t *testing.T) {
	l := newToyLog(t)
	l.grow(5)
	dir, signer := t.TempDir(), newSigner(t, "w1", proof.CosignatureEd25519)
	s := openTestServer(t, dir, signer, l, nil)
	if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	second := newSigner(t, "second.example", proof.LogEd25519)
	for range 2 {
		s, err := NewServer(dir, signer, []Log{{Key: l.signer.Verifier()}, {Key: second.Verifier()}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]uint64{origin: 5, "second.example": 0} {
			if got := s.logs[name].size; got != want {
				t.Errorf("%s: size %d, want %d", name, got, want)
			}
		}
		s.Close()
	}
}

// TestRace: of many requests at once, for many sizes, every cosignature is over a checkpoint that extends the one before.
func TestRace(t *testing.T) {
	l := newToyLog(t)
	const sizes = 24
	notes, paths := make([][]byte, sizes+1), make([][][]proof.Hash, sizes+1)
	for n := 1; n <= sizes; n++ {
		l.grow(1)
		notes[n], paths[n] = l.note(t), make([][]proof.Hash, n+1)
		for old := range n + 1 {
			paths[n][old] = l.path(t, uint64(old))
		}
	}
	s := newTestServer(t, l, nil)
	var mu sync.Mutex
	last := 0
	s.fault = func(step string) error {
		if step == "sign" {
			mu.Lock()
			defer mu.Unlock()
			if now := int(s.logs[origin].size); now < last {
				t.Errorf("cosigned %d after %d", now, last)
			} else {
				last = now
			}
		}
		return nil
	}
	var wg sync.WaitGroup
	for n := 1; n <= sizes; n++ {
		wg.Go(func() {
			old := 0
			for {
				_, err := s.Cosign(t.Context(), uint64(old), paths[n][old], notes[n])
				var size *SizeError
				if !errors.As(err, &size) {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if old = int(size.Size); old > n {
					return
				}
			}
		})
	}
	wg.Wait()
	if last != sizes {
		t.Errorf("the last cosignature is over %d leaves, want %d", last, sizes)
	}
}

// TestClock: a witness does not say that it saw more at an earlier time.
func TestClock(t *testing.T) {
	l := newToyLog(t)
	l.grow(3)
	now := noon
	s, err := NewServer(t.TempDir(), newSigner(t, "w1", proof.CosignatureEd25519), []Log{{Key: l.signer.Verifier()}},
		&Options{Create: true, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Cosign(t.Context(), 0, nil, l.note(t)); err != nil {
		t.Fatal(err)
	}
	now = noon.Add(-time.Second)
	if _, err := s.Cosign(t.Context(), 3, nil, l.note(t)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// TestEpoch: where the source is known, the log must end in an epoch leaf, and show it.
func TestEpoch(t *testing.T) {
	l := newToyLog(t)
	s, err := NewServer(t.TempDir(), newSigner(t, "w1", proof.CosignatureEd25519), []Log{{Key: l.signer.Verifier(), Source: l}},
		&Options{Create: true, Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := cosign(t, s, s.Verifiers(), l, 0); !errors.Is(err, ErrRefused) {
		t.Errorf("empty log: got %v, want ErrRefused", err)
	}
	old := uint64(0)
	for _, n := range []int{1, 254, 1, 1, 255, 300} { // also where bundles are full
		l.grow(n)
		if err := cosign(t, s, s.Verifiers(), l, old); err != nil {
			t.Fatalf("%d leaves: %v", l.size(), err)
		}
		old = l.size()
	}
	sealed := l.fork(int(old))
	for name, leaf := range map[string][]byte{
		"an entry":                    proof.EntryLeaf{Key: "k", Op: []byte("op")}.Append(nil),
		"an epoch of another place":   proof.EpochLeaf{Size: old - 1}.Append(nil),
		"what is neither":             []byte("leaf"),
		"an epoch with trailing data": append(proof.EpochLeaf{Size: old}.Append(nil), 0),
	} {
		f := sealed.fork(int(old))
		f.add(leaf)
		s.logs[origin].Source = f
		if err := cosign(t, s, s.Verifiers(), f, old); !errors.Is(err, ErrRefused) {
			t.Errorf("a log that ends in %s: got %v, want ErrRefused", name, err)
		}
	}
	s.logs[origin].Source = l
	l.grow(4)
	for _, missing := range []string{"tile/entries/", "tile/0/", "tile/1/"} {
		l.missing = missing
		if err := cosign(t, s, s.Verifiers(), l, old); !errors.Is(err, ErrUnavailable) {
			t.Errorf("without %s: got %v, want ErrUnavailable", missing, err)
		}
	}
	l.missing = ""
	lying := l.fork(int(old))
	lying.grow(4)
	lying.leaves[len(lying.leaves)-1] = proof.EpochLeaf{Size: lying.size() - 1, Entries: 1}.Append(nil)
	s.logs[origin].Source = lying
	if err := cosign(t, s, s.Verifiers(), l, old); !errors.Is(err, ErrUnavailable) {
		t.Errorf("with another leaf than the one in the tree: got %v, want ErrUnavailable", err)
	}
	s.logs[origin].Source = l
	if err := cosign(t, s, s.Verifiers(), l, old); err != nil {
		t.Error(err)
	}
}

// TestAccusation: a log that signs two histories leaves evidence that needs no trust in the witness.
func TestAccusation(t *testing.T) {
	l := newToyLog(t)
	l.grow(300)
	greater, equal := l.fork(299), l.fork(299)
	greater.grow(20)
	equal.add([]byte("another leaf"))
	for name, f := range map[string]*toyLog{"same size": equal, "greater": greater} {
		var got *proof.Accusation
		dir := t.TempDir()
		s, err := NewServer(dir, newSigner(t, "w1", proof.CosignatureEd25519), []Log{{Key: l.signer.Verifier(), Source: l}},
			&Options{Create: true, Clock: func() time.Time { return noon }, OnAccusation: func(o string, a *proof.Accusation) { got = a }})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := cosign(t, s, s.Verifiers(), l, 0); err != nil {
			t.Fatal(err)
		}
		s.logs[origin].Source = f // its operator shows each his own
		if err := cosign(t, s, s.Verifiers(), f, 300); err == nil {
			t.Fatalf("%s: cosigned", name)
		}
		if got == nil || got.Verify(l.signer.Verifier()) != nil {
			t.Fatalf("%s: accusation %+v", name, got)
		}
		files, _ := filepath.Glob(filepath.Join(dir, "accusation-*"))
		if len(files) != 1 {
			t.Fatalf("%s: files %v", name, files)
		}
		b, _ := os.ReadFile(files[0])
		a, err := proof.ParseAccusation(b)
		if err != nil || a.Verify(l.signer.Verifier()) != nil {
			t.Errorf("%s: the stored accusation: %v", name, err)
		}
	}
}

// TestNoAccusation: what is only old, or malformed, accuses nobody.
func TestNoAccusation(t *testing.T) {
	l := newToyLog(t)
	l.grow(20)
	a := l.note(t)
	l.grow(20)
	for _, pair := range [][2][]byte{{a, l.note(t)}, {a, a}} {
		if acc, err := Accuse(t.Context(), l, l.signer.Verifier(), pair[0], pair[1]); acc != nil || err != nil {
			t.Errorf("got %v, %v, want neither", acc, err)
		}
	}
	if _, err := Accuse(t.Context(), nil, l.signer.Verifier(), a, l.note(t)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a source: %v", err)
	}
}

func TestClosed(t *testing.T) {
	l := newToyLog(t)
	l.grow(3)
	s := newTestServer(t, l, nil)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Cosign(t.Context(), 0, nil, l.note(t)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}

// TestCloseWhileHolding: Close ends a request that waits for a mirror's bytes.
func TestCloseWhileHolding(t *testing.T) {
	l := newToyLog(t)
	l.grow(3)
	holding := make(chan struct{})
	s, err := NewServer(t.TempDir(), newSigner(t, "w1", proof.CosignatureEd25519), []Log{{Key: l.signer.Verifier(), Hold: func(ctx context.Context, _ proof.Checkpoint, _ []byte) error {
		close(holding)
		<-ctx.Done()
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}}}, &Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error)
	go func() {
		_, err := s.Cosign(context.Background(), 0, nil, l.note(t))
		answered <- err
	}()
	<-holding
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	if err := <-answered; !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
