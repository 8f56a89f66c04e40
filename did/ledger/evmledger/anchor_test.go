package evmledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger/internal/gethtest"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// headReducer is the kit's reducer with a head record: a digest of the state, and how long it is.
type headReducer struct{ ledger.Reducer }

func (headReducer) Head(key string, state []byte) ([]byte, error) {
	return fmt.Appendf(nil, "%s %d %x", key, len(state), sha256.Sum256(state)), nil
}

var testReducer = headReducer{ledgertest.Reducer{}}

// A testNode is a chain to run against: a simulated one, or a real node.
type testNode struct {
	Node
	finality Finality
	poll     time.Duration
}

func simulatedNode(tb testing.TB) (testNode, *gethtest.Simulated) {
	tb.Helper()
	s := gethtest.NewSimulated(tb, 0)
	s.CommitPending(tb)
	return testNode{s.RPC, Confirmations(0), 2 * time.Millisecond}, s
}

func (n testNode) chain(tb testing.TB) *Chain {
	tb.Helper()
	c, err := NewChain(tb.Context(), n.Node, gethtest.ChainID, n.finality, &ChainOptions{Poll: n.poll, Timeout: 10 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// deploy deploys a contract whose operator is an account.
func (n testNode) deploy(tb testing.TB, mode Mode, account int) (Deployment, *Sender) {
	tb.Helper()
	sender := NewSender(n.chain(tb), NewKeySigner(gethtest.Account(account)), nil)
	at, err := Deploy(tb.Context(), sender, mode, sender.Address())
	if err != nil {
		tb.Fatal(err)
	}
	return at, sender
}

func newNoteSigner(tb testing.TB, name string, t proof.KeyType) *proof.NoteSigner {
	tb.Helper()
	seed := sha256.Sum256([]byte(name))
	s, err := proof.NewNoteSigner(name, t, seed[:])
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// auditor is a cosigner that believes everything.
type auditor struct{ *proof.NoteSigner }

func (a auditor) Name() string { return a.Verifier().Name() }

func (a auditor) Cosign(_ context.Context, _ uint64, _ []proof.Hash, note []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, err
	}
	sig, err := a.NoteSigner.Cosign(n.Text, time.Now())
	return sig.Append(nil), err
}

// anchoredWorld is a log that is anchored, with everybody who has to do with it.
type anchoredWorld struct {
	node    testNode
	reducer ledger.HeadReducer
	clock   ledger.Clock // of the log
	at      Deployment
	anchors *Anchors
	source  *memledger.Ledger
	log     *tlog.Log
	proven  *AnchoredLog
	trust   *ChainTrust
}

// newAnchoredWorld anchors through node, with an account that nobody else uses, and proves that.
func newAnchoredWorld(tb testing.TB, node testNode, account int, red ledger.HeadReducer) *anchoredWorld {
	tb.Helper()
	w := newAnchoredLogOnly(tb, node, account, red)
	w.prove(tb)
	return w
}

func (w *anchoredWorld) prove(tb testing.TB) {
	tb.Helper()
	observer := newNoteSigner(tb, "observer.example", proof.CosignatureEd25519)
	var err error
	w.proven, err = NewAnchoredLog(tb.Context(), w.log, w.anchors, &ProofOptions{
		Observers: []HeaderCosigner{NewObserver(w.node.chain(tb), observer, nil)}, Quorum: 1,
	})
	if err != nil {
		tb.Fatal(err)
	}
	w.trust.Headers = HeaderTrust{Observers: []proof.VerifierKey{observer.Verifier()}, Quorum: 1}
}

// newAnchoredLogOnly anchors through node.
func newAnchoredLogOnly(tb testing.TB, node testNode, account int, red ledger.HeadReducer) *anchoredWorld {
	tb.Helper()
	w := &anchoredWorld{node: node, reducer: red, clock: time.Now}
	w.open(tb, account)
	return w
}

func (w *anchoredWorld) open(tb testing.TB, account int) {
	tb.Helper()
	var sender *Sender
	w.at, sender = w.node.deploy(tb, Anchor, account)
	dir := tb.TempDir()
	var err error
	if w.anchors, err = OpenAnchors(tb.Context(), w.node.chain(tb), w.at, filepath.Join(dir, "anchors"), &AnchorsOptions{Sender: sender}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.anchors.Close() })
	w.openLog(tb, dir)
}

func (w *anchoredWorld) openLog(tb testing.TB, dir string) {
	tb.Helper()
	signer := newNoteSigner(tb, w.anchors.Origin(), proof.LogEd25519)
	anchorKey := newNoteSigner(tb, "anchor.example", proof.CosignatureEd25519)
	audit := auditor{newNoteSigner(tb, "auditor.example", proof.CosignatureEd25519)}
	server, err := witness.NewServer(filepath.Join(dir, "witness"), anchorKey,
		[]witness.Log{{Key: signer.Verifier(), Hold: w.anchors.Hold}}, &witness.Options{Create: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { server.Close() })
	trust := &proof.Trust{
		Origin: w.anchors.Origin(), Log: signer.Verifier(), Quorum: proof.Quorum{Witnesses: 1, Auditors: 1},
		Cosigners: []proof.Cosigner{{Key: anchorKey.Verifier(), Role: proof.Witness}, {Key: audit.Verifier(), Role: proof.Auditor}},
	}
	w.source = memledger.New(w.reducer, nil)
	w.log, err = tlog.Open(w.source, filepath.Join(dir, "log"), signer, trust, w.reducer, &tlog.Options{
		Clock: w.clock, Interval: 20 * time.Millisecond, Heartbeat: time.Hour, Timeout: 2 * time.Minute, Cosigners: []tlog.Cosigner{server, audit},
		OnError: func(err error) {
			if tb.Context().Err() == nil {
				tb.Logf("log: %v", err)
			}
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.log.Close() })
	w.trust = &ChainTrust{
		ChainID: gethtest.ChainID, Contract: w.at.Address, Operator: w.anchors.Operator(), MaxAge: time.Hour, Log: trust,
	}
}

// add appends payload as the next entry of key.
func add(tb testing.TB, lg interface {
	ledger.Ledger
	ledger.Stater
}, key, payload string,
) ledger.Entry {
	tb.Helper()
	state, seq, err := lg.State(tb.Context(), key)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := lg.Append(tb.Context(), key, seq, ledgertest.Op(state, payload))
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// headOf returns the head record that a ledger's state of key has.
func headOf(tb testing.TB, lg ledger.Stater, key string) string {
	tb.Helper()
	state, _, err := lg.State(tb.Context(), key)
	if err != nil {
		tb.Fatal(err)
	}
	head, _ := testReducer.Head(key, state)
	return string(head)
}

func prove(tb testing.TB, p ledger.Prover, key string, entries uint64) []byte {
	tb.Helper()
	b, err := p.Prove(tb.Context(), key, entries)
	if err != nil {
		tb.Fatalf("Prove: %v", err)
	}
	return b
}

func TestAnchored(t *testing.T) {
	node, _ := simulatedNode(t)
	w := newAnchoredWorld(t, node, 2, testReducer)
	for i := range 5 {
		e := add(t, w.proven, "k1", fmt.Sprint("payload", i))
		b := prove(t, w.proven, "k1", e.Anchor.Index+1)
		v, err := w.trust.VerifyHead("k1", b, time.Now())
		if err != nil {
			t.Fatalf("VerifyHead: %v", err)
		}
		if got, want := string(v.Head), headOf(t, w.source, "k1"); got != want || !v.Latest || v.Absent || v.Epoch.Entries != uint64(i)+1 {
			t.Errorf("got %+v, want the head %q", v, want)
		}
		if len(v.Validators) != 1 || v.Validators[0].Name != "observer.example" || v.AsOf.After(time.Now()) {
			t.Errorf("who vouches, and when: got %+v", v)
		}
		if b, v, err = prove(t, w.proven, "absent", e.Anchor.Index+1), nil, nil; err == nil {
			v, err = w.trust.VerifyHead("absent", b, time.Now())
		}
		if err != nil || !v.Absent || v.Latest || v.Head != nil {
			t.Errorf("absent: got %+v, %v", v, err)
		}
	}
}

// TestAnchorsRestart: after a crash the digest that was sent is found, and not sent again.
func TestAnchorsRestart(t *testing.T) {
	node, _ := simulatedNode(t)
	at, sender := node.deploy(t, Anchor, 0)
	dir := t.TempDir()
	open := func(opt *AnchorsOptions) *Anchors {
		t.Helper()
		a, err := OpenAnchors(t.Context(), node.chain(t), at, dir, opt)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := open(&AnchorsOptions{Sender: sender})
	if _, err := OpenAnchors(t.Context(), node.chain(t), at, dir, &AnchorsOptions{Sender: sender}); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("a directory that is in use: got %v, want ErrLocked", err)
	}
	checkpoint := func(n uint64) proof.Checkpoint {
		return proof.Checkpoint{Origin: a.Origin(), Size: n, Root: proof.Hash{byte(n)}}
	}
	for n := uint64(1); n <= 3; n++ {
		for range 2 { // the second time nothing has to be sent
			x, err := a.hold(t.Context(), checkpoint(n))
			if err != nil || x.digest != checkpoint(n).Digest() || x.epoch != uint32(n-1) {
				t.Fatalf("got %+v, %v", x, err)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		a = open(&AnchorsOptions{Sender: sender})
	}
	follower, err := OpenAnchors(t.Context(), node.chain(t), at, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := follower.Hold(t.Context(), checkpoint(3), nil); err != nil {
		t.Errorf("a witness with a node of its own: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := follower.Hold(ctx, checkpoint(2), nil); !errors.Is(err, ledger.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a checkpoint that is not the newest: got %v, want ErrUnavailable", err)
	}
	other := checkpoint(4)
	other.Origin = "log.example"
	if err := a.Hold(t.Context(), other, nil); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("another log: got %v, want ErrInvalid", err)
	}
	// Somebody else has the operator's key.
	second, err := OpenAnchors(t.Context(), node.chain(t), at, t.TempDir(), &AnchorsOptions{Sender: sender})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := second.Hold(t.Context(), checkpoint(4), nil); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("what was not sent from here: got %v, want ErrConflict", err)
	}
	adopting, err := OpenAnchors(t.Context(), node.chain(t), at, t.TempDir(), &AnchorsOptions{Sender: sender, Adopt: true})
	if err != nil {
		t.Fatal(err)
	}
	defer adopting.Close()
	if err := adopting.Hold(t.Context(), checkpoint(4), nil); err != nil {
		t.Errorf("Adopt: %v", err)
	}
	if err := a.Hold(t.Context(), checkpoint(5), nil); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("after somebody else anchored: got %v, want ErrConflict", err)
	}
}
