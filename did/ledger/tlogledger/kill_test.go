package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/internal/killtest"
)

func TestMain(m *testing.M) { killtest.Main(m, killtest.Roles{"worker": child}) }

// telling is a cosigner that tells what it is given to see, and now and then refuses to sign.
type telling struct {
	signer *proof.NoteSigner
	tell   func(format string, a ...any)
}

func (telling) Name() string { return "telling" }

func (c telling) Cosign(_ context.Context, _ uint64, _ []proof.Hash, note []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	p, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	c.tell("checkpoint %d %v\n", p.Size, p.Root)
	if rand.IntN(4) == 0 {
		return nil, errors.New("not now")
	}
	sig, err := c.signer.Cosign(n.Text, time.Now())
	return sig.Append(nil), err
}

// openTold opens the ledger of a child.
func openTold(dir string, tell func(string, ...any), opt *Options) (*Ledger, error) {
	key := func(name string, typ proof.KeyType) (*proof.NoteSigner, error) {
		return proof.NewNoteSigner(name, typ, []byte(strings.Repeat(name, 32)[:32]))
	}
	signer, err := key(origin, proof.LogEd25519)
	if err != nil {
		return nil, err
	}
	cosigner, err := key("telling", proof.CosignatureEd25519)
	if err != nil {
		return nil, err
	}
	trust := &proof.Trust{
		Origin: origin, Log: signer.Verifier(), Quorum: proof.Quorum{Witnesses: 1},
		Cosigners: []proof.Cosigner{{Key: cosigner.Verifier(), Role: proof.Witness}},
	}
	opt.Cosigners, opt.often = []tlog.Cosigner{telling{cosigner, tell}}, 100*time.Millisecond
	return OpenPOSIX(context.Background(), filepath.Join(dir, "log"), filepath.Join(dir, "ledger"), signer, trust, heads{}, opt)
}

// child appends at 16 keys at once and tells what was acknowledged, until it is killed.
func child(dir string, out io.Writer) error {
	var mu sync.Mutex
	tell := func(format string, a ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, format, a...)
	}
	l, err := openTold(dir, tell, &Options{Interval: 20 * time.Millisecond, Heartbeat: 100 * time.Millisecond})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for i := range 16 {
		go func() {
			for ctx := context.Background(); ; {
				key := fmt.Sprintf("key-%d-%d", i, rand.IntN(20))
				state, seq, err := l.State(ctx, key)
				if seq == 0 {
					state = nil
				}
				op := ledgertest.Op(state, strings.Repeat("x", rand.IntN(300)))
				var e ledger.Entry
				if err == nil {
					e, err = l.Append(ctx, key, seq, op)
				}
				if err != nil && !errors.Is(err, ledger.ErrClock) {
					failed <- err
				} else if err == nil {
					tell("entry %s %d %d %s\n", key, seq, e.Anchor.Index, op)
				}
			}
		}()
	}
	return <-failed
}

// TestKill kills a child at random instants, REALDID_KILLS times (default 6). Nothing that was acknowledged is lost, whatever was shown to
// a cosigner is a beginning of the log, and what is left can be gone on with, also from the log alone.
func TestKill(t *testing.T) {
	kills := killtest.Kills(6)
	dir, entries, roots := tempDir(t), make(map[string]string), make(map[string]string)
	note := func(line string) {
		kind, rest, _ := strings.Cut(line, " ")
		known, name, value := roots, "", ""
		if name, value, _ = strings.Cut(rest, " "); kind == "entry" {
			var seq string
			known = entries
			seq, value, _ = strings.Cut(value, " ")
			name += " " + seq
		}
		if was, ok := known[name]; ok && was != value {
			t.Fatalf("%s %s was told as %s and as %s", kind, name, was, value)
		}
		known[name] = value
	}
	for n := range kills {
		for _, line := range killtest.Run(t, "worker", dir, 0, 300*time.Millisecond) {
			note(line)
		}
		survived(t, dir, n%2 == 1, entries, roots)
	}
	t.Logf("%d kills, %d entries, %d checkpoints", kills, len(entries), len(roots))
	if len(entries) < kills || len(roots) < kills {
		t.Errorf("only %d entries and %d checkpoints in %d lives", len(entries), len(roots), kills)
	}
}

// survived checks what a kill has left.
func survived(t *testing.T, dir string, forget bool, entries, roots map[string]string) {
	t.Helper()
	if forget {
		if err := os.RemoveAll(filepath.Join(dir, "ledger")); err != nil {
			t.Fatal(err)
		}
	}
	l, err := openTold(dir, func(string, ...any) {}, &Options{quiet: true, OnError: func(error) {}})
	if err != nil {
		t.Fatalf("open after the kill: %v", err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	found := 0
	for e, err := range l.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if want, ok := entries[fmt.Sprint(e.Key, " ", e.Seq)]; ok {
			if got := fmt.Sprintf("%d %s", e.Anchor.Index, e.Op); got != want {
				t.Fatalf("entry %d of %s is %s, and %s was acknowledged", e.Seq, e.Key, got, want)
			}
			found++
		}
	}
	if found != len(entries) {
		t.Fatalf("%d entries of %d that were acknowledged", found, len(entries))
	}
	size := l.store.end().size
	for name, want := range roots {
		n, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := proof.Root(l.store.log.hashes(t.Context(), size), n); err != nil || got.String() != want {
			t.Fatalf("the root at %d leaves is %v, %v, and %s was shown", n, got, err, want)
		}
	}
	for l.Seal(t.Context()) != nil { // it refuses now and then
	}
}
