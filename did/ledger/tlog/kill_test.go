package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/internal/killtest"
)

func TestMain(m *testing.M) { killtest.Main(m, killtest.Roles{"worker": child}) }

// telling is a cosigner that tells what it is given to see, and now and then refuses to sign.
type telling struct {
	signer *proof.NoteSigner
	out    io.Writer
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
	fmt.Fprintf(c.out, "%d %v\n", p.Size, p.Root)
	if rand.IntN(4) == 0 {
		return nil, errors.New("not now")
	}
	sig, err := c.signer.Cosign(n.Text, time.Now())
	return sig.Append(nil), err
}

// child appends and seals until it is killed.
func child(dir string, out io.Writer) error {
	lg, err := boltledger.Open(filepath.Join(dir, "ledger"), reducer, nil)
	if err != nil {
		return err
	}
	signer, trust, err := tellingTrust()
	if err != nil {
		return err
	}
	cosigner, err := proof.NewNoteSigner("telling", proof.CosignatureEd25519, seed("telling"))
	if err != nil {
		return err
	}
	l, err := Open(lg, filepath.Join(dir, "log"), signer, trust, reducer, &Options{
		Interval: time.Millisecond, Heartbeat: time.Second, MaxEntries: 500, Cosigners: []Cosigner{telling{cosigner, out}},
	})
	if err != nil {
		return err
	}
	for ctx := context.Background(); ; {
		key := fmt.Sprintf("key-%d", rand.IntN(300))
		state, seq, err := l.State(ctx, key)
		if err == nil {
			_, err = l.Append(ctx, key, seq, ledgertest.Op(state, strings.Repeat("x", rand.IntN(300))))
		}
		if err != nil && !errors.Is(err, ledger.ErrClock) {
			return err
		}
		if rand.IntN(20) == 0 { // besides the loop, which waits after a refusal
			_ = l.Seal(ctx)
		}
	}
}

func tellingTrust() (*proof.NoteSigner, *proof.Trust, error) {
	signer, err := proof.NewNoteSigner(origin, proof.LogEd25519, seed(origin))
	if err != nil {
		return nil, nil, err
	}
	cosigner, err := proof.NewNoteSigner("telling", proof.CosignatureEd25519, seed("telling"))
	if err != nil {
		return nil, nil, err
	}
	return signer, &proof.Trust{
		Origin: origin, Log: signer.Verifier(), Quorum: proof.Quorum{Witnesses: 1},
		Cosigners: []proof.Cosigner{{Key: cosigner.Verifier(), Role: proof.Witness}},
	}, nil
}

// TestKill kills a child at random instants, REALDID_KILLS times (default 12). Over all its lives it must not have shown a
// cosigner two checkpoints of one size, and after each kill nothing may be wrong with what is left.
func TestKill(t *testing.T) {
	kills := killtest.Kills(12)
	var dir string
	var roots map[uint64]string
	total := 0
	for n := range kills {
		if n%6 == 0 { // so that making a log is interrupted too
			dir, roots = t.TempDir(), make(map[uint64]string)
		}
		for _, line := range killtest.Run(t, "worker", dir, 40*time.Millisecond, 150*time.Millisecond) {
			number, root, _ := strings.Cut(line, " ")
			size, err := strconv.ParseUint(number, 10, 64)
			if err != nil {
				t.Fatalf("the child says %q", line)
			}
			if was, ok := roots[size]; ok && was != root {
				t.Fatalf("two checkpoints of %d leaves were signed", size)
			}
			roots[size] = root
			total++
		}
		survived(t, dir, roots)
	}
	t.Logf("%d kills, %d checkpoints", kills, total)
	if total < kills/2 {
		t.Errorf("only %d checkpoints were signed", total)
	}
}

// survived checks the log in dir after a kill, and that it goes on with what was shown.
func survived(t *testing.T, dir string, roots map[uint64]string) {
	t.Helper()
	lg, err := boltledger.Open(filepath.Join(dir, "ledger"), reducer, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lg.Close()
	signer, trust, err := tellingTrust()
	if err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	cosigner := telling{newSigner(t, "telling", proof.CosignatureEd25519), &seen}
	opt := &Options{manual: true, Cosigners: []Cosigner{cosigner}}
	l, err := Open(lg, filepath.Join(dir, "log"), signer, trust, reducer, opt)
	if err != nil {
		t.Fatalf("open after the kill: %v", err)
	}
	defer l.Close()
	noFaults(t, l)
	for l.Seal(t.Context()) != nil { // it refuses now and then
	}
	noFaults(t, l)
	for line := range strings.Lines(seen.String()) {
		number, root, _ := strings.Cut(strings.TrimSpace(line), " ")
		size, _ := strconv.ParseUint(number, 10, 64)
		if was, ok := roots[size]; ok && was != root {
			t.Fatalf("two checkpoints of %d leaves were signed", size)
		}
		roots[size] = root
	}
	v, err := trust.VerifyCheckpoint(l.store.Checkpoint(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	// Whatever was shown, published or not, is a beginning of the log.
	for size, root := range roots {
		got, err := proof.Root(l.store.hashes(v.Size), size)
		if err != nil || got.String() != root {
			t.Fatalf("the log's root at %d leaves is %v, %v, and %s was signed", size, got, err, root)
		}
	}
}
