package realdid_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// TestProveTooLong: a history over MaxBundle is proven by its state.
func TestProveTooLong(t *testing.T) {
	w := newProvingWorld(t)
	r, err := w.m.Create(t.Context(), &realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))}, ed(0))
	ok(t, "create", err)
	s := r.State
	doc := realdid.Content{AlsoKnownAs: []string{"https://" + strings.Repeat("a", 480) + ".example/", "https://" + strings.Repeat("b", 480), "urn:" + strings.Repeat("c", 500)}}
	for range realdid.MaxBundle/1600 + 2 {
		d, err := s.DraftUpdate(doc)
		op := draftOf(t, d, err, ed(0))
		e, err := w.lg.Append(t.Context(), r.DID.ID(), s.Seq()+1, op.Bytes())
		ok(t, "append", err)
		if s, err = realdid.Apply(s, op, e.Anchor); err != nil {
			t.Fatal(err)
		}
	}
	b := must(w.m.Prove(t.Context(), r.DID, nil))(t)
	if got := w.verify(r.DID, b, nil).Evidence; got.Replayed || !got.Latest || len(b) > 8<<10 {
		t.Errorf("%d bytes, %+v", len(b), got)
	}
	_, err = w.m.Prove(t.Context(), r.DID, &did.ResolveOptions{VersionTime: start})
	wantCode(t, "a past version of a history that is too long", err, did.FeatureNotSupported)
}

func TestVerifierNeedsItsTrust(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	b := w.bundle(id, false)
	none := must(realdid.NewVerifier(nil, nil))(t)
	_, err := none.Verify(t.Context(), id, b, nil)
	wantCode(t, "no trust", err, did.InternalError)
	for name, ledgers := range map[string][]realdid.TrustedLedger{
		"no trust":    {{}},
		"empty trust": {{Trust: &proof.Trust{}}},
		"twice":       {{Trust: w.lg.trust}, {Network: realdid.Network{Domain: "main"}, Trust: w.lg.trust}},
	} {
		if _, err := realdid.NewVerifier(ledgers, nil); !errors.Is(err, proof.ErrTrust) {
			t.Errorf("%s: got %v, want ErrTrust", name, err)
		}
	}
	if _, err := realdid.NewVerifier([]realdid.TrustedLedger{{Network: realdid.Network{Home: "A"}, Trust: w.lg.trust}}, nil); !errors.Is(err, realdid.ErrIdentifier) {
		t.Errorf("no name: got %v", err)
	}
	for name, ask := range map[string]did.DID{
		"another identifier": must(realdid.ParseIdentifier(func() did.DID { _, long := unregistered(t); return long }()))(t).Short(),
		"another domain":     did.MustParse("did:realdid:other:" + id.ID()),
	} {
		if _, err := w.v.Verify(t.Context(), ask, b, nil); !errors.Is(err, realdid.ErrBundle) {
			t.Errorf("%s: got %v, want ErrBundle", name, err)
		}
	}
	_, err = w.v.Verify(t.Context(), did.MustParse("did:example:1"), b, nil)
	wantCode(t, "another method", err, did.InvalidDID)
}

func TestProveErrors(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	_, err := w.m.Prove(t.Context(), did.MustParse("did:example:1"), nil)
	wantCode(t, "another method", err, did.InvalidDID)
	w.lg.err = os.ErrDeadlineExceeded
	_, err = w.m.Prove(t.Context(), id, nil)
	if wantCode(t, "a ledger that cannot prove now", err, did.InternalError); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the cause is lost: %v", err)
	}
	w.lg.err = nil
	w.lg.forge = func(heads map[string][]byte) { delete(heads, id.ID()) }
	w.lg.seal()
	_, err = w.m.Prove(t.Context(), id, nil)
	if wantCode(t, "a proof of something else", err, did.InternalError); !errors.Is(err, realdid.ErrContradiction) {
		t.Errorf("got %v, want ErrContradiction", err)
	}
	w.lg.forge, w.lg.note, w.lg.cosigners = nil, nil, w.lg.cosigners[1:]
	_, err = w.m.Prove(t.Context(), id, nil)
	if wantCode(t, "too few cosigners", err, did.InternalError); !errors.Is(err, proof.ErrQuorum) {
		t.Errorf("got %v, want ErrQuorum", err)
	}
}

// TestProveSelectsSignatures: a bundle holds what the quorum needs and no more.
func TestProveSelectsSignatures(t *testing.T) {
	w := newProvingWorld(t)
	extra := noteSigner(t, "cosigner-9.example", proof.CosignatureEd25519)
	w.lg.cosigners = append(w.lg.cosigners, extra, noteSigner(t, "stranger.example", proof.CosignatureEd25519))
	w.lg.trust.Cosigners = append(w.lg.trust.Cosigners, proof.Cosigner{Key: extra.Verifier(), Role: proof.Witness})
	id := fixedLife(t, w.world)
	if got := len(w.verify(id, w.bundle(id, false), nil).Evidence.Cosigners); got != 3 {
		t.Errorf("got %d cosigners, want 3", got)
	}
	m := must(realdid.New(w.lg, &realdid.Options{Clock: w.lg.clock}))(t)
	all := must(m.Prove(t.Context(), id, nil))(t)
	if _, err := w.v.Verify(t.Context(), id, all, nil); !errors.Is(err, proof.ErrUnknownSignature) {
		t.Errorf("with a stranger's signature: got %v, want ErrUnknownSignature", err)
	}
}

func TestBundleJSON(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	_, long := unregistered(t)
	plain := must(realdid.New(w.lg.Ledger, &realdid.Options{Clock: w.lg.clock}))(t)
	for name, raw := range map[string][]byte{
		"operations": w.bundle(id, false), "state": w.bundle(id, true), "absent": w.bundle(long, false), "noProof": must(plain.Prove(t.Context(), id, nil))(t),
	} {
		b := must(realdid.ParseBundle(raw))(t)
		var v struct {
			DID, Home  string
			Size       int
			Operations []struct{ Type, VersionID string }
			State      []byte
			Head       *struct {
				Place     int
				Status    string
				VersionID string
			}
			Proof *struct {
				Origin  string
				Signers []string
			}
		}
		ok(t, name, json.Unmarshal(must(b.JSON())(t), &v))
		if v.DID != b.DID().String() || v.Home != "main" || v.Size != len(raw) || (v.Proof == nil) != (name == "noProof") || (v.Head == nil) != (name == "absent") {
			t.Errorf("%s: got %+v", name, v)
		}
		if ops := name == "operations" || name == "noProof"; ops != (len(v.Operations) == 4) || ops && (v.Operations[2].Type != "rotate" || v.Head.Place != 3 || v.Head.VersionID != v.Operations[3].VersionID) {
			t.Errorf("%s: got %+v", name, v)
		}
		if (name == "state") != (v.State != nil) || v.Proof != nil && (v.Proof.Origin != testOrigin || len(v.Proof.Signers) != 4) {
			t.Errorf("%s: got %+v", name, v)
		}
	}
}

// TestBundleOfAnotherNetwork: a domain and a home other than main.
func TestBundleOfAnotherNetwork(t *testing.T) {
	net := realdid.Network{Domain: "example", Home: "second"}
	clock := func() time.Time { return start }
	lg := newProving(t, net, clock)
	m := must(realdid.New(lg, &realdid.Options{Network: net, Clock: clock, Trust: lg.trust}))(t)
	r, err := m.Create(t.Context(), &realdid.CreateRequest{Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1))}, ed(0))
	ok(t, "create", err)
	b := must(m.Prove(t.Context(), r.DID, nil))(t)
	v := must(realdid.NewVerifier([]realdid.TrustedLedger{{Network: net, Trust: lg.trust}}, &realdid.VerifierOptions{Clock: clock}))(t)
	if got := must(v.Verify(t.Context(), r.DID, b, nil))(t); !got.Evidence.Latest || must(realdid.ParseBundle(b))(t).Network() != net {
		t.Errorf("got %+v", got.Evidence)
	}
	other := must(realdid.NewVerifier([]realdid.TrustedLedger{{Network: realdid.Network{Domain: "example"}, Trust: lg.trust}}, nil))(t)
	_, err = other.Verify(t.Context(), r.DID, b, nil)
	wantCode(t, "the trust of another home ledger", err, did.InternalError)
}

func TestBundleLimits(t *testing.T) {
	w := newProvingWorld(t)
	id := fixedLife(t, w.world)
	state := w.bundle(id, true)
	for name, b := range map[string][]byte{
		"bundle": make([]byte, realdid.MaxBundle+1),
		"state":  changeBundle(t, state, func(o object) { o[4] = make([]byte, ledger.MaxStateSize+1) }),
	} {
		if _, err := realdid.ParseBundle(b); !errors.Is(err, realdid.ErrBundle) || !strings.Contains(err.Error(), "limit") {
			t.Errorf("%s: got %v, want a limit", name, err)
		}
	}
}
