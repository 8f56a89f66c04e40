package cometledger

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/cometbft/cometbft/types"

	"github.com/realdid/realdid/did/ledger/proof"
)

func read(tb testing.TB, file string) []byte {
	tb.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestLightProofForm: what has no place in a proof is refused before any signature is looked at.
func TestLightProofForm(t *testing.T) {
	w := newWorld(t, testChainID)
	four := members("four", 10, 10, 10, 10)
	good := evidence(t, w.latest(t, "alice"), recipe{height: 8, members: four}.block(t), recipe{height: 9, members: four, appHash: w.digest}.block(t))
	p, err := parseLightProof(good)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.encode(); err != nil || !bytes.Equal(again, good) {
		t.Fatalf("not the same after parsing and writing: %v", err)
	}
	for name, change := range map[string]func(w *wireLightProof){
		"version":              func(w *wireLightProof) { w.Version++ },
		"no blocks":            func(w *wireLightProof) { w.Blocks = nil },
		"too many blocks":      func(w *wireLightProof) { w.Blocks = make([]wireBlock, maxProofBlocks+1) },
		"no latest":            func(w *wireLightProof) { w.Latest = nil },
		"the same block twice": func(w *wireLightProof) { w.Blocks[1] = w.Blocks[0] },
		"descending": func(w *wireLightProof) {
			w.Blocks[0].Header, w.Blocks[1].Header = w.Blocks[1].Header, w.Blocks[0].Header
		},
		"validators repeated":      func(w *wireLightProof) { w.Blocks[1].Validators = w.Blocks[0].Validators },
		"no validators":            func(w *wireLightProof) { w.Blocks[0].Validators = nil },
		"empty validators":         func(w *wireLightProof) { w.Blocks[1].Validators = []wireValidator{} },
		"validator twice":          func(w *wireLightProof) { w.Blocks[0].Validators[1] = w.Blocks[0].Validators[0] },
		"validator of no power":    func(w *wireLightProof) { w.Blocks[0].Validators[0].Power = 0 },
		"validator of much power":  func(w *wireLightProof) { w.Blocks[0].Validators[0].Power = 1 << 63 },
		"validators of much power": func(w *wireLightProof) { w.Blocks[0].Validators[0].Power = uint64(types.MaxTotalVotingPower) },
		"short key":                func(w *wireLightProof) { w.Blocks[0].Validators[0].Key = make([]byte, 31) },
		"a vote too few":           func(w *wireLightProof) { w.Blocks[0].Votes = w.Blocks[0].Votes[1:] },
		"a vote too many":          func(w *wireLightProof) { w.Blocks[0].Votes = append(w.Blocks[0].Votes, nil) },
		"short signature":          func(w *wireLightProof) { w.Blocks[0].Votes[0].Signature = make([]byte, 63) },
		"late vote":                func(w *wireLightProof) { w.Blocks[0].Votes[0].Seconds = proof.MaxTime + 1 },
		"nanoseconds":              func(w *wireLightProof) { w.Blocks[0].Votes[0].Nanos = 1e9 },
		"round":                    func(w *wireLightProof) { w.Blocks[0].Round = 1 << 31 },
		"parts":                    func(w *wireLightProof) { w.Blocks[0].Parts = 1 << 32 },
		"hash of the parts":        func(w *wireLightProof) { w.Blocks[0].PartsHash = nil },
		"no header":                func(w *wireLightProof) { w.Blocks[0].Header = nil },
		"field in the header": func(w *wireLightProof) {
			w.Blocks[0].Header = append(bytes.Clone(w.Blocks[0].Header), 0xf8, 0x01, 0x01)
		},
	} {
		var x wireLightProof
		if err := codec().dec.Unmarshal(good, &x); err != nil {
			t.Fatal(err)
		}
		change(&x)
		b, err := codec().enc.Marshal(&x)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseLightProof(b); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var many wireLightProof
	if err := codec().dec.Unmarshal(good, &many); err != nil {
		t.Fatal(err)
	}
	many.Blocks = nil
	for h := range int64(maxProofBlocks + 1) {
		b, err := encodeBlock(recipe{height: h + 1, members: four[:1]}.block(t))
		if err != nil {
			t.Fatal(err)
		}
		if h > 0 {
			b.Validators = nil
		}
		many.Blocks = append(many.Blocks, b)
	}
	if _, err := parseLightProof(mustEncode(&many)); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("%d blocks: %v", len(many.Blocks), err)
	}
	many.Blocks = many.Blocks[1:]
	many.Blocks[0].Validators = []wireValidator{{Key: four[0].key.PubKey().Bytes(), Power: 10}}
	if _, err := parseLightProof(mustEncode(&many)); err != nil {
		t.Errorf("%d blocks: %v", len(many.Blocks), err)
	}
	if _, err := (&lightProof{latest: p.latest}).encode(); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("proof without blocks encoded: %v", err)
	}
}

// FuzzLightProof: no bytes make the parser or the verifier panic, and what parses is written as it was read. The verifier is given a
// policy that trusts whatever the proof begins with.
func FuzzLightProof(f *testing.F) {
	w := newWorld(f, testChainID)
	four := members("four", 10, 10, 10, 10)
	f.Add(evidence(f, w.latest(f, "alice"), recipe{height: 9, members: four, appHash: w.digest}.block(f)))
	f.Add(evidence(f, w.latest(f, "bob"), recipe{height: 8, members: four, next: four[:1]}.block(f), recipe{height: 9, members: four[:1], appHash: w.digest}.block(f)))
	f.Add([]byte{0x83, 1, 0x40, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parseLightProof(b)
		if err != nil {
			if !errors.Is(err, proof.ErrInvalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if again, err := p.encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("written differently: %v", err)
		}
		first := p.blocks[0]
		trust := &LightTrust{ChainID: first.ChainID, TrustingPeriod: 1 << 62, Pins: []Pin{pinOf(first)}}
		now := p.blocks[len(p.blocks)-1].Time
		_, _ = trust.VerifyHead("alice", b, now)
		_, _ = trust.Renew(b, now)
	})
}
