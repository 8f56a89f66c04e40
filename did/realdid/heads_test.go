package realdid_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// chain is a ledger whose proofs nobody signed: its block commits to the checkpoint.
type chain struct {
	*provingLedger
}

var _ ledger.Prover = chain{}

func (c chain) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	b, err := c.provingLedger.Prove(ctx, key, entries)
	if err != nil {
		return nil, err
	}
	l, err := proof.ParseLatest(b)
	if err != nil {
		return nil, err
	}
	n, err := proof.ParseNote(l.Checkpoint)
	if err != nil {
		return nil, err
	}
	l.Checkpoint = n.Text
	return l.Bytes()
}

// lightClient trusts the chain's last block.
type lightClient struct {
	*chain
	err    error                     // in place of an answer
	change func(*proof.VerifiedHead) // of the answer
}

func (c *lightClient) VerifyHead(key string, b []byte, now time.Time) (*proof.VerifiedHead, error) {
	if c.err != nil {
		return nil, c.err
	}
	l, err := proof.ParseLatest(b)
	if err != nil {
		return nil, err
	}
	n, err := proof.ParseNote(c.note)
	if err != nil {
		return nil, err
	}
	cp, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	vh, err := l.VerifyDigest(cp.Digest(), key, now, time.Minute)
	if err != nil {
		return nil, err
	}
	vh.Latest, vh.Absent = vh.Head != nil, vh.Head == nil
	vh.Validators = []proof.Validator{{Name: "validator-1", Time: vh.AsOf}}
	if c.change != nil {
		c.change(vh)
	}
	return vh, nil
}

type chainWorld struct {
	*proving
	light *lightClient
}

func newChainWorld(t *testing.T) *chainWorld {
	t.Helper()
	w := newProvingWorld(t)
	c := &chain{w.lg}
	light := &lightClient{chain: c}
	w.m = must(realdid.New(c, &realdid.Options{Clock: w.lg.clock, Heads: light}))(t)
	w.v = must(realdid.NewVerifier([]realdid.TrustedLedger{{Heads: light}}, &realdid.VerifierOptions{Clock: w.lg.clock}))(t)
	return &chainWorld{w, light}
}

func TestHeads(t *testing.T) {
	w := newChainWorld(t)
	id := fixedLife(t, w.world)
	r := must(w.m.Resolve(t.Context(), id, &did.ResolveOptions{NoCache: true}))(t)
	if e := r.Evidence; !e.Latest || !e.Replayed || !e.Included || e.OperatorTime || len(e.Cosigners) != 1 || e.Cosigners[0].Role != "validator" || e.Cosigners[0].Name != "validator-1" {
		t.Errorf("resolved: got evidence %+v", e)
	}
	for _, without := range []bool{false, true} {
		b := must(w.m.Bundle(t.Context(), id, &realdid.BundleOptions{WithoutOperations: without}))(t)
		got := must(w.v.Verify(t.Context(), id, b.Bytes(), nil))(t)
		if e := got.Evidence; !e.Latest || e.Replayed == without || len(e.Cosigners) != 1 {
			t.Errorf("without operations %v: got evidence %+v", without, e)
		}
		if b.Origin() != "" {
			t.Errorf("a chain's proof is not read here: origin %q", b.Origin())
		}
		_, err := b.JSON()
		ok(t, "JSON", err)
		other := must(realdid.NewVerifier([]realdid.TrustedLedger{{Trust: w.lg.trust}}, &realdid.VerifierOptions{Clock: w.lg.clock}))(t)
		_, err = other.Verify(t.Context(), id, b.Bytes(), nil)
		wantCode(t, "a chain's proof under a Trust", err, did.InvalidDIDDocument)
	}
	_, long := unregistered(t)
	b := must(w.m.Prove(t.Context(), long, nil))(t)
	if got := must(w.v.Verify(t.Context(), long, b, nil))(t); !got.Evidence.Absent {
		t.Errorf("absent: got evidence %+v", got.Evidence)
	}
	short := must(realdid.ParseIdentifier(long))(t).Short()
	_, err := w.v.Verify(t.Context(), short, b, nil)
	wantCode(t, "an absent short form", err, did.NotFound)
	several := must(realdid.NewVerifier([]realdid.TrustedLedger{{Heads: w.light}, {Network: realdid.Network{Home: "second"}, Heads: w.light}}, nil))(t)
	_, err = several.Verify(t.Context(), short, b, nil)
	wantCode(t, "absent from one chain of two", err, did.InternalError)
}

// A bundle that a cosigned log proved is no proof of a chain.
func TestHeadsOtherKind(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	b := w.bundle(id, false)
	v := must(realdid.NewVerifier([]realdid.TrustedLedger{{Heads: &lightClient{chain: &chain{w.lg}}}}, &realdid.VerifierOptions{Clock: w.lg.clock}))(t)
	_, err := v.Verify(t.Context(), id, b, nil)
	wantCode(t, "a cosigned proof for a chain", err, did.InvalidDIDDocument)
}

// What could not be checked is not what is false, and neither is an answer.
func TestHeadsErrors(t *testing.T) {
	w := newChainWorld(t)
	id := fixedLife(t, w.world)
	b := must(w.m.Prove(t.Context(), id, nil))(t)
	newest := &did.ResolveOptions{NoCache: true}
	unreachable := errors.New("trusted header expired")
	for _, c := range []struct {
		name   string
		err    error
		change func(*proof.VerifiedHead)
		code   did.ErrorCode
		is     error
	}{
		{"invalid", proof.ErrInvalid, nil, did.InvalidDIDDocument, realdid.ErrContradiction},
		{"policy", proof.ErrTrust, nil, did.InternalError, proof.ErrTrust},
		{"could not check", unreachable, nil, did.InternalError, unreachable},
		{"another head", nil, func(v *proof.VerifiedHead) { v.Head = []byte("other") }, did.InvalidDIDDocument, realdid.ErrContradiction},
		{"no head", nil, func(v *proof.VerifiedHead) { v.Head, v.Latest, v.Absent = nil, false, true }, did.InvalidDIDDocument, realdid.ErrContradiction},
		{"latest without a head", nil, func(v *proof.VerifiedHead) { v.Head = nil }, did.InternalError, nil},
		{"absent with a head", nil, func(v *proof.VerifiedHead) { v.Absent = true }, did.InternalError, nil},
		{"no checkpoint", nil, func(v *proof.VerifiedHead) { v.Checkpoint = nil }, did.InternalError, nil},
	} {
		w.light.err, w.light.change = c.err, c.change
		_, err := w.v.Verify(t.Context(), id, b, nil)
		wantCode(t, c.name+": bundle", err, c.code)
		_, err = w.m.Resolve(t.Context(), id, newest)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || c.is == nil && errors.Is(err, realdid.ErrContradiction) {
			t.Errorf("%s: resolved: got %v, want %v", c.name, err, c.is)
		}
		if _, err = w.m.Bundle(t.Context(), id, nil); err == nil {
			t.Errorf("%s: a bundle was made", c.name)
		}
	}
	w.light.err, w.light.change = proof.ErrQuorum, nil
	r := must(w.m.Resolve(t.Context(), id, newest))(t)
	if r.Evidence.Latest || !r.Evidence.OperatorTime {
		t.Errorf("too few validators: got evidence %+v", r.Evidence)
	}
}

func TestHeadsPolicy(t *testing.T) {
	w := newChainWorld(t)
	if _, err := realdid.New(w.lg, &realdid.Options{Trust: w.lg.trust, Heads: w.light}); !errors.Is(err, proof.ErrTrust) {
		t.Errorf("New with two policies: got %v", err)
	}
	for _, l := range [][]realdid.TrustedLedger{{{Trust: w.lg.trust, Heads: w.light}}, {{Heads: w.light}, {Heads: w.light}}, {{}}} {
		if _, err := realdid.NewVerifier(l, nil); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("NewVerifier of %+v: got %v", l, err)
		}
	}
}
