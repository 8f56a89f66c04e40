package realdid

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

func TestBundleOfAChainRefused(t *testing.T) {
	key := "q" + strings.Repeat("a", 52)
	ops := []wireBundled{{Operation: []byte("operation"), Index: 1, Time: 1}}
	for name, w := range map[string]wireBundle{
		"both-proofs":            {Version: 1, Key: key, Operations: ops, Latest: []byte("x"), Chain: []byte("x")},
		"head-beside-chain":      {Version: 1, Key: key, Operations: ops, Head: []byte("x"), Chain: []byte("x")},
		"no-head-and-no-chain":   {Version: 1, Key: key, Operations: ops},
		"state-without-chain":    {Version: 1, Key: key, State: []byte("x")},
		"chain-over-its-limit":   {Version: 1, Key: key, Operations: ops, Chain: make([]byte, MaxChainProof+1)},
		"state-and-operations":   {Version: 1, Key: key, Operations: ops, State: []byte("x"), Chain: []byte("x")},
		"head-record-left-alone": {Version: 1, Key: key, Head: []byte("x"), Chain: []byte("x")},
	} {
		b, err := encode(&w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseBundle(b); !errors.Is(err, ErrBundle) {
			t.Errorf("%s: got %v, want ErrBundle", name, err)
		}
	}
	good, err := encode(&wireBundle{Version: 1, Key: key, Operations: ops, Chain: make([]byte, MaxChainProof)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseBundle(good); err != nil {
		t.Errorf("a chain's proof at its limit: %v", err)
	}
}

type anything struct{}

func (anything) VerifyHead(string, []byte, time.Time) (*proof.VerifiedHead, error) {
	return &proof.VerifiedHead{Checkpoint: &proof.VerifiedCheckpoint{}}, nil
}

func TestVerifyHeadLimit(t *testing.T) {
	if _, err := verifyHead(anything{}, "k", make([]byte, MaxChainProof), time.Time{}); err != nil {
		t.Errorf("a proof at the limit: %v", err)
	}
	if _, err := verifyHead(anything{}, "k", make([]byte, MaxChainProof+1), time.Time{}); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("a proof over the limit: got %v, want ErrInvalid", err)
	}
}
