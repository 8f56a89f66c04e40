package evmledger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger/internal/gethtest"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
)

// directWorld is a ledger in a contract that everybody may write to, with everybody who has to do with it.
type directWorld struct {
	node   testNode
	at     Deployment
	ledger *Ledger
	proven *ProvenLedger
	trust  *ChainTrust
	rogue  *Sender
}

func newDirectWorld(tb testing.TB, node testNode, red ledger.HeadReducer) *directWorld {
	tb.Helper()
	w := &directWorld{node: node, rogue: NewSender(node.chain(tb), NewKeySigner(gethtest.Account(1)), nil)}
	sender := NewSender(node.chain(tb), NewKeySigner(gethtest.Account(0)), nil)
	var err error
	if w.at, err = Deploy(tb.Context(), sender, Direct, common.Address{}); err != nil {
		tb.Fatal(err)
	}
	if w.ledger, err = Open(tb.Context(), node.chain(tb), w.at, red, sender, nil); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.ledger.Close() })
	observer := newNoteSigner(tb, "observer.example", proof.CosignatureEd25519)
	w.proven, err = NewProvenLedger(tb.Context(), w.ledger, &ProofOptions{
		Observers: []HeaderCosigner{NewObserver(node.chain(tb), observer, nil)}, Quorum: 1,
	})
	if err != nil {
		tb.Fatal(err)
	}
	w.trust = &ChainTrust{
		ChainID: gethtest.ChainID, Contract: w.at.Address, MaxAge: time.Hour, Reducer: red,
		Headers: HeaderTrust{Observers: []proof.VerifierKey{observer.Verifier()}, Quorum: 1},
	}
	return w
}

// intrude has a stranger write op to a key, whatever it is.
func (w *directWorld) intrude(tb testing.TB, key, op string) {
	tb.Helper()
	slot, err := w.ledger.chain.Storage(tb.Context(), w.at.Address, []common.Hash{directSlot(directKey(key))}, w.newest(tb).Number)
	if err != nil {
		tb.Fatal(err)
	}
	r := record{name: key, seq: headSteps(slot[0]), op: []byte(op)}
	if _, err := w.rogue.Send(tb.Context(), &w.at.Address, appendCall(appendRecord(nil, r))); err != nil {
		tb.Fatal(err)
	}
	if err := w.ledger.Sync(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func (w *directWorld) newest(tb testing.TB) Block {
	tb.Helper()
	b, err := w.ledger.chain.tagged(tb.Context(), "latest")
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestProvenLedger(t *testing.T) {
	node, _ := simulatedNode(t)
	w := newDirectWorld(t, node, testReducer)
	check := func(key string, entries uint64) *proof.VerifiedHead {
		t.Helper()
		v, err := w.trust.VerifyHead(key, prove(t, w.proven, key, entries), time.Now())
		if err != nil {
			t.Fatalf("VerifyHead: %v", err)
		}
		if v.Latest != (v.Head != nil) || v.Absent != (v.Head == nil) || len(v.Validators) != 1 || v.Checkpoint.Origin != w.ledger.Origin() {
			t.Errorf("got %+v", v)
		}
		return v
	}
	if v := check("k1", 0); !v.Absent {
		t.Errorf("nothing yet: got %+v", v)
	}
	for i := range 3 {
		e := add(t, w.ledger, "k1", fmt.Sprint("payload", i))
		add(t, w.ledger, "k2", fmt.Sprint("payload", i))
		v := check("k1", e.Anchor.Index+1)
		if got, want := string(v.Head), headOf(t, w.ledger, "k1"); got != want || v.Epoch.Entries <= e.Anchor.Index {
			t.Errorf("got %+v, want the head %q", v, want)
		}
	}
	// What strangers write is in the contract's chain of the key, and does not count.
	w.intrude(t, "k1", "garbage")
	w.intrude(t, "k3", "garbage")
	w.intrude(t, "k3", "more garbage")
	e := add(t, w.ledger, "k1", "behind garbage")
	if v := check("k1", e.Anchor.Index+1); string(v.Head) != headOf(t, w.ledger, "k1") {
		t.Errorf("behind garbage: got %q", v.Head)
	}
	if v := check("k3", e.Anchor.Index+1); !v.Absent {
		t.Errorf("nothing but garbage: got %+v", v)
	}
	w.intrude(t, "k4", string(ledgertest.Op(nil, strings.Repeat("long", ledger.MaxOpSize/4))))
	e = add(t, w.ledger, "k3", "first that counts")
	if v := check("k4", e.Anchor.Index+1); !v.Absent {
		t.Errorf("nothing but an operation that is too large: got %+v", v)
	}
	if v := check("k3", e.Anchor.Index+1); string(v.Head) != headOf(t, w.ledger, "k3") {
		t.Errorf("first behind garbage: got %q", v.Head)
	}
}

func TestChainTrustDirectRefuses(t *testing.T) {
	node, _ := simulatedNode(t)
	w := newDirectWorld(t, node, testReducer)
	add(t, w.ledger, "k1", "one")
	add(t, w.ledger, "k2", "one")
	old, err := parseDirectProof(prove(t, w.proven, "k1", 2))
	if err != nil {
		t.Fatal(err)
	}
	add(t, w.ledger, "k1", "two")
	good := prove(t, w.proven, "k1", 3)
	k2, err := parseDirectProof(prove(t, w.proven, "k2", 3))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		want   error
		change func(p *directProof, trust *ChainTrust, key *string, now *time.Time)
	}{
		"another-key":         {proof.ErrInvalid, func(_ *directProof, _ *ChainTrust, k *string, _ *time.Time) { *k = "k2" }},
		"no-key":              {proof.ErrInvalid, func(_ *directProof, _ *ChainTrust, k *string, _ *time.Time) { *k = "no key" }},
		"claimed-absent":      {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Steps = p.Steps[:0] }},
		"a-step-left-out":     {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Steps = p.Steps[:1] }},
		"a-step-more":         {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Steps = append(p.Steps, p.Steps[1]) }},
		"steps-swapped":       {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { slices.Reverse(p.Steps) }},
		"another-operation":   {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Steps[1].Op[0] ^= 1 }},
		"another-time":        {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Steps[1].Time++ }},
		"older-state":         {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Steps = old.Steps }},
		"older-slot":          {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Chain.Slot = old.Chain.Slot }},
		"slot-of-another-key": {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Chain.Slot = k2.Chain.Slot }},
		"steps-of-another":    {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Steps = k2.Steps }},
		"index-that-goes-back": {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) {
			p.Steps[1].Index = 0
		}},
		"index-beyond-the-end": {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Entries = 2 }},
		"another-format":       {proof.ErrInvalid, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Format = anchorFormat }},
		"operator":             {proof.ErrInvalid, func(_ *directProof, c *ChainTrust, _ *string, _ *time.Time) { c.Operator[0] = 1 }},
		"another-contract":     {proof.ErrInvalid, func(_ *directProof, c *ChainTrust, _ *string, _ *time.Time) { c.Contract[0] ^= 1 }},
		"another-chain":        {proof.ErrInvalid, func(_ *directProof, c *ChainTrust, _ *string, _ *time.Time) { c.ChainID = 1 }},
		"stale":                {proof.ErrQuorum, func(_ *directProof, c *ChainTrust, _ *string, now *time.Time) { *now = now.Add(c.MaxAge + time.Minute) }},
		"not-cosigned":         {proof.ErrQuorum, func(p *directProof, _ *ChainTrust, _ *string, _ *time.Time) { p.Chain.Cosigners = nil }},
		"no-reducer":           {proof.ErrTrust, func(_ *directProof, c *ChainTrust, _ *string, _ *time.Time) { c.Reducer = nil }},
	} {
		p, err := parseDirectProof(good)
		if err != nil {
			t.Fatal(err)
		}
		trust, key, now := *w.trust, "k1", time.Now()
		verify := func() (*proof.VerifiedHead, error) {
			b, err := encode(p)
			if err != nil {
				t.Fatal(err)
			}
			return trust.VerifyHead(key, b, now)
		}
		if v, err := verify(); err != nil || !v.Latest {
			t.Fatalf("unchanged: got %+v, %v", v, err)
		}
		test.change(p, &trust, &key, &now)
		if v, err := verify(); !errors.Is(err, test.want) || v != nil {
			t.Errorf("%s: got %+v, %v, want %v", name, v, err, test.want)
		}
	}
	if v, err := w.trust.VerifyHead("k1", append(bytes.Clone(good), 0), time.Now()); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("bytes behind: got %+v, %v, want ErrInvalid", v, err)
	}
}
