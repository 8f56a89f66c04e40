package evmledger

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

func generate(tb testing.TB) *keys.PrivateKey {
	tb.Helper()
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// TestMethod runs the method did:realdid on both kinds of ledgers: an answer is Latest, and so is a bundle to whoever is
// offline and has the policy alone.
func TestMethod(t *testing.T) {
	red := realdid.Reducer()
	for name, open := range map[string]func(n testNode) (ledger.Ledger, *ChainTrust){
		"direct": func(n testNode) (ledger.Ledger, *ChainTrust) {
			w := newDirectWorld(t, n, red)
			w.intrude(t, "garbage", "garbage")
			return w.proven, w.trust
		},
		"anchored": func(n testNode) (ledger.Ledger, *ChainTrust) {
			w := newAnchoredWorld(t, n, 2, red)
			return w.proven, w.trust
		},
	} {
		node, _ := simulatedNode(t)
		lg, trust := open(node)
		memory := realdid.NewMemory()
		m, err := realdid.New(lg, &realdid.Options{Heads: trust, Memory: memory})
		if err != nil {
			t.Fatal(err)
		}
		v, err := realdid.NewVerifier([]realdid.TrustedLedger{{Network: realdid.Network{}, Heads: trust}}, &realdid.VerifierOptions{Memory: memory, Lag: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		control, next, login := generate(t), generate(t), generate(t)
		me, err := m.Create(t.Context(), &realdid.CreateRequest{
			Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
			Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{
				{Fragment: "phone-1", Key: login.Public(), Purposes: did.Authentication},
			}},
		}, control)
		if err != nil {
			t.Fatalf("%s: Create: %v", name, err)
		}
		for _, without := range []bool{false, true} {
			b, err := m.Bundle(t.Context(), me.DID, &realdid.BundleOptions{WithoutOperations: without})
			if err != nil {
				t.Fatalf("%s: Bundle: %v", name, err)
			}
			got, err := v.Verify(t.Context(), me.DID, b.Bytes(), nil)
			if err != nil || !got.Evidence.Latest || got.Evidence.Replayed == without || got.Document.ID != me.DID {
				t.Errorf("%s: Verify: got %+v, %v", name, got, err)
			}
		}
		r, err := m.Resolve(t.Context(), me.DID, &did.ResolveOptions{NoCache: true})
		if err != nil || !r.Evidence.Latest || !r.Evidence.Replayed || r.Evidence.OperatorTime {
			t.Errorf("%s: Resolve: got %+v, %v", name, r, err)
		}
	}
}
