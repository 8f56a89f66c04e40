package evmledger

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger/internal/gethtest"
	"github.com/realdid/realdid/did/ledger/proof"
)

// failing is an observer that does not sign.
type failing struct{}

func (failing) Name() string { return "failing.example" }

func (failing) CosignHeader(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("asleep")
}

func TestObserver(t *testing.T) {
	s := gethtest.NewSimulated(t, 0)
	for range 5 {
		s.Commit()
	}
	n := testNode{s.RPC, Confirmations(2), time.Millisecond}
	c := n.chain(t)
	signer := newNoteSigner(t, "observer.example", proof.CosignatureEd25519)
	o := NewObserver(c, signer, nil)
	header := func(number uint64) []byte {
		t.Helper()
		b, err := c.Block(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := c.rawHeader(t.Context(), b.Hash)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	raw := header(3)
	h, err := ParseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := o.CosignHeader(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	trust := HeaderTrust{Observers: []proof.VerifierKey{signer.Verifier()}, Quorum: 1}
	if _, who, err := trust.verify(gethtest.ChainID, h, lines, time.Now().Add(time.Minute)); err != nil || len(who) != 1 {
		t.Errorf("got %v, %v", who, err)
	}
	if _, err := o.CosignHeader(t.Context(), header(4)); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("a block that is not final: got %v, want ErrUnavailable", err)
	}
	forged := bytes.Clone(raw)
	forged[len(forged)-1] ^= 1
	for name, b := range map[string][]byte{"a header of no block": forged, "no header": raw[1:]} {
		if _, err := o.CosignHeader(t.Context(), b); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	all := []HeaderCosigner{failing{}, o, failing{}}
	if got, err := cosign(t.Context(), all, 1, raw); err != nil || len(got) == 0 {
		t.Errorf("one of three: got %q, %v", got, err)
	}
	if got, err := cosign(t.Context(), all, 2, raw); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("a quorum of two: got %q, %v, want ErrUnavailable", got, err)
	}
}

// TestObserverQuorum: the time of a proof is what a quorum says, not the newest of all.
func TestObserverQuorum(t *testing.T) {
	h, err := ParseHeader(mustRLP(testHeader()))
	if err != nil {
		t.Fatal(err)
	}
	var trust HeaderTrust
	var lines []byte
	for i, name := range []string{"a", "b", "c"} {
		s := newNoteSigner(t, name, proof.CosignatureEd25519)
		trust.Observers = append(trust.Observers, s.Verifier())
		sig, err := s.Cosign(HeaderText(1, h), headerTime.Add(-time.Duration(i)*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		lines = sig.Append(lines)
	}
	for quorum, want := range map[int]time.Duration{1: 0, 2: -time.Hour, 3: -2 * time.Hour} {
		trust.Quorum = quorum
		at, who, err := trust.verify(1, h, lines, headerTime)
		if err != nil || !at.Equal(headerTime.Add(want)) || len(who) != 3 {
			t.Errorf("quorum of %d: got %v, %v, %v", quorum, at, who, err)
		}
	}
	if _, _, err := trust.verify(1, h, lines, headerTime.Add(-time.Minute)); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("from the future: got %v, want ErrInvalid", err)
	}
	sig, err := newNoteSigner(t, "a", proof.CosignatureEd25519).Cosign(HeaderText(1, h), headerTime.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	trust.Quorum = 1
	if _, _, err := trust.verify(1, h, sig.Append(nil), headerTime); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("cosigned in the future: got %v, want ErrInvalid", err)
	}
	trust.Pinned = []common.Hash{h.Hash}
	if _, _, err := trust.verify(1, h, nil, headerTime.Add(-time.Minute)); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("pinned, and from the future: got %v, want ErrInvalid", err)
	}
	if at, _, err := trust.verify(1, h, nil, headerTime); err != nil || !at.Equal(headerTime) {
		t.Errorf("pinned: got %v, %v", at, err)
	}
}
