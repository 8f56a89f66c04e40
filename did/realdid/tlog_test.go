package realdid_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/realdid"
)

// localCosigner signs by the clock of a test.
type localCosigner struct {
	*proof.NoteSigner
	clock func() time.Time
}

func (c localCosigner) Name() string { return c.Verifier().Name() }

func (c localCosigner) Cosign(_ context.Context, _ uint64, _ []proof.Hash, note []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	sig, err := c.NoteSigner.Cosign(n.Text, c.clock())
	return sig.Append(nil), err
}

// TestOnATransparencyLog runs the method on the real thing: operations, evidence, bundles, absence, descriptors.
func TestOnATransparencyLog(t *testing.T) {
	var now atomic.Int64
	now.Store(start.Unix())
	clock := func() time.Time { return time.Unix(now.Load(), 0).UTC() }
	d := signDescriptor(t, domain(t), 0, 1)
	var peers []tlog.Cosigner
	for _, c := range d.Cosigners {
		peers = append(peers, localCosigner{noteSigner(t, c.Key.Name(), proof.CosignatureEd25519), clock})
	}
	trust := must(d.Trust("main"))(t)
	lg := must(tlog.Open(memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock}), t.TempDir(), noteSigner(t, testOrigin, proof.LogEd25519), trust, realdid.Reducer(), &tlog.Options{
		Clock: clock, Interval: 5 * time.Millisecond, Cosigners: peers,
	}))(t)
	defer lg.Close()
	memory := realdid.NewMemory()
	m := must(realdid.New(lg, &realdid.Options{Clock: clock, Trust: trust, Memory: memory}))(t)
	v := must(realdid.NewVerifier(d.Trusted(), &realdid.VerifierOptions{Clock: clock, Memory: memory, Lag: time.Hour}))(t)

	id := fixedLife(t, &world{t: t, m: m})
	r := must(m.Resolve(t.Context(), id, &did.ResolveOptions{NoCache: true}))(t)
	if !r.Evidence.Latest || len(r.Evidence.Cosigners) < 4 || r.Evidence.OperatorTime {
		t.Errorf("got %+v", r.Evidence)
	}
	for _, without := range []bool{false, true} {
		b := must(m.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: without}))(t)
		got := must(v.Verify(t.Context(), id, b.Bytes(), nil))(t)
		sameAnswer(t, "bundle", got, r, !without)
		if !got.Evidence.Latest || len(got.Evidence.Cosigners) != 4 {
			t.Errorf("got %+v", got.Evidence)
		}
	}
	_, long := unregistered(t)
	b := must(m.Prove(t.Context(), long, nil))(t)
	if got := must(v.Verify(t.Context(), long, b, nil))(t); !got.Evidence.Absent {
		t.Errorf("absent: got %+v", got.Evidence)
	}
	_, err := d.Publish(t.Context(), lg)
	ok(t, "publish", err)
	next := signDescriptor(t, rotated(t, d), 0, 1, 3)
	e, err := next.Publish(t.Context(), lg)
	ok(t, "publish", err)
	if got, err := d.Next(next.Bytes(), must(next.Logged(t.Context(), lg, e))(t), clock()); err != nil || got.Digest() != next.Digest() {
		t.Errorf("rotation of the descriptor: %v", err)
	}
	var faults int
	ok(t, "fsck", lg.Fsck(t.Context(), func(tlog.Fault) { faults++ }))
	if faults > 0 {
		t.Errorf("%d faults", faults)
	}
}
