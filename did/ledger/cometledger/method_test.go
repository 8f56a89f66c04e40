package cometledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/cometledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// TestMethod: an identity on a chain resolves with the evidence that it is the latest, and a bundle convinces somebody who has no network
// and knows the genesis alone. An older bundle is as of its time; one from before the verifier's policy began is still worth as much.
func TestMethod(t *testing.T) {
	ctx := t.Context()
	home := filepath.Join(t.TempDir(), "validator")
	err := cometledger.InitFiles("people", time.Time{}, []cometledger.Validator{{Home: home, P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	node, err := cometledger.StartNode(ctx, cometledger.NodeConfig{Home: home, Reducer: realdid.Reducer(), EmptyBlocks: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	genesis, err := os.ReadFile(filepath.Join(home, "config", "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := cometledger.GenesisTrust(genesis, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	lg, err := cometledger.Dial(ctx, []string{node.RPC()}, &cometledger.ClientOptions{Trust: trust, Reducer: realdid.Reducer()})
	if err != nil {
		t.Fatal(err)
	}
	method, err := realdid.New(lg, &realdid.Options{Heads: trust})
	if err != nil {
		t.Fatal(err)
	}
	seed := realdid.NewSeed()
	key := func(i uint32) keys.Signer {
		k, err := seed.Control(keys.Ed25519, i)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	created, err := method.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(key(0).Public()), Next: realdid.SHA256.Commit(key(1).Public()),
	}, key(0))
	if err != nil {
		t.Fatal(err)
	}
	r, err := method.Resolve(ctx, created.DID, &did.ResolveOptions{NoCache: true})
	if err != nil {
		t.Fatal(err)
	}
	if e := r.Evidence; !e.Latest || !e.Replayed || e.OperatorTime || len(e.Cosigners) != 1 || e.Cosigners[0].Role != "validator" {
		t.Errorf("resolved with evidence %+v", e)
	}
	first, err := method.Prove(ctx, created.DID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := method.Rotate(ctx, created.DID, &realdid.RotateRequest{
		Reveal: []keys.PublicKey{key(1).Public()}, Next: realdid.SHA256.Commit(key(2).Public()),
	}, key(1)); err != nil {
		t.Fatal(err)
	}
	second, err := method.Prove(ctx, created.DID, nil)
	if err != nil {
		t.Fatal(err)
	}
	lg.Close()
	node.Close()

	verifier, err := realdid.NewVerifier([]realdid.TrustedLedger{{Heads: trust}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var asOf time.Time
	for i, b := range [][]byte{first, second} {
		got, err := verifier.Verify(ctx, created.DID, b, nil)
		if err != nil {
			t.Fatal(err)
		}
		if e := got.Evidence; !e.Latest || !e.Replayed || e.AsOf.Before(asOf) || e.AsOf.After(time.Now()) {
			t.Errorf("bundle %d: evidence %+v", i, e)
		}
		asOf = got.Evidence.AsOf
	}
	other, err := cometledger.GenesisTrust(genesis, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	other.Pins[0].Validators[0] ^= 1
	stranger, err := realdid.NewVerifier([]realdid.TrustedLedger{{Heads: other}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := stranger.Verify(ctx, created.DID, second, nil); err == nil {
		t.Errorf("other validators: %+v", got)
	}
	if _, err := realdid.NewVerifier([]realdid.TrustedLedger{{Heads: &cometledger.LightTrust{}}}, nil); err != nil && !errors.Is(err, proof.ErrTrust) {
		t.Errorf("an empty policy: %v", err)
	}
}
